# `make demo` shows what dastap does, `make test` proves it. Both install what is missing, once.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test check bench component capi fluent-bit toolchain clean

# The first Rust that answers and is new enough: the one on the PATH, rustup's, Debian's. Looked for at every use,
# because an earlier step may have installed it.
RUST_BIN = $(shell for dir in $$(dirname "$$(command -v cargo || echo /usr/bin/cargo)") "$$HOME/.cargo/bin" /usr/bin; do \
	"$$dir/cargo" --version 2>/dev/null | grep -Eq '^cargo (1\.(9[5-9]|[1-9][0-9]{2})|[2-9])\.' && { echo "$$dir"; break; }; done)
CARGO = PATH="$(RUST_BIN):$$PATH" cargo
PYTHON := $(CURDIR)/target/venv/bin/python

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: target/.tools ## Generate an encrypted stream and decode it: events, and the KMS calls saved
	@$(CARGO) build --bin dastap
	@$(CARGO) run --quiet --bin dastap -- demo

test: target/.tools target/.peers target/.foreign ## Every test: unit, documentation, end to end, AWS's SDK and a KMS as peers
	@$(CARGO) build --all-targets
	@DASTAP_PYTHON="$(PYTHON)" $(CARGO) test

check: target/.tools target/.lints ## Format, lints, documentation: warnings are errors
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --all-targets -- --deny warnings
	@RUSTDOCFLAGS="--deny warnings" $(CARGO) doc --no-deps

bench: target/.tools target/.peers ## How fast it is: ratios beside the goals, also in target/bench.json (takes a while)
	@$(CARGO) build --release --package dastap --package dastap-bench
	@DASTAP_PYTHON="$(PYTHON)" target/release/dastap-bench

component: target/.tools ## The portable component, for other hosts: target/dastap.wasm and its SHA-256
	@$(CARGO) run --quiet --package dastap-tests --bin component -- target/dastap.wasm
	@cd target && sha256sum dastap.wasm | tee dastap.wasm.sha256

capi: target/.tools ## The C library: target/capi with libdastap, dastap.h and a pkg-config file
	@$(CARGO) build --release --package dastap-capi
	@host/capi/install.sh target/release target/capi

fluent-bit: capi ## The filter for Fluent Bit: target/fluent-bit, with its Lua form
	@$(CARGO) build --release --package dastap-fluent-bit
	@mkdir -p target/fluent-bit
	@install -m 755 target/release/libflb_filter_dastap.so target/fluent-bit/flb-filter_dastap.so
	@cp pipelines/fluent-bit/dastap.lua pipelines/fluent-bit/*.yaml target/capi/lib/libdastap.so.1 target/fluent-bit/

toolchain: target/.tools ## Install the compilers that are missing; every other target does it by itself

clean: ## Remove everything that was built or installed here
	@rm -rf target

# $(call install,packages,what to say where Debian's packages cannot be had)
APT = DEBIAN_FRONTEND=noninteractive $(if $(filter 0,$(shell id -u)),,sudo -E) apt-get -qq
define install
{ echo "installing $(1)"; \
  { $(APT) update && $(APT) install --yes --no-install-recommends $(1); } >target/install.log 2>&1 \
  || { cat target/install.log; echo "please install $(2)"; exit 1; }; }
endef
comma := ,

# The decoder is compiled to WebAssembly: either the Rust in use has the standard library for that, or Debian's Rust
# builds it from source. This question must not make rustup download anything.
define guest-toolchain
{ test -d "$$(RUSTUP_AUTO_INSTALL=0 PATH="$(RUST_BIN):$$PATH" rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null)" \
  || { test -x /usr/bin/rustc && test -d /usr/lib/rustlib/src/rust/library && command -v wasm-ld-22 >/dev/null; }; }
endef

target/.tools: Makefile rust-toolchain.toml
	@mkdir -p target
	@command -v cc >/dev/null || $(call install,gcc libc6-dev,a C compiler)
	@{ test -n "$(RUST_BIN)" && $(guest-toolchain); } || $(call install,rustc-web cargo-web rust-web-src lld-22,Rust 1.95 \
		or later with the WebAssembly target: https://rustup.rs - then rustup target add wasm32-unknown-unknown)
	@touch $@

target/.lints: target/.tools
	@{ $(CARGO) fmt --version && $(CARGO) clippy --version; } >/dev/null 2>&1 \
		|| $(call install,rustfmt-web rust-web-clippy,rustfmt and clippy: rustup component add rustfmt clippy)
	@touch $@

# Programs that the tests run: C under valgrind, LuaJIT as Fluent Bit has it.
target/.foreign: Makefile
	@mkdir -p target
	@{ command -v valgrind && command -v luajit && command -v pkg-config; } >/dev/null \
		|| $(call install,valgrind luajit pkg-config libc6-dbg,valgrind$(comma) luajit and pkg-config)
	@touch $@

# The foreign side of the tests lives in a virtual environment of its own.
target/.peers: tests/peer/requirements.txt
	@mkdir -p target
	@python3 -c 'import ensurepip, venv' 2>/dev/null \
		|| $(call install,python3 python3-venv,Python 3.10 or later with its venv module)
	@python3 -m venv --clear target/venv
	@target/venv/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
