package io.podveil.injector;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "io.podveil.injector", importOptions = DoNotIncludeTests.class)
class LayersTest {
  @ArchTest
  static final ArchRule ROOMS =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("root")
          .definedBy("io.podveil.injector")
          .layer("webhook")
          .definedBy("..webhook..")
          .layer("injection")
          .definedBy("..injection..")
          .layer("patch")
          .definedBy("..patch..")
          .layer("trust")
          .definedBy("..trust..")
          .layer("serving")
          .definedBy("..serving..")
          .whereLayer("root")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("webhook")
          .mayOnlyBeAccessedByLayers("root")
          .whereLayer("injection")
          .mayOnlyBeAccessedByLayers("root", "webhook")
          .whereLayer("patch")
          .mayOnlyBeAccessedByLayers("injection")
          .whereLayer("trust")
          .mayOnlyBeAccessedByLayers("root")
          .whereLayer("serving")
          .mayOnlyBeAccessedByLayers("root", "trust")
          .because(
              "a pod is decided on without sockets, and a certificate kept without knowing of pods");

  @ArchTest
  static final ArchRule DECIDING_IS_PURE =
      noClasses()
          .that()
          .resideInAnyPackage("..injection..", "..patch..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.vertx..", "io.netty..", "java.net.http..")
          .because("the same pod gets the same decision, whatever the network does");

  @ArchTest
  static final ArchRule ONE_WAY_TO_THE_API_SERVER =
      noClasses()
          .that()
          .resideOutsideOfPackage("..trust..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("java.net.http..")
          .because(
              "a review makes no call to the API server: it would wait for whoever waits for it");
}
