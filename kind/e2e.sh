#!/usr/bin/env bash
# Shows, on a cluster where install.yaml was applied, that Podveil does what it says. Needs kubectl and a KUBECONFIG.
#   kind/e2e.sh              all checks, one line each: PASS, FAIL with the reason, or SKIP
#   kind/e2e.sh NAME...      some of them, on the demo that is there already; a wrong name lists them
# It uses the namespaces shop and outside of kind/demo.yaml, and leaves them there. Exit status: 0 if nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

system=podveil-system
agnhost=registry.k8s.io/e2e-test-images/agnhost:2.53
curl=curlimages/curl:8.11.1
certs_url=https://podveil-certs.$system.svc:8443
work=$(mktemp -d)
failed=0 passed=0 skipped=0

end() {
  local status=$?
  jobs -p | xargs -r kill 2>/dev/null
  rm -rf "$work"
  exit "$status"
}
trap end EXIT

pass() { passed=$((passed + 1)) && echo "PASS  $*"; }
fail() { failed=$((failed + 1)) && echo "FAIL  $*"; }
skip() { skipped=$((skipped + 1)) && echo "SKIP  $*"; }

# check SENTENCE COMMAND...: what the command says is the reason when it fails
check() {
  local sentence=$1 said
  shift
  if said=$("$@" 2>&1); then
    pass "$sentence"
  else
    fail "$sentence: $(tail -n 3 <<<"$said" | tr '\n' ' ' | cut -c1-300)"
  fi
}

# within SECONDS COMMAND...: until it succeeds; says what it said last
within() {
  local deadline=$((SECONDS + $1)) said
  shift
  until said=$("$@" 2>&1); do
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "$said"
      return 1
    fi
    sleep 0.3
  done
  echo "$said"
}

shop() { kubectl -n shop "$@"; }
outside() { kubectl -n outside "$@"; }
control() { kubectl -n "$system" "$@"; }

# The client speaks: curl options and a URL
client() { shop exec client -c client -- curl -gsS -m 10 "$@"; }
stranger() { outside exec stranger -- curl -gsS -m 10 "$@"; }
logs() { shop logs "$1" -c podveil --tail=-1; }

# address POD NUMBER [NAMESPACE]: of a pod, the first or the second; in brackets if it is IPv6
address() {
  local ip
  ip=$(kubectl -n "${3:-shop}" get pod "$1" -o "jsonpath={.status.podIPs[$2].ip}")
  bracketed "$ip"
}
bracketed() { case $1 in *:*) echo "[$1]" ;; *) echo "$1" ;; esac; }
cluster_ip() { bracketed "$(shop get service "$1" -o "jsonpath={.spec.clusterIPs[$2]}")"; }

# contains TEXT PATTERN
contains() { grep -qE -- "$2" <<<"$1" || { echo "expected /$2/ in: ${1:-nothing}" && return 1; }; }

rolled_out() { kubectl -n "$1" rollout status "$2" --timeout="${3:-120}s"; }
ready() { kubectl -n "$1" wait --for=condition=Ready "pod/$2" --timeout="${3:-60}s"; }
gone() { kubectl -n "$1" delete pod "$2" --ignore-not-found --force --grace-period=0 >/dev/null 2>&1; }

# pod NAMESPACE NAME ANNOTATIONS LABELS [SPEC]: a pod of this kind, as YAML; the rest in JSON's form
pod() {
  local spec="containers: [{name: app, image: $agnhost, args: [netexec, --http-port=8080]}]"
  [ $# -lt 5 ] || spec=$5
  cat <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $2, namespace: $1, annotations: $3, labels: $4}
spec:
  terminationGracePeriodSeconds: 1
YAML
  printf '  %s\n' "${spec//$'\n'/$'\n'  }"
}

# --- The checks; their order is that of `all` ---------------------------------------------------------------

check_installed() {
  local deployment
  for deployment in podveil-certs podveil-injector; do
    check "$deployment is ready" rolled_out $system deployment/$deployment
  done
}

check_demo() {
  check "the demo applies" kubectl apply -f kind/demo.yaml
  check "its web servers get ready" rolled_out shop deployment/web
  check "its other pods get ready" shop wait --for=condition=Ready pod/cart pod/client --timeout=60s
  ready outside stranger >/dev/null
}

