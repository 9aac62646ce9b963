# shellcheck shell=bash
# Pods made of network namespaces, for the demo and for training; sourced, from the root of the repository.
# Whoever sources it sets: wire (the namespace with the bridge between the pods), work (a directory).

inside() { ip netns exec "$@"; }

# await SECONDS COMMAND...: until it succeeds
await() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

make_wire() {
  ip netns add "${wire:?}"
  ip -n "$wire" link add bridge type bridge
  ip -n "$wire" link set bridge up
}

# make_pod NAMESPACE NUMBER: on the wire as 10.77.0.NUMBER and fd77::NUMBER
make_pod() {
  ip netns add "$1"
  ip -n "$wire" link add "pod$2" type veth peer name eth0 netns "$1"
  ip -n "$wire" link set "pod$2" master bridge up
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
  ip -n "$1" address add "10.77.0.$2/24" dev eth0
  ip -n "$1" address add "fd77::$2/64" dev eth0 nodad
}

make_authority() { dist/bin/podveil-certs ca init --dir "${work:?}/$1" >/dev/null; }

# issue AUTHORITY NAME NUMBER: a certificate for the pod of that number, into work/NAME
issue() {
  dist/bin/podveil-certs issue --dir "$work/$1" --id "spiffe://cluster.local/ns/demo/sa/$2" \
    --ip "10.77.0.$3" --ip "fd77::$3" --out "$work/$2" >/dev/null
}

# start_sidecar NAMESPACE NAME: sets the rules and serves, with the certificate in work/NAME; $! is its pid
start_sidecar() {
  ip netns exec "$1" dist/bin/podveil-sidecar --cert "$work/$2/cert.pem" --key "$work/$2/key.pem" \
    --ca-cert "$work/$2/ca.pem" >"$work/$2.log" 2>&1 &
}

# await_sidecar NAMESPACE NAME
await_sidecar() {
  if ! await 30 inside "$1" curl -fsS -m 3 http://127.0.0.1:3/readyz; then
    echo "The sidecar in $1 does not get ready:" >&2
    inside "$1" curl -sS -m 3 http://127.0.0.1:3/readyz >&2 || true
    cat "$work/$2.log" >&2
    return 1
  fi
}

# start_web NAMESPACE: a plain web server on port 8080
start_web() {
  ip netns exec "$1" scripts/demo-web >>"$work/web-server.log" 2>&1 &
}

await_web() { await 10 inside "$1" curl -fsS -m 3 http://127.0.0.1:8080/; }
