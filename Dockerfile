# The three images, by target: sidecar, certs, injector. `make images` builds them.
# The jars come from `make build`, so an image holds what was tested. amd64 and arm64; the latter has not been tried.

FROM eclipse-temurin:25-jdk AS programs
WORKDIR /podveil
COPY . .
RUN scripts/dist --image

# Debian's C library, a shell for the launchers, and nothing else: what ldd says that the programs load.
FROM debian:bookworm-slim AS root
RUN apt-get update && apt-get install -y --no-install-recommends libnftables1 && rm -rf /var/lib/apt/lists/*
COPY --from=programs /opt/podveil/runtime /opt/podveil/runtime
COPY --from=programs /opt/podveil/lib/native /opt/podveil/lib/native
COPY scripts/image-root /
RUN /image-root /root-plain && /image-root /root-nftables libnftables.so.1

FROM scratch AS sidecar
COPY --from=root /root-nftables /
COPY --from=programs /opt/podveil/runtime /opt/podveil/runtime
COPY --from=programs /opt/podveil/lib/native /opt/podveil/lib/native
COPY --from=programs /opt/podveil/lib/podveil-sidecar.* /opt/podveil/lib/
COPY --from=programs /opt/podveil/bin/podveil-sidecar /opt/podveil/bin/
ENV PATH=/opt/podveil/bin:/bin
# Rules and transparent sockets are root's; the pod drops all capabilities but the few that these take.
USER 0:0
ENTRYPOINT ["/opt/podveil/bin/podveil-sidecar"]

FROM scratch AS control
COPY --from=root /root-plain /
COPY --from=programs /opt/podveil/runtime /opt/podveil/runtime
ENV PATH=/opt/podveil/bin:/bin
USER 65532:65532

FROM control AS certs
COPY --from=programs /opt/podveil/lib/native/libnetty_tcnative_* /opt/podveil/lib/native/
COPY --from=programs /opt/podveil/lib/podveil-certs.* /opt/podveil/lib/
COPY --from=programs /opt/podveil/bin/podveil-certs /opt/podveil/bin/
ENTRYPOINT ["/opt/podveil/bin/podveil-certs"]
CMD ["serve"]

FROM control AS injector
COPY --from=programs /opt/podveil/lib/podveil-injector.* /opt/podveil/lib/
COPY --from=programs /opt/podveil/bin/podveil-injector /opt/podveil/bin/
ENTRYPOINT ["/opt/podveil/bin/podveil-injector"]
