# The only door to this repository: `make help` lists what there is.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --warn-undefined-variables --no-builtin-rules

XTASK := cargo xtask
DEMO_BINS := --bin lockstep --bin shopify-standin --bin demo --bin demo-warehouse
BENCH_PACKAGES := --package lockstep --package lockstep-shopify-standin --package lockstep-bench
BENCH ?=
RUSTDOCFLAGS ?= -D warnings

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Show the product at work, beside private servers, until Ctrl-C (DEMO_EXIT=1: end after the table)
	cargo build $(DEMO_BINS)
	exec target/debug/demo

# A test mostly waits for its servers, so twice as many run at once as there are processors, up to
# eight of them.
PROCESSORS := $(shell getconf _NPROCESSORS_ONLN)
export NEXTEST_TEST_THREADS ?= $(shell n=$(PROCESSORS); echo $$((n > 8 ? n : n > 4 ? 8 : 2 * n)))

.PHONY: test
test: ## Run every quick test against a private nats-server and Postgres, and tell the mistakes at Shopify
	rm -rf target/violations
	$(XTASK) with-services -- cargo nextest run --workspace
	$(XTASK) violations

# Histories of the simulation: so many, or the one of a seed.
SEED ?=
SIM_SEEDS := $(if $(filter command environment,$(origin SEEDS)),$(SEEDS),1000)

.PHONY: sim
sim: ## Tell random histories through the real processors, by seed (SEEDS=n: so many; SEED=x: that one)
	SEED=$(SEED) SEEDS=$(SIM_SEEDS) cargo nextest run --package lockstep-simulation --profile full

.PHONY: test-full
test-full: ## Run every test, with many more generated cases, and the examples in the documentation
	SEEDS=$(SIM_SEEDS) PROPTEST_CASES=4096 $(XTASK) with-services -- cargo nextest run --workspace --profile full
	cargo test --doc --workspace
	$(MAKE) chaos

.PHONY: behaviours
behaviours: ## Tell which behaviours owed to users are shown, by running the tests that carry their numbers
	$(XTASK) behaviours

.PHONY: bench
bench: ## Measure speed and memory as shipped (BENCH=ingest, movements, push, stock or memory: only that)
	cargo build --profile dist $(BENCH_PACKAGES)
	exec target/dist/bench $(BENCH)

# A story takes a minute or two and mostly waits, so several run at once.
SEEDS ?= 50
CHAOS_AT_ONCE ?= 4

.PHONY: chaos
chaos: ## Tell the story of the demo under kill -9, once per seed from 1 to SEEDS (50); every table must be equal
	cargo build $(DEMO_BINS)
	mkdir -p target/chaos
	seq 1 $(SEEDS) | xargs -P $(CHAOS_AT_ONCE) -I SEED bash -c 'log=target/chaos/SEED.log; \
	  target/debug/demo --chaos SEED >$$log 2>&1 && echo "seed SEED: equal" \
	  || { tail -n 80 $$log; echo "seed SEED: FAILED, see $$log"; exit 255; }'

.PHONY: check
check: check-style check-rules proto ## Everything that can be said without running: format, lints, documents, rules, contracts, licences
	$(XTASK) tool cargo-deny -- check --hide-inclusion-graph bans licenses sources

.PHONY: check-style
check-style: ## Format, clippy and documentation, each without a warning
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="$(RUSTDOCFLAGS)" cargo doc --workspace --no-deps --quiet

.PHONY: check-rules
check-rules: ## Direction of dependency, sizes, names, leftovers, immutable migrations, checked SQL
	$(XTASK) check-deps
	$(XTASK) tidy
	$(XTASK) sqlx-prepare --check
	$(XTASK) schema --check

.PHONY: dev
dev: ## Keep a private nats-server and Postgres up until Ctrl-C and print their addresses
	$(XTASK) dev-env

.PHONY: proto
proto: ## Lint the contracts and compare them with the last release
	$(XTASK) proto-check

.PHONY: proto-release
proto-release: ## Make the contracts as they are now the release to compare with
	$(XTASK) proto-release

.PHONY: canary
canary: ## Hold every Shopify operation against the next version of the Admin API
	$(XTASK) canary

.PHONY: fetch
fetch: ## Fetch everything that the other targets need, so that they work without a network
	$(XTASK) fetch