# served URL SERVER: an answer that names the client's own address, and lines in both logs
served() {
  local answer port line id
  answer=$(client -w ' %{local_port}' "$1/clientip") || { echo "$answer" && return 1; }
  port=${answer##* }
  case ${answer% *} in
    "$(address client 0):$port" | "$(address client 1):$port") ;;
    *) echo "the server saw ${answer% *}, and not the client and its port $port" && return 1 ;;
  esac
  line=$(within 10 logged client "^egress  .*:$port -> .*as ns/shop/sa/client to ns/shop/sa/$2 mtls TLSv1.3") ||
    { echo "no egress line: $line" && return 1; }
  id=${line##*id=}
  [ "$2" != cart ] || within 10 logged cart "^ingress .*from ns/shop/sa/client mtls TLSv1.3 .*id=$id"
}
logged() { logs "$1" | grep -E -- "$2" | tail -n 1 | grep . || { echo "nothing like /$2/ in the log of $1" && return 1; }; }

check_reach() {
  local number mine family
  for number in 0 1; do
    mine=$(address client $number)
    case $mine in
      '') skip "the other family of addresses: this cluster has one" && continue ;;
      '['*) family=IPv6 ;;
      *) family=IPv4 ;;
    esac
    check "$family: pod to pod: mutual TLS, the same line in both logs, the client's own address and port seen" \
      served "http://$(address cart $number):8080" cart
    check "$family: by a Service's address" served "http://$(cluster_ip web $number)" web
  done
  check "by DNS name" served http://web.shop.svc.cluster.local web
  check "by headless Service" served http://cart:8080 cart
  local node ip nodes
  nodes=$(shop get pods -l app.kubernetes.io/name=web \
    -o jsonpath='{range .items[*]}{.spec.nodeName} {.status.podIP}{"\n"}{end}')
  if [ "$(cut -d' ' -f1 <<<"$nodes" | sort -u | wc -l)" -gt 1 ]; then
    while read -r node ip; do
      check "from $(shop get pod client -o jsonpath='{.spec.nodeName}') to $node" served "http://$ip:8080" web
    done <<<"$nodes"
  else
    skip "node to node: all web servers are on one node"
  fi
}

# refused by its lack of an answer, with the reason in the log of the one who refuses
plaintext_refused() {
  local answer
  ! answer=$(stranger "http://$(address cart 0):8080/hostname") || { echo "it was answered: $answer" && return 1; }
  within 10 logged cart "^ingress $(address stranger 0 outside):.*refused: plaintext where mutual TLS is required"
}
permissive_serves() {
  pod shop lenient '{podveil.io/inbound: permissive}' '{app: lenient}' | kubectl apply -f - && ready shop lenient || return 1
  contains "$(stranger "http://$(address lenient 0):8080/hostname" 2>&1)" '^lenient$' || return 1
  contains "$(client "http://$(address lenient 0):8080/hostname" 2>&1)" '^lenient$' || return 1
  gone shop lenient
}

check_strict() {
  check "plaintext from outside of the mesh is refused, and the log says so" plaintext_refused
  check "a pod with inbound permissive serves it, and the mesh" permissive_serves
}

# What a capture on the server's node sees of a request with a secret in it: of the meshed server nothing, of the other
# one all.
check_wire() {
  local node open sealed
  node=$(shop get pod cart -o jsonpath='{.spec.nodeName}')
  gone outside tap
  kubectl apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: tap, namespace: outside}
spec:
  hostNetwork: true
  nodeName: $node
  terminationGracePeriodSeconds: 1
  containers:
    - name: tap
      image: $agnhost
      command: [sleep, infinity]
      securityContext: {runAsUser: 0, capabilities: {add: [NET_RAW]}}
    - name: web
      image: $agnhost
      args: [netexec, --http-port=18080, --udp-port=18081]
