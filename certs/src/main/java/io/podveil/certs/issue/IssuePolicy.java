package io.podveil.certs.issue;

import io.podveil.certs.kube.PodFacts;
import io.podveil.certs.signer.Names;
import io.podveil.certs.signer.SigningRequest;
import io.podveil.certs.signer.SpiffeId;
import java.net.InetAddress;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What a pod may be called: its service account's name at its own addresses, nothing else. */
record IssuePolicy(String trustDomain) {

  Decision decide(PodFacts pod, SigningRequest request) {
    SpiffeId own = SpiffeId.ofServiceAccount(trustDomain, pod.namespace(), pod.serviceAccount());
    if (pod.ended()) {
      return new Decision.Deny(
          Refusal.POD_GONE, "pod %s/%s has run to its end".formatted(pod.namespace(), pod.name()));
    }
    if (pod.hostNetwork()) {
      return new Decision.Deny(
          Refusal.ADDRESS_NOT_YOURS,
          "pod %s/%s uses its node's network and has no address of its own"
              .formatted(pod.namespace(), pod.name()));
    }
    if (!request.names().id().equals(own)) {
      return new Decision.Deny(
          Refusal.IDENTITY_NOT_YOURS,
          "the CSR asks for %s, and the pod is %s; ask for that"
              .formatted(request.names().id(), own));
    }
    Set<InetAddress> asked = request.names().addresses();
    if (pod.addresses().isEmpty() || !pod.addresses().containsAll(asked)) {
      return new Decision.Deny(
          Refusal.ADDRESS_NOT_YOURS,
          "the CSR asks for addresses %s, and the pod has %s; is it a moment too early?"
              .formatted(text(asked), text(pod.addresses())));
    }
    return new Decision.Grant(request, Names.of(own, pod.addresses()));
  }

  private static Set<String> text(Set<InetAddress> addresses) {
    return addresses.stream()
        .map(InetAddress::getHostAddress)
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
