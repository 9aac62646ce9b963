# Everything there is to do with this repository; `make help` lists it.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build check test demo bench bench-quick clean

MVN := scripts/mvn
COMMIT := $(shell git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null || echo unknown)
MVN_FLAGS := -Dgit.commit=$(COMMIT)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 20

build: ## both programs, with the runtime that they need, into dist/
	@scripts/setup build
	$(MVN) $(MVN_FLAGS) package -Dmaven.test.skip=true
	scripts/dist

check: ## format, warnings, static analysis, layering, unit tests: no root, about a minute
	@scripts/setup build
	$(MVN) $(MVN_FLAGS) spotless:check test

test: check build ## all that check does, then the tests in network namespaces: as root
	@scripts/setup test
	$(MVN) $(MVN_FLAGS) test-compile failsafe:integration-test failsafe:verify -Dpodveil.dist=$(CURDIR)/dist

demo: build ## two pods made of network namespaces, shown line by line: as root; ARGS=--keep leaves it running
	@scripts/setup test
	scripts/demo $(ARGS)

bench: build ## beside HAProxy, nginx, stunnel and no proxy: as root, a quarter of an hour; ROUNDS=5, ONLY=groups
	@scripts/setup bench
	bench/run

bench-quick: build ## the same in one short round, within three minutes, for a first look
	@scripts/setup bench
	bench/run --quick

clean: ## removes what building made
	rm -rf dist target */target