YAML
  ready outside tap >/dev/null
  if ! outside exec tap -c tap -- perl -v >/dev/null 2>&1; then
    skip "the wire: no perl in this agnhost to capture with"
    gone outside tap
    return
  fi
  open=open-$RANDOM$RANDOM sealed=sealed-$RANDOM$RANDOM
  # AF_PACKET, SOCK_RAW, all protocols
  # shellcheck disable=SC2016 # for perl
  outside exec tap -c tap -- timeout 60 perl -e \
    '$|=1; socket(S,17,3,768) or die $!; while(1){recv(S,$p,65535,0); print $p}' >"$work/wire" 2>/dev/null &
  within 20 test -s "$work/wire" >/dev/null
  check "the node sees a request to an unmeshed pod (so the capture works)" within 30 \
    on_the_wire "$open" "http://$(address tap 0 outside):18080"
  check "the node sees nothing of a request between meshed pods" \
    not_on_the_wire "$sealed" "http://$(address cart 0):8080"
  gone outside tap
}
# The answer stays over there: on its way back to kubectl it would cross the node's loopback in plaintext.
echoes() { client -o /dev/null "$2/echo?msg=$1" && sleep 1; }
on_the_wire() { echoes "$@" && grep -aq "$1" "$work/wire"; }
not_on_the_wire() { echoes "$@" && not grep -a -o ".\{0,60\}$1" "$work/wire"; }
not() { ! "$@"; }

reaches_itself() {
  local i
  for i in 1 2 3 4; do
    contains "$(shop exec "$(a_web)" -c web -- curl -gsS -m 10 "http://web/hostname" 2>&1)" '^web-' || return 1
  done
}
a_web() { shop get pods -l app.kubernetes.io/name=web -o jsonpath='{.items[0].metadata.name}'; }
check_others() {
  check "a meshed pod reaches the API server" contains "$(client -k https://kubernetes.default.svc/version 2>&1)" gitVersion
  check "DNS" contains "$(client -o /dev/null -w '%{remote_ip}' http://web.shop.svc.cluster.local/ 2>&1)" '[0-9]'
  check "an unmeshed pod" contains "$(client "http://$(address stranger 0 outside):8080/hostname" 2>&1)" '^stranger$'
  check "itself, through its own Service" reaches_itself
  if [ -n "${E2E_OUTSIDE:-}" ]; then
    check "an address outside of the cluster" client -o /dev/null "$E2E_OUTSIDE"
  else
    skip "an address outside of the cluster: E2E_OUTSIDE names none"
  fi
}

refused_with() { # PATTERN MANIFEST
  local said
  ! said=$(kubectl apply -f - <<<"$2" 2>&1) || { echo "it was admitted: $said" && return 1; }
  contains "$said" "$1"
}
check_admission() {
  check "a wrong annotation is refused, with name, value and what is allowed" refused_with \
    'podveil.io/inbound is "open": allowed are strict, permissive' "$(pod shop wrong '{podveil.io/inbound: open}' '{}')"
  check "so is a misspelt one" refused_with 'podveil.io/inbond is not an annotation of Podveil' \
    "$(pod shop wrong '{podveil.io/inbond: strict}' '{}')"
  check "a pod that needs port 2 is refused" refused_with "ports 1, 2 and 3 are the sidecar's" \
    "$(pod shop wrong '{}' '{}' "containers: [{name: app, image: $agnhost, ports: [{containerPort: 2}]}]")"
  check "a pod that opts out is left alone" opted_out
  check "a pod that opts in elsewhere gets sidecar, roots and certificate" volunteer
  check "a Service whose name makes a variable like the sidecar's own does not stop it" namesake
}
opted_out() {
  contains "$(pod shop free '{}' '{podveil.io/inject: "false"}' | kubectl create --dry-run=server -f - -o jsonpath='{.spec.initContainers}{.metadata.name}')" '^free$'
}
volunteer() {
  pod outside volunteer '{}' '{podveil.io/inject: "true"}' | kubectl apply -f - && ready outside volunteer 90 || return 1
  contains "$(client "http://$(address volunteer 0 outside):8080/hostname" 2>&1)" '^volunteer$' || return 1
  within 10 logged client 'to ns/outside/sa/default mtls' || return 1
  gone outside volunteer
}

