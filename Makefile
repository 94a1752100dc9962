# `make help` lists the targets.
GO       ?= go
TOOLS    := $(GO) tool -modfile=tools/go.mod
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
FUZZTIME ?= 10s
# A test that hangs ends then. Nothing else does: on a busy machine all take longer.
TIMEOUT  ?= 60m
HISTORIES ?= 10000
KILLINGS  ?= 30
N         ?= 300
SEED      ?= 1

.DEFAULT_GOAL := help
.PHONY: help build check test race histories share clients conformance differential mutate lint fuzz bench generate verify e2e up down

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build bin/gateway, static
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.buildVersion=$(VERSION)" -o bin/gateway ./cmd/gateway

check: verify lint test ## Everything that needs only Go

test: ## Run the tests
	$(GO) test -timeout $(TIMEOUT) ./...
	$(GO) test -C e2e -timeout $(TIMEOUT) ./...
	$(GO) test -C tools ./mutate

race: ## Run the tests with the race detector
	$(GO) test -race -timeout $(TIMEOUT) ./...
	$(GO) test -C e2e -race -timeout $(TIMEOUT) ./...

histories: ## Show that a message is sent once: HISTORIES in simulated time, KILLINGS of real processes
	$(GO) test -count=1 -v -timeout $(TIMEOUT) ./internal/histories -run '^TestHistories$$' -histories $(HISTORIES)
	$(GO) test -C e2e -count=1 -v -timeout $(TIMEOUT) ./topology/survival -run '^TestAMessageIsSentOnce' -killings $(KILLINGS)

share: ## Show that nobody takes more than a share: loads on the real binary, and the figures they come to
	$(GO) test -C e2e -count=1 -v -timeout $(TIMEOUT) -parallel 32 ./topology/share -full

clients: ## Show that real clients sign in once, and go on while replicas die and Redis is away (needs npm ci --prefix e2e --ignore-scripts)
	$(GO) test -C e2e -count=1 -v -timeout $(TIMEOUT) . -run '^TestClients' -full

conformance: ## Have the conformance suite judge the handlers with its fixtures on them, alone and as replicas (needs npm ci as above)
	$(GO) test -C e2e -tags conformance -count=1 -v -timeout 5m ./conformance

differential: ## Hold the gateway's answers to a corpus of requests beside those of both SDKs (-update notes what changed; needs npm ci as above)
	$(GO) test -C e2e -count=1 -v -timeout 5m ./differential $(FLAGS)

mutate: ## Seed N faults into PKG=./internal/… and count those that its tests notice (SEED chooses them, FLAGS=-h lists more)
	$(GO) build -C tools -o ../bin/mutate ./mutate
	bin/mutate -equivalent tools/mutate/equivalent.txt -dir $(if $(filter ./e2e/%,$(PKG)),e2e,.) -n $(N) -seed $(SEED) $(FLAGS) $(PKG:./e2e/%=./%)

lint: ## Run the linters
	$(TOOLS) golangci-lint run ./...
	cd e2e && $(GO) tool -modfile=../tools/go.mod golangci-lint run ./...
	cd tools && $(GO) tool golangci-lint run ./mutate

fuzz: ## Run each fuzz target for FUZZTIME
	@GO="$(GO)" FUZZTIME="$(FUZZTIME)" scripts/fuzz

bench: ## Run the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...
	$(GO) test -C e2e -run '^$$' -bench . -benchmem ./...

generate: ## Make what is generated: the REST models, the README's tables
	$(GO) generate ./...

verify: ## Fail if what is generated, formatted or required differs from what is committed
	@scripts/verify

e2e: ## Drive the gateway with real clients and a real identity provider
	npm ci --prefix e2e
	CI=true $(GO) test -C e2e -count=1 -v -timeout $(TIMEOUT) .

up: build ## Run docker-compose.yml from processes: balancer, three replicas, Redis, sandbox
	$(GO) build -C e2e -o ../bin/up ./topology/cmd/up
	bin/up

down: ## Stop what make up runs
	$(GO) build -C e2e -o ../bin/up ./topology/cmd/up
	bin/up down
