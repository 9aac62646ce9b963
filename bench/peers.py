"""Who is compared: how each is set up in its two pods, started, and known to be ready.

All encrypt with TLS 1.3, P-256 certificates on both sides and AES-128-GCM, and run one thread, as a
sidecar has a share of a core (stunnel has a thread for each connection, by design). Podveil captures
with its own rules. The others are given the same traffic by nftables: HAProxy and stunnel ask conntrack
for the original destination, nginx can't and has it written into its configuration.
"""

from testbed import HERE, Trouble, command

DIST = HERE.parent / "dist"
BULK, WEB, KNOWN = 5201, 8080, 8081
OUTSIDE = "198.51.100.2"

class Peer:
    """No proxy at all, and what the others have in common: two pods, perhaps with a sidecar in each."""

    label = "no proxy"
    listens, health = [], "-"
    meshed, passes = False, True
    warm_up = 0  # times a measurement's length, before the first that counts
    settles = 1  # seconds until nothing more happens by itself

    def __init__(self, bed, name, number):
        self.bed, self.name = bed, name
        self.client = bed.pod(f"{name}-client", f"10.77.{number}.1")
        self.server = bed.pod(f"{name}-server", f"10.77.{number}.2")
        self.sidecars = {}

    def prepare(self):
        """Certificates, configuration, rules: what is there before the sidecars start."""

    def words(self, pod):
        """The command that is the sidecar of this pod."""
        return []

    def start(self):
        if not self.meshed:
            return
        for pod in (self.server, self.client):
            self.sidecars[pod] = pod.start(self.name, *self.words(pod))
        for pod, sidecar in self.sidecars.items():
            pod.await_listening(sidecar, *self.listens)

    def stop(self, *pods):
        for pod in pods or list(self.sidecars):
            if pod in self.sidecars:
                self.bed.stop(self.sidecars.pop(pod))

    def pids(self, *pods):
        return [process.pid for pod, process in self.sidecars.items() if pod in pods or not pods]

    def url(self, port=WEB):
        return f"http://{self.server.address}:{port}/"


class Podveil(Peer):
    label = "Podveil"
    listens, health = [1, 2], "http://127.0.0.1:3/readyz"
    meshed = True
    warm_up = 3  # its code is compiled as it runs
    settles = 12  # every five seconds it gives memory back that it doesn't need any more
    options, java_options = (), ""

    def prepare(self):
        authority = self.bed.directory / "authority"
        if not authority.exists():
            command(DIST / "bin/podveil-certs", "ca", "init", "--dir", authority)
        for pod in (self.client, self.server):
            command(
                *(DIST / "bin/podveil-certs", "issue", "--dir", authority),
                *("--id", f"spiffe://cluster.local/ns/bench/sa/{pod.name}"),
                *("--ip", pod.address, "--out", self.bed.directory / pod.name),
            )
            pod.run(DIST / "bin/podveil-sidecar", "capture")

    def words(self, pod):
        files = self.bed.directory / pod.name
        return [
            *("env", f"PODVEIL_JAVA_OPTS={self.java_options}", DIST / "bin/podveil-sidecar", "run"),
            *("--cert", files / "cert.pem", "--key", files / "key.pem"),
            *("--ca-cert", files / "ca.pem", *self.options),
        ]

# Forms of Podveil that stand in for it in single loads: an option that they need, and what is set.
FORMS = {
    "podveil-fresh": ("--reuse", {"options": ("--reuse", "0")}),
    "podveil-x25519": ("--reuse", {"options": ("--reuse", "0"), "java_options": "-Dpodveil.groups=X25519"}),
}


def podveil_forms(wanted):
    """The sidecar as it comes, and the forms that are wanted."""
    program = DIST / "bin/podveil-sidecar"
    if not program.exists():
        raise Trouble("dist/bin/podveil-sidecar is missing: make build")
    able = command(program, "--help")
    forms = {"podveil": Podveil}
    for name in wanted:
        option, settings = FORMS[name]
        known = settings if option in able else settings | {"options": ()}
        forms[name] = type(name, (Podveil,), known)
    return forms