# Kubernetes tells every container of the namespace PODVEIL_ADMIN_PORT=tcp://...
namesake() {
  shop create service clusterip podveil-admin --tcp=80 && pod shop linked '{}' '{}' | kubectl apply -f - && ready shop linked
  local status=$?
  gone shop linked
  shop delete service podveil-admin
  return $status
}

bundles() { kubectl get mutatingwebhookconfiguration podveil-injector -o jsonpath='{.webhooks[*].clientConfig.caBundle}'; }
bundles_stay() {
  local before after
  before=$(bundles)
  [ -n "$before" ] || { echo "there is none" && return 1; }
  "$@" >/dev/null || return 1
  after=$(bundles)
  [ "$before" = "$after" ] || { echo "it changed" && return 1; }
}
# A registry's name in front of the images is kept: what is applied again is what is there.
manifest() {
  local image
  image=$(control get deployment podveil-certs -o jsonpath='{.spec.template.spec.containers[0].image}')
  sed "s|podveil-\([a-z]*:[0-9]\)|${image%podveil-certs:*}podveil-\1|" install.yaml
}
apply_again() { manifest | kubectl apply -f -; }
apply_on_the_server() { manifest | kubectl apply --server-side --force-conflicts -f -; }
check_reapply() {
  check "install.yaml applied over itself leaves the caBundle alone" bundles_stay apply_again
  check "so does a server-side apply" bundles_stay apply_on_the_server
}

check_injector_away() {
  control scale deployment podveil-injector --replicas=0 >/dev/null
  within 60 no_pods podveil-injector >/dev/null
  check "without the injector a pod elsewhere starts" starts_outside
  check "an opted-in one is refused" refused_with 'podveil' "$(pod shop late '{}' '{}')"
  control scale deployment podveil-injector --replicas=2 >/dev/null
  rolled_out $system deployment/podveil-injector >/dev/null
  check "and admitted when the injector is back" within 30 admitted late
  gone shop late
  kubectl delete mutatingwebhookconfiguration podveil-injector >/dev/null
  check "without the webhook configuration the policy refuses a bare pod" within 15 refused_with \
    'came without its sidecar' "$(pod shop bare '{}' '{}')"
  apply_again >/dev/null
  check "applied again, it is in force within seconds" within 30 admitted late
  gone shop late
}
no_pods() { [ -z "$(control get pods -l "app.kubernetes.io/name=$1" -o name)" ]; }
starts_outside() { pod outside other '{}' '{}' | kubectl apply -f - && ready outside other && gone outside other; }
admitted() { pod shop "$1" '{}' '{}' | kubectl apply -f -; }

# steady SECONDS URL FILE: 50 new connections a second, one line with the status for each
steady() {
  shop exec client -c client -- curl -sS --no-keepalive -H 'Connection: close' --rate 50/s -m 10 -o /dev/null \
    -w '%{http_code}\n' "$2?[1-$(($1 * 50))]" >"$3" 2>&1
}
none_failed() { # FILE LEAST
  local all bad
  all=$(grep -c '^[0-9]' "$1") bad=$(grep -vc '^200$' "$1")
  [ "$all" -ge "$2" ] || { echo "only $all requests were made" && return 1; }
  [ "$bad" = 0 ] || { echo "$bad of $all failed: $(grep -v '^200$' "$1" | sort | uniq -c | sort -rn | head -n 2 | tr '\n' ' ')" && return 1; }
}
# undisturbed SENTENCE SECONDS COMMAND...: while a client sends 50 requests a second
undisturbed() {
  local sentence=$1 seconds=$2 pid
  shift 2
  steady "$seconds" "http://web/hostname" "$work/steady" &
  pid=$!
  sleep 3
  "$@" >/dev/null 2>&1
  wait "$pid"
  check "$sentence: none of $(grep -c '^[0-9]' "$work/steady") requests fails" none_failed "$work/steady" $((seconds * 5))
}
roll() { kubectl -n "$1" rollout restart "$2" && rolled_out "$1" "$2"; }
check_rollouts() {
  undisturbed "a Deployment rolls under load" 60 roll shop deployment/web
  undisturbed "certs restarts under load" 40 roll $system deployment/podveil-certs
  undisturbed "the injector restarts under load" 40 roll $system deployment/podveil-injector
}

