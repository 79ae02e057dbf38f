# Everything runs from a fresh clone on Debian with Go, git, make, and root or
# sudo: what is missing is installed by the name of its package, or built from
# tools/. `make` alone lists the targets.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c

# nginx lies in /usr/sbin; the Pulumi CLI may lie in bin/.
export PATH := $(PATH):/usr/sbin:/sbin:$(CURDIR)/bin

# The mapping that `make rehearse` brings up.
MAPPING ?= examples/mapping.dev.yaml

# So many packages are tested at a time: the engine and NGINX want cores of their own.
P ?= 2

# Without symbol tables, which no test reads, a binary that holds Pulumi's AWS SDK
# is linked in a quarter of the time.
GO_TEST := -p $(P) -ldflags=-s -timeout 25m

# The packages that take longest begin first, so that the last one doesn't run alone.
LONGEST := ./test/lifecycle ./internal/rehearsal ./automation ./test/docs

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  %-10s %s\n", $$1, $$2 }'

.PHONY: setup
setup: ## Install what is missing: nginx, openssl, curl, and the Pulumi CLI in bin/
	@tools/ensure-packages nginx openssl curl
	@tools/ensure-pulumi

.PHONY: build
build: ## Build bin/portico
	@[ -x bin/portico ] || echo "build: compiling bin/portico, some minutes the first time" >&2
	@tools/go-build . bin/portico ./cmd/portico -ldflags=-s

.PHONY: rehearse
rehearse: setup build ## Bring the example mapping up on simulated accounts and probe it (MAPPING=FILE for another)
	bin/portico rehearse --mapping $(MAPPING)

.PHONY: test-base
test-base: ## Make the Debian systems whose NGINX, botocore and Moto the tests use, and install a browser, once
	@tools/ensure-packages mmdebstrap mkdocs
	@test/e2e/debian-base forky >/dev/null
	@test/fidelity/python-base >/dev/null || echo "test-base: the tests that need botocore and Moto will be skipped" >&2
	@tools/ensure-packages chromium || echo "test-base: the tests of pages in a browser will be skipped" >&2

.PHONY: test
test: setup test-base ## Run the tests (RECORD=FILE appends what they took)
	@tools/ensure-pinned gotestsum
	@failed=0; \
	tools/run-tests test . $(GO_TEST) $(LONGEST) ./... || failed=1; \
	tools/run-tests test-release tools/release ./... || failed=1; \
	exit $$failed

.PHONY: test-slow
test-slow: setup test-base ## Run the tests that take minutes too, an hour in all, with the race detector where it fits
	@tools/ensure-packages testssl=testssl.sh docker-registry
	@tools/ensure-pinned gotestsum
	@tools/ensure-pinned goreleaser
	@failed=0; export PORTICO_SLOW=1; \
	tools/run-tests test-slow . $(GO_TEST) -timeout 90m -count 1 $(LONGEST) ./... || failed=1; \
	tools/run-tests test-slow-release tools/release -timeout 30m -count 1 ./... || failed=1; \
	unset PORTICO_SLOW; tools/run-tests test-race . $(GO_TEST) -race -count 1 ./mapping/... ./internal/topology/... ./internal/nginxconf/... ./internal/resourcepolicy/... || failed=1; \
	exit $$failed

.PHONY: signals
signals: setup ## End ups and destroys by a signal at N moments (SEED chooses them), and look for locks
	PORTICO_SLOW=1 PORTICO_SIGNALS=$(or $(N),200) PORTICO_SEED=$(SEED) go test -count 1 -timeout 4h -v -run TestSignalsAtManyMomentsLeaveNoLock ./test/lifecycle

.PHONY: edits
edits: setup ## Bring up N drawn edits of mappings under load, SEED and the seeds after it, and hold every answer to the rules
	PORTICO_EDITS=$(or $(N),60) PORTICO_SEED=$(or $(SEED),1) PORTICO_SHRINK=1 go test -count 1 -timeout 4h -v -run TestNoEditOfAMappingCostsARequest ./internal/rehearsal

.PHONY: soak
soak: setup test-base ## Keep the proxy under 1,000 requests a second, with replaced tasks, and record it (DURATION=30m)
	PORTICO_SOAK=$(or $(DURATION),30m) go test -count 1 -timeout 24h -v -run TestTheProxyLastsUnderLoad ./test/e2e/faults

.PHONY: bench
bench: setup build bench-proxy ## Measure speed and write the figures to test/results
	PATH="$$(test/e2e/debian-base forky-bench)/bin:$$PATH" go test -tags bench -count 1 -timeout 60m -v ./test/bench

.PHONY: bench-proxy
bench-proxy: ## Measure the proxy beside HAProxy and others of Debian forky, 15 minutes (PORTICO_BENCH=quick|targets|full)
	@tools/ensure-packages mmdebstrap wrk valgrind
	PATH="$$(test/e2e/debian-base forky-bench)/bin:$$PATH" go test -tags bench -count 1 -timeout 120m -v ./test/bench/proxy

.PHONY: pictures
pictures: setup build ## Take the documents' pictures of a rehearsal's page anew, into docs/pictures
	@tools/ensure-packages chromium
	mkdir -p .portico docs/pictures
	bin/portico rehearse --mapping $(MAPPING) --html .portico/page.html >/dev/null
	bin/portico rehearse --mapping $(MAPPING) --doctor --fault owner-denies --html .portico/fault.html >/dev/null || [ $$? -eq 1 ]
	go test ./internal/page -count 1 -run TestScreenshots -page ../../.portico/page.html -fault-page ../../.portico/fault.html -screenshots ../../docs/pictures

.PHONY: site
site: ## Build the documentation's site in .portico/site/html (then: python3 -m http.server -d .portico/site/html)
	@tools/ensure-packages mkdocs npm
	tools/site/build

.PHONY: upgrade-fixture
upgrade-fixture: setup ## Keep the states that this commit's program makes, for the tests of upgrades from it (TAG=v0.1.0)
	go test -count 1 -timeout 25m -v -run TestMakeTheStatesOfARelease ./test/upgrade -release $(or $(TAG),$(error TAG is missing: make upgrade-fixture TAG=v0.1.0))

.PHONY: release-snapshot
release-snapshot: ## Build a release's archives for all platforms in .portico/dist, and publish nothing
	@tools/ensure-pinned goreleaser
	bin/goreleaser release --snapshot --clean --skip=docker

.PHONY: fresh
fresh: setup ## Install by each documented way in containers without caches, half an hour (needs Docker)
	@tools/ensure-packages mmdebstrap
	@tools/ensure-pinned goreleaser
	PORTICO_SLOW=1 PORTICO_FRESH=1 go test -C tools/release -count 1 -timeout 3h -v -run TestAFreshMachine ./...

.PHONY: release
release: ## Build and publish the release of the tag that is checked out, as a draft (the release workflow)
	@tools/ensure-pinned goreleaser
	bin/goreleaser release --clean

.PHONY: lint
lint: ## Check the style, and what the reviewers would say
	@tools/ensure-pinned golangci-lint
	@tools/ensure-pinned actionlint
	@tools/ensure-pinned goreleaser
	bin/actionlint
	bin/goreleaser check
	bin/golangci-lint run ./...

.PHONY: check
check: lint test ## Run what has to pass before a change lands

.PHONY: clean
clean: ## Remove what was built, the Pulumi CLI and the linter included
	rm -rf bin .portico
