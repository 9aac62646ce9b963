# Everything there is to do with this repository; `make help` lists it.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build check test demo bench bench-quick bench-control bench-overload images push kind e2e cluster-test clean

MVN := scripts/mvn
COMMIT := $(shell git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null || echo unknown)
RERUNS ?= 0
MVN_FLAGS := -Dgit.commit=$(COMMIT) -Dtest.reruns=$(RERUNS)

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 20

build: ## the programs, with the runtime that they need, into dist/
	@scripts/setup build
	$(MVN) $(MVN_FLAGS) package -Dmaven.test.skip=true
	scripts/dist

check: ## format, warnings, static analysis, layering, unit tests: no root, some minutes
	@scripts/setup build
	$(MVN) $(MVN_FLAGS) spotless:check test

test: check build ## all that check does, then the tests in network namespaces: as root
	@scripts/setup test
	$(MVN) $(MVN_FLAGS) test-compile failsafe:integration-test failsafe:verify -Dpodveil.dist=$(CURDIR)/dist

demo: build ## two pods made of network namespaces, shown line by line: as root; ARGS=--keep leaves it running
	@scripts/setup test
	scripts/demo $(ARGS)

bench-control: build ## what certs and the injector do in a second, with ten thousand pods: a minute
	@scripts/setup bench
	bench/control

bench-overload: build ## more than Podveil can take, in five ways: as root, a quarter of an hour; MINUTES=10, ONLY=programs
	@scripts/setup bench
	bench/overload

images: build ## the three container images, with docker, podman or buildah
	scripts/images

push: images ## pushes the images: make push REGISTRY=registry.example/team
	@test -n "$(REGISTRY)" || { echo "say where to: make push REGISTRY=registry.example/team" >&2; exit 1; }
	scripts/images push $(REGISTRY)

kind: build ## Podveil, the demo and the end-to-end checks on a cluster made by kind
	scripts/kind

e2e: ## the end-to-end checks on the cluster of KUBECONFIG, where install.yaml was applied
	kind/e2e.sh $(CHECKS)

cluster-test: build ## the end-to-end checks, outages and all, on the cluster in ../shared/cluster; KEEP=1 leaves it up
	scripts/cluster-test $(ARGS)

bench: build ## beside HAProxy, nginx, stunnel and no proxy: as root, a quarter of an hour; ROUNDS=5, ONLY=groups
	@scripts/setup bench
	bench/run

bench-quick: build ## the same in one short round, about three minutes, for a first look
	@scripts/setup bench
	bench/run --quick

clean: ## removes what building made
	rm -rf dist target */target
