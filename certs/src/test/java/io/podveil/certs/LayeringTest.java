package io.podveil.certs;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "io.podveil",
    importOptions = {ImportOption.DoNotIncludeTests.class, ImportOption.DoNotIncludeJars.class})
final class LayeringTest {
  @ArchTest
  static final ArchRule THE_SIGNER_KNOWS_NOTHING_ELSE =
      noClasses()
          .that()
          .resideInAPackage("io.podveil.certs.signer..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.podveil.certs", "io.podveil.certs.files..", "java.nio.file..", "picocli..")
          .because("the command line and the HTTP API stand on the same signer");

  @ArchTest
  static final ArchRule FILES_KNOW_THE_SIGNER_ALONE =
      noClasses()
          .that()
          .resideInAPackage("io.podveil.certs.files..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.podveil.certs", "picocli..")
          .because("where a certificate is kept does not depend on how it was asked for");

  @ArchTest
  static final ArchRule BOUNCY_CASTLE_STAYS_IN_THE_SIGNER =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.podveil.certs.signer..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.bouncycastle..")
          .because("what a certificate looks like is decided in one place");
}
