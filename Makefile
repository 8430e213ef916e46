# Targets for people and for CI alike. They install what they need once and say so; see "make help".

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all

FUZZTIME ?= 30s
BENCH ?= .
BENCHFLAGS ?= -benchmem

# Nothing built here is shipped, so no commit is stamped into it: that would fail in a checkout owned by someone else.
export GOFLAGS := $(shell go env GOFLAGS 2>/dev/null) -buildvcs=false

# Every module of the checkout, as a pattern and as a folder. Where there is no go.work that is the root alone.
packages = $$(go list -m -f '{{.Dir}}/...')
modules = $$(go list -m -f '{{.Dir}}')

# What the tests start besides Go and Node: command=Debian packages. (gcc is for the race detector.)
SYSTEM := gcc=gcc,libc6-dev chromium=chromium nginx=nginx-light
ifneq ($(wildcard backplane/redis/go.mod),)
SYSTEM += redis-server=redis-server
endif

# A folder with a package-lock.json has its modules once this file, which npm writes last, is newer than the lock.
NPM := $(patsubst %/package-lock.json,%/node_modules/.package-lock.json,\
	$(wildcard interop/*/package-lock.json example/*/package-lock.json))

.PHONY: all
all: test lint ## test and lint (what plain "make" does)

.PHONY: help
help: ## show this list
	@echo "make TARGET, where TARGET is one of:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-9s %s\n", $$1, $$2 }' Makefile
	@echo "FUZZTIME=$(FUZZTIME) is how long each fuzz target runs; BENCH=REGEXP chooses benchmarks."

.PHONY: deps
deps: deps-system $(NPM) bin/gotestsum ## install what the tests need: Debian packages, npm modules, test runner

.PHONY: deps-go deps-node deps-system
deps-go:
	@scripts/need go
deps-node: deps-go
	@scripts/need node npm
deps-system: deps-node
	@scripts/need $(SYSTEM)

%/node_modules/.package-lock.json: %/package-lock.json %/package.json | deps-node
	@echo "==> npm ci in $*"
	@cd $* && npm ci --no-audit --no-fund
	@touch $@

# The tools have a module of their own, so that what they need never mixes with what the library needs.
bin/gotestsum: tools/go.mod tools/go.sum | deps-go
	@echo "==> building the test runner (once, half a minute)"
	@GOWORK=off go build -C tools -trimpath -o ../$@ gotest.tools/gotestsum
	@touch $@

bin/golangci-lint: tools/go.mod tools/go.sum | deps-go
	@echo "==> building golangci-lint (once, two to four minutes)"
	@GOWORK=off go build -C tools -trimpath -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

.PHONY: test
test: deps ## every test, with the race detector, official clients and a real browser
	@echo "==> go test -race, all packages"
	@bin/gotestsum --format standard-quiet --jsonfile bin/race.json -- -race -count=1 $(packages)
	@echo "==> go test -short: what counts allocations cannot do it under the race detector"
	@bin/gotestsum --format standard-quiet --hide-summary skipped --jsonfile bin/short.json -- -short $(packages)
	@scripts/skips bin/race.json bin/short.json

.PHONY: short
short: deps-go ## quick tests: no race detector, no clients, nothing to install
	@go test -short $(packages)

.PHONY: interop
interop: deps ## only the tests against official clients, the browser and the recordings
	@go test -race -count=1 -v ./interop/...

.PHONY: fuzz
fuzz: deps-go ## run each fuzz target for FUZZTIME
	@scripts/fuzz $(FUZZTIME) $(packages)

.PHONY: bench
bench: deps-go ## run the Go benchmarks
	@go test -run '^$$' -bench '$(BENCH)' $(BENCHFLAGS) $(packages)

.PHONY: lint
lint: bin/golangci-lint ## golangci-lint, tidy go.mod files, vet for Windows, shellcheck
	@scripts/need shellcheck=shellcheck
	@echo "==> shellcheck"
	@shellcheck .ci/run scripts/*
	@echo "==> go vet for Windows"
	@GOOS=windows go vet ./...
	@bin/golangci-lint config verify
	@for dir in $(modules); do \
		echo "==> go mod tidy -diff and golangci-lint in $${dir#"$$PWD/"}"; \
		(cd "$$dir" && go mod tidy -diff && "$$OLDPWD/bin/golangci-lint" run --config "$$OLDPWD/.golangci.yml" ./...); \
	done

.PHONY: fmt
fmt: bin/golangci-lint ## format everything (gofumpt, gci)
	@for dir in $(modules); do \
		(cd "$$dir" && "$$OLDPWD/bin/golangci-lint" fmt --config "$$OLDPWD/.golangci.yml" ./...); \
	done

.PHONY: chat
chat: deps-node $(filter example/chat/%,$(NPM)) ## run the chat example
	@echo "==> building and starting example/chat; Ctrl-C ends it"
	@go run ./example/chat

.PHONY: auth
auth: deps-node $(filter example/auth/%,$(NPM)) ## run the auth example
	@echo "==> building and starting example/auth; Ctrl-C ends it"
	@go run ./example/auth

.PHONY: clean
clean: ## remove what make has built and installed here
	rm -rf bin interop/browser/artifacts $(patsubst %/.package-lock.json,%,$(NPM))
