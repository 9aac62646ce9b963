package io.podveil.sidecar;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which package may see which; ARCHITECTURE.md tells the same as a picture. */
final class LayeringTest {
  private static final String ROOT = "io.podveil.sidecar";
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages(ROOT);

  /** Every package below the root, and what of the others it may import. */
  enum Room {
    NET("sockets and addresses know nothing of what travels through them"),
    CAPTURE("rules and routes are set once, by a process that may do nothing else", NET),
    WIRE("frames are bytes in and values out, whoever sends them"),
    RELAY("two channels are joined in the same way whatever led to them", NET, WIRE),
    IDENTITY("who we are does not depend on whom we talk to"),
    AUTHORITY("the authority is asked for an identity before anything else can be", NET, IDENTITY),
    TLS("a handshake needs identities and nothing of what is carried afterwards", IDENTITY),
    PEERS("what lives at an address is an identity, not a connection", IDENTITY),
    POLICY("a policy is a value that names identities; others carry it out", IDENTITY),
    EGRESS(
        "a direction decides and acts by what is below it, and never by the other direction",
        NET,
        WIRE,
        RELAY,
        IDENTITY,
        TLS,
        PEERS,
        POLICY),
    INGRESS(
        "a direction decides and acts by what is below it, and never by the other direction",
        NET,
        WIRE,
        RELAY,
        IDENTITY,
        TLS,
        PEERS,
        POLICY),
    PROBE("a check is carried out as the kubelet would, who knows nothing of a mesh", NET),
    ADMIN("whoever reports on connections must not be able to touch them", RELAY, IDENTITY);

    private final String because;

    @SuppressWarnings("ImmutableEnumChecker") // List.of makes it so.
    private final List<Room> mayImport;

    Room(String because, Room... mayImport) {
      this.because = because;
      this.mayImport = List.of(mayImport);
    }

    private String packages() {
      return ROOT + "." + name().toLowerCase(Locale.ROOT) + "..";
    }
  }

  @ParameterizedTest
  @EnumSource
  void aRoomSeesOnlyTheRoomsBelowIt(Room room) {
    String[] allowed =
        Stream.concat(Stream.of(room), room.mayImport.stream())
            .map(Room::packages)
            .toArray(String[]::new);
    noClasses()
        .that(resideInAPackage(room.packages()))
        .should()
        .dependOnClassesThat(resideInAPackage(ROOT + "..").and(not(resideInAnyPackage(allowed))))
        .allowEmptyShould(true)
        .because(room.because)
        .check(CLASSES);
  }

  @Test
  void everyRoomIsInTheTable() {
    String[] rooms = Arrays.stream(Room.values()).map(Room::packages).toArray(String[]::new);
    classes()
        .that(resideInAPackage(ROOT + "..").and(not(resideInAPackage(ROOT))))
        .should()
        .resideInAnyPackage(rooms)
        .because("a package that is in nobody's table is held by nobody's rule")
        .check(CLASSES);
  }

  @Test
  void nativeCodeIsCalledByCaptureAlone() {
    noClasses()
        .that(not(resideInAPackage(Room.CAPTURE.packages())))
        .should()
        .dependOnClassesThat(resideInAPackage("com.sun.jna.."))
        .because("a sidecar that only serves never loads JNA: it costs memory and start-up time")
        .check(CLASSES);
  }

  @Test
  void noOtherModuleIsImported() {
    noClasses()
        .should()
        .dependOnClassesThat(resideInAnyPackage("io.podveil.certs..", "io.podveil.injector.."))
        .because("programs share the wire, not classes; only tests use the authority of certs")
        .check(CLASSES);
  }
}
