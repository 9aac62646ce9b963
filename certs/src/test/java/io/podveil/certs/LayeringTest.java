package io.podveil.certs;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "io.podveil",
    importOptions = {ImportOption.DoNotIncludeTests.class, ImportOption.DoNotIncludeJars.class})
final class LayeringTest {
  private static final String ROOT = "io.podveil.certs.";

  @ArchTest
  static final ArchRule EVERYONE_KNOWS_ONLY_WHAT_IT_STANDS_ON =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("root")
          .definedBy("io.podveil.certs")
          .layer("api")
          .definedBy(ROOT + "api")
          .layer("admin")
          .definedBy(ROOT + "admin")
          .layer("issue")
          .definedBy(ROOT + "issue")
          .layer("peers")
          .definedBy(ROOT + "peers")
          .layer("authority")
          .definedBy(ROOT + "authority")
          .layer("kube")
          .definedBy(ROOT + "kube")
          .layer("files")
          .definedBy(ROOT + "files")
          .layer("signer")
          .definedBy(ROOT + "signer")
          .whereLayer("root")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("api")
          .mayOnlyBeAccessedByLayers("root")
          .whereLayer("admin")
          .mayOnlyBeAccessedByLayers("root")
          .whereLayer("issue")
          .mayOnlyBeAccessedByLayers("root", "api")
          .whereLayer("peers")
          .mayOnlyBeAccessedByLayers("root", "api")
          .whereLayer("authority")
          .mayOnlyBeAccessedByLayers("root")
          .whereLayer("kube")
          .mayOnlyBeAccessedByLayers("root", "api", "issue", "peers")
          .whereLayer("files")
          .mayOnlyBeAccessedByLayers("root")
          .whereLayer("signer")
          .mayOnlyBeAccessedByLayers("root", "api", "issue", "peers", "authority", "files")
          .because("each room can be read, tested and replaced with only what is below it in mind");

  @ArchTest
  static final ArchRule BOUNCY_CASTLE_STAYS_IN_THE_SIGNER =
      noClasses()
          .that()
          .resideOutsideOfPackage(ROOT + "signer")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.bouncycastle..")
          .because("what a certificate looks like is decided in one place");

  @ArchTest
  static final ArchRule THE_SIGNER_KNOWS_NEITHER_FILES_NOR_KUBERNETES =
      noClasses()
          .that()
          .resideInAPackage(ROOT + "signer")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("java.nio.file..", "picocli..", "io.fabric8..", "io.vertx..")
          .because("the command line and the HTTP API stand on the same signer");

  @ArchTest
  static final ArchRule ONLY_WHAT_LISTENS_KNOWS_VERTX =
      noClasses()
          .that()
          .resideOutsideOfPackages(ROOT + "api", ROOT + "admin", "io.podveil.certs")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.vertx..")
          .because("everything else may block, and runs on virtual threads");
}
