"""The peers from Debian: HAProxy, nginx and stunnel, and the rules that bring them the same traffic."""

from peers import BULK, KNOWN, OUTSIDE, WEB, Peer
from testbed import command

# nginx's workers and HAProxy run as this user, by which the rules tell their traffic from the app's.
USER, GROUP = "nobody", "nogroup"
CIPHER = "TLS_AES_128_GCM_SHA256"


def egress(port):
    return 20000 + port


def ingress(port):
    return 30000 + port


PLAIN = 40000 + BULK
PORTS = [side(port) for port in (BULK, WEB, KNOWN) for side in (egress, ingress)] + [PLAIN]

RULES = """
table ip bench {
  chain leaving {
    type nat hook output priority -100
    oif lo accept
    meta skuid %(user)s accept
    ip daddr 10.77.0.0/16 meta l4proto tcp redirect to :tcp dport map { %(egress)s }
    ip daddr 198.51.100.0/24 tcp dport %(bulk)d redirect to :%(plain)d
  }
  chain arriving {
    type nat hook prerouting priority -100
    iif != lo meta l4proto tcp redirect to :tcp dport map { %(ingress)s }
  }
}
"""


class Redirected(Peer):
    """Peers that nftables brings the traffic to, with certificates of their own authority."""

    meshed, listens = True, PORTS

    def prepare(self):
        tls = self.tls = self.bed.directory / "peers"
        if not tls.exists():
            tls.mkdir(mode=0o755)
            make_certificate(tls, "ca", "-addext", "basicConstraints=critical,CA:TRUE")
            signed = ("-CA", tls / "ca.pem", "-CAkey", tls / "ca.key")
            make_certificate(tls, "peer", *signed, "-addext", "subjectAltName=DNS:peer")
        listeners = {side: [f"{p} : {side(p)}" for p in (BULK, WEB, KNOWN)] for side in (egress, ingress)}
        rules = RULES % {
            "user": USER,
            "egress": ", ".join(listeners[egress]),
            "ingress": ", ".join(listeners[ingress]),
            "bulk": BULK,
            "plain": PLAIN,
        }
        self.config = self.bed.directory / f"{self.name}.conf"
        self.config.write_text(self.configuration())
        for pod in (self.client, self.server):
            pod.run("nft", "-f", "-", input=rules)


class HAProxy(Redirected):
    label = "HAProxy"

    def words(self, pod):
        return ["haproxy", "-db", "-f", self.config]

    def configuration(self):
        text = f"""
global
  maxconn 7500
  nbthread 1
  user {USER}
  group {GROUP}
  ssl-default-bind-options ssl-min-ver TLSv1.3
  ssl-default-bind-ciphersuites {CIPHER}
  ssl-default-server-options ssl-min-ver TLSv1.3
  ssl-default-server-ciphersuites {CIPHER}
defaults
  mode tcp
  option splice-auto
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen plain
  bind :{PLAIN}
  server there 0.0.0.0
"""
        pem = self.tls / "peer.pem"
        for port in (BULK, WEB, KNOWN):
            again = ("", "") if port == KNOWN else ("no-tls-tickets", "no-ssl-reuse")
            text += f"""
listen egress-{port}
  bind :{egress(port)}
  server wire 0.0.0.0 ssl crt {pem} ca-file {self.tls}/ca.pem verify required {again[1]}
listen ingress-{port}
  bind :{ingress(port)} ssl crt {pem} ca-file {self.tls}/ca.pem verify required {again[0]}
  server app 0.0.0.0
"""
        return text


class Nginx(Redirected):
    label = "nginx"

    def words(self, pod):
        pid = self.bed.directory / f"{pod.name}.pid"
        return ["nginx", "-c", self.config, "-g", f"daemon off; pid {pid};", "-e", "stderr"]

    def configuration(self):
        to = self.server.address
        servers = f"server {{ listen {PLAIN}; proxy_pass {OUTSIDE}:{BULK}; }}\n"
        for port in (BULK, WEB, KNOWN):
            again = "on" if port == KNOWN else "off"
            cache = f"shared:known{port}:1m" if port == KNOWN else "off"
            servers += f"""
  server {{
    listen {egress(port)} backlog=4096;
    proxy_pass {to}:{port};
    proxy_ssl on;
    proxy_ssl_name peer;
    proxy_ssl_session_reuse {again};
  }}
  server {{
    listen {ingress(port)} ssl backlog=4096;
    proxy_pass {to}:{port};
    ssl_session_cache {cache};
    ssl_session_tickets {again};
  }}
"""
        return f"""
user {USER} {GROUP};
worker_processes 1;
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
events {{ worker_connections 19000; }}
stream {{
  proxy_timeout 1h;
  tcp_nodelay on;
  proxy_ssl_certificate {self.tls}/peer.crt;
  proxy_ssl_certificate_key {self.tls}/peer.key;
  proxy_ssl_trusted_certificate {self.tls}/ca.pem;
  proxy_ssl_verify on;
  proxy_ssl_protocols TLSv1.3;
  proxy_ssl_conf_command Ciphersuites {CIPHER};
  ssl_certificate {self.tls}/peer.crt;
  ssl_certificate_key {self.tls}/peer.key;
  ssl_client_certificate {self.tls}/ca.pem;
  ssl_verify_client on;
  ssl_protocols TLSv1.3;
  ssl_conf_command Ciphersuites {CIPHER};
  {servers}
}}
"""


class Stunnel(Redirected):
    label = "stunnel"
    listens, passes = [port for port in PORTS if port != PLAIN], False

    def words(self, pod):
        return ["stunnel4", self.config]

    def configuration(self):
        text = f"""
foreground = yes
pid =
debug = 3
setuid = {USER}
setgid = {GROUP}
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
cert = {self.tls}/peer.pem
CAfile = {self.tls}/ca.pem
verifyChain = yes
sslVersionMin = TLSv1.3
ciphersuites = {CIPHER}
"""
        for port in (BULK, WEB, KNOWN):
            again = "yes" if port == KNOWN else "no"
            text += f"""
[egress-{port}]
client = yes
accept = {egress(port)}
transparent = destination
sessionResume = {again}
[ingress-{port}]
accept = {ingress(port)}
transparent = destination
sessionResume = {again}
"""
        return text


def make_certificate(directory, name, *options):
    key, certificate = directory / f"{name}.key", directory / f"{name}.crt"
    command(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", key, "-out", certificate),
        *options,
    )
    # HAProxy and stunnel want both in one file; an authority is its certificate alone.
    text = certificate.read_text()
    (directory / f"{name}.pem").write_text(text if name == "ca" else text + key.read_text())
    for path in (key, directory / f"{name}.pem"):
        path.chmod(0o644)  # of two days and this machine; read by whom the peers run as