restarts() { shop get pod victim -o 'jsonpath={.status.initContainerStatuses[?(@.name=="podveil")].restartCount}'; }
serves() { shop exec victim -c app -- curl -gfsS -m 1 http://127.0.0.1:3/readyz; }
kill_sidecar() {
  # In a pod of shared processes the sidecar is not number 1, which no kill from inside would reach.
  # shellcheck disable=SC2016 # for the shell over there
  shop exec victim -c podveil -- sh -c \
    'for p in /proc/[0-9]*; do read -r name <"$p/comm"; [ "$name" != java ] || kill -KILL "${p#/proc/}"; done'
}
check_killed() {
  local began
  pod shop victim '{}' '{app: victim}' "shareProcessNamespace: true
containers: [{name: app, image: $agnhost, args: [netexec, --http-port=8080]}]" | kubectl apply -f - >/dev/null
  ready shop victim >/dev/null
  shop exec victim -c app -- curl -gsS -m 10 "http://$(address cart 0):8080/hostname" >/dev/null 2>&1
  # It tries all the while, and says who answered.
  # shellcheck disable=SC2016 # for the shell over there
  shop exec victim -c app -- sh -c 'for i in $(seq 60); do curl -gsS -m 1 "http://$0:8080/hostname" 2>&1; sleep 0.1; done' \
    "$(address cart 0)" >"$work/victim" &
  sleep 1
  kill_sidecar >/dev/null 2>&1
  began=$(date +%s%N)
  check "a sidecar that was killed serves again" within 30 serves
  echo "      after $((($(date +%s%N) - began) / 1000000)) ms, as seen from here"
  check "it was restarted" [ "$(restarts)" = 1 ]
  wait
  check "nothing left in plaintext meanwhile" not logged cart "^ingress $(address victim 0):.*plaintext"
  gone shop victim
}

check_jobs() {
  shop delete job errand --ignore-not-found >/dev/null 2>&1
  kubectl apply -f - >/dev/null <<YAML
apiVersion: batch/v1
kind: Job
metadata: {name: errand, namespace: shop}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      serviceAccountName: client
      initContainers:
        - {name: early, image: $curl, command: [curl, -fsS, -m, "10", "http://cart:8080/hostname"]}
      containers:
        - {name: errand, image: $curl, command: [curl, -fsS, -m, "10", "http://web/hostname"]}
YAML
  check "an app connects in its init container and in its first moment, and its Job completes" \
    shop wait --for=condition=Complete job/errand --timeout=60s
  shop delete job errand >/dev/null 2>&1
}

check_probes() {
  local pods='containers:
- {name: app, image: IMAGE, args: [netexec, --http-port=8080], livenessProbe: {PROBE, periodSeconds: 1, timeoutSeconds: 3, failureThreshold: 8}}'
  local kind probe
  for kind in http tcp grpc exec; do
    case $kind in
      http) probe='httpGet: {path: /healthz, port: 8080}' ;;
      tcp) probe='tcpSocket: {port: 8080}' ;;
      exec) probe='exec: {command: [curl, -fsS, "http://127.0.0.1:8080/healthz"]}' ;;
      grpc) probe='grpc: {port: 5000}' ;;
    esac
    spec=${pods//IMAGE/$agnhost}
    [ $kind != grpc ] || spec=${spec/netexec, --http-port=8080/grpc-health-checking, --port=5000, --http-port=8080}
    pod shop "well-$kind" '{}' '{app: probed}' "${spec/PROBE/$probe}" | kubectl apply -f - >/dev/null
    probe=${probe//8080/8099} probe=${probe//5000/5099} probe=${probe//healthz/nowhere}
    pod shop "ill-$kind" '{}' '{app: probed}' "${spec/PROBE/$probe}" | kubectl apply -f - >/dev/null
  done
  for kind in http tcp grpc exec; do
    check "$kind probe: an app that fails is restarted" within 90 restarted "ill-$kind"
  done
  for kind in http tcp grpc exec; do
    check "$kind probe: one that is well is not" not restarted "well-$kind"
    gone shop "well-$kind"
    gone shop "ill-$kind"
  done
}
restarted() { [ "$(shop get pod "$1" -o 'jsonpath={.status.containerStatuses[0].restartCount}')" -ge 1 ]; }

# asks TOKEN: for a certificate for shop/web, from outside of the mesh
asks() {
  outside exec -i stranger -- curl -ksS -m 20 -w ' %{http_code}' -H "Authorization: Bearer $1" \
    -H 'Content-Type: application/json' --data-binary @- "$certs_url/v1/certificates" <kind/web-csr.json 2>&1
}
token() { # SERVICE-ACCOUNT AUDIENCE POD UID
  shop create token "$1" --audience "$2" --bound-object-kind Pod --bound-object-name "$3" --bound-object-uid "$4"
}
uid() { shop get pod "$1" -o jsonpath='{.metadata.uid}'; }
check_tokens() {
  local web uid gone_token
  web=$(a_web)
  uid=$(uid "$web")
  check "a pod's own token gets its certificate" contains "$(asks "$(token web podveil "$web" "$uid")")" '"chain".* 200$'
  check "another service account's token does not" \
    contains "$(asks "$(token cart podveil cart "$(uid cart)")")" 'the pod is spiffe://cluster.local/ns/shop/sa/cart.* 403$'
  check "nor one for another audience" contains "$(asks "$(token web elsewhere "$web" "$uid")")" ' 401$'
  check "nor one of no pod" contains "$(asks "$(shop create token web --audience podveil)")" ' 401$'
  pod shop brief '{}' '{app: brief}' "serviceAccountName: web
containers: [{name: app, image: $agnhost, args: [pause]}]" | kubectl apply -f - >/dev/null
  gone_token=$(token web podveil brief "$(uid brief)")
  gone shop brief
  check "nor a deleted pod's" within 30 refuses_gone "$gone_token"
}
refuses_gone() { contains "$(asks "$1")" ' (401|403)$'; }

authority() { control get secret podveil-ca -o 'jsonpath={.data.tls\.crt}'; }
same_authority() { [ "$(authority)" = "$1" ] || { echo "it is another one" && return 1; }; }
check_authority() {
  local before
  before=$(authority)
  control delete secret podveil-ca >/dev/null
  check "the authority's Secret, deleted while certs runs, is back with the same authority" within 30 same_authority "$before"
  shop delete configmap podveil-trust >/dev/null
  check "so is a namespace's ConfigMap of roots" within 30 shop get configmap podveil-trust
}

check_certs_away() {
  control scale deployment podveil-certs --replicas=0 >/dev/null
  within 60 no_pods podveil-certs >/dev/null
  check "without certs, connections to known peers go on" served "http://$(address cart 0):8080" cart
  pod shop later '{}' '{app: later}' | kubectl apply -f - >/dev/null
  sleep 15
  check "a pod that starts now waits" not ready shop later 1
  control scale deployment podveil-certs --replicas=2 >/dev/null
  check "certs comes back" rolled_out $system deployment/podveil-certs
  check "and the pod gets ready" ready shop later 60
  gone shop later
}

# ready_in NAME LABELS: milliseconds from the pod's creation to its readiness, as seen from here; before them, of a pod
# with a sidecar, those until the rules are in force, until it serves, and until podveil-init heard that it does, by its
# node's clock
ready_in() {
  local began ready
  began=$(date +%s%N)
  pod shop "$1" '{}' "$2" | kubectl create -f - >/dev/null
  ready shop "$1" >/dev/null
  ready=$(since "$began" "$(date +%s%N)")
  if ! bare "$1"; then
    printf '%s/%s/%s/' "$(since "$began" "$(said_at "$1" podveil-init 'in force')")" \
      "$(since "$began" "$(said_at "$1" podveil 'serves as')")" \
      "$(since "$began" "$(said_at "$1" podveil-init 'sidecar serves')")"
  fi
  echo "$ready"
  gone shop "$1"
}
since() { echo $((($2 - $1) / 1000000)); }
said_at() { date -d "$(shop logs "$1" -c "$2" --timestamps | grep -m 1 "$3" | cut -d' ' -f1)" +%s%N; }
bare() { [ -z "$(shop get pod "$1" -o jsonpath='{.spec.initContainers}')" ]; }
check_times() {
  local i bare='' veiled=''
  for i in 1 2 3; do
    bare+=" $(ready_in bare-$i '{podveil.io/inject: "false"}')"
    veiled+=" $(ready_in veiled-$i '{}')"
  done
  echo "TIME  from pod created to ready, ms: without Podveil$bare; with it, rules/serving/heard/ready:$veiled"
}

# A sample of pods of many shapes through the real API server: valid, nothing lost, and nothing added the second time.
check_shapes() {
  local i
  for i in $(seq 200); do
    echo ---
    shape "$i"
  done >"$work/shapes.yaml"
  if ! kubectl create --dry-run=server -f "$work/shapes.yaml" -o json >"$work/once.json" 2>"$work/said"; then
    fail "200 pods of many shapes are valid with the sidecar: $(head -n 1 "$work/said")"
    return
  fi
  check "200 pods of many shapes are valid with the sidecar" [ "$(grep -c '"name": "podveil-init"' "$work/once.json")" = 200 ]
  # The API server's own fields away, what came out goes in again.
  kubectl create --dry-run=server -f "$work/once.json" -o json >"$work/twice.json" 2>"$work/said"
  check "and a second time nothing is added" cmp <(shapes_of "$work/once.json") <(shapes_of "$work/twice.json")
}
shapes_of() { grep -vE '"(uid|creationTimestamp|resourceVersion|generation|name": "kube-api-access-.*|time)"' "$1"; }
shape() {
  local n=$1
  echo "{apiVersion: v1, kind: Pod, metadata: {name: shape-$n, namespace: shop, labels: {n: \"$n\"},"
  echo " annotations: {note: \"ä\$(X) $n\"$( ((n % 3)) || echo ', podveil.io/exclude-outbound-ports: "5432,6000-6010"')}}, spec: {"
  ((n % 2)) || echo " securityContext: {runAsUser: 1000, runAsNonRoot: true, fsGroup: 2000},"
  ((n % 5)) || echo " shareProcessNamespace: true,"
  ((n % 7)) || echo " initContainers: [{name: first, image: $curl}, {name: helper, image: $curl, restartPolicy: Always}],"
  ((n % 4)) || echo " volumes: [{name: v, emptyDir: {}}],"
  echo " automountServiceAccountToken: $( ((n % 2)) && echo true || echo false),"
  echo " containers: [{name: app, image: $agnhost, ports: [{name: web, containerPort: $((8000 + n))}]"
  ((n % 4)) || echo " , volumeMounts: [{name: v, mountPath: /v}]"
  ((n % 3)) || echo " , livenessProbe: {httpGet: {path: '/a b?c=\$(X)', port: web, httpHeaders: [{name: X, value: z}]}}"
  ((n % 5)) || echo " , readinessProbe: {tcpSocket: {port: $((8000 + n))}}"
  ((n % 6)) || echo " , startupProbe: {grpc: {port: 9000, service: s}}"
  ((n % 8)) || echo " , lifecycle: {preStop: {httpGet: {path: /stop, port: web}}}"
  echo " }]}}"
}

# run_checks NAME...: these, or all
run_checks() {
  local name before again=()
  [ $# -gt 0 ] || set -- "${all[@]}"
  for name in "$@"; do
    if ! declare -F "check_$name" >/dev/null; then
      echo "there is no check $name; there are: ${all[*]}" >&2
      exit 2
    fi
    before=$failed
    "check_$name"
    [ "$failed" = "$before" ] || again+=("$name")
  done
  if [ ${#again[@]} -gt 0 ]; then
    # A busy machine is late now and then; what is broken stays broken.
    echo "Once more, for $failed failed: ${again[*]}"
    failed=0
    for name in "${again[@]}"; do
      "check_$name"
    done
  fi
  echo "$passed passed, $failed failed, $skipped skipped, in $SECONDS s"
  [ "$failed" = 0 ]
}

all=(installed demo times reach strict wire others admission shapes reapply jobs probes tokens authority killed rollouts
  injector_away certs_away)
# Sourced for its helpers, it does nothing by itself.
if [ -z "${E2E_LIBRARY:-}" ]; then
  run_checks "$@"
fi
