#!/usr/bin/env bash
# Builds the guest as a core WebAssembly module and prints the path of the file.
#
#   guest/build.sh [TARGET_DIR] [portable|embedded] [FEATURES]
#
# portable: simd128, the published component. embedded: also relaxed-simd, for the native host's own image.
# The Rust compiler is whichever has a wasm32-unknown-unknown standard library: the active one (rustup with the
# target), else Debian's (packages rustc-web cargo-web rust-web-src lld-22), which builds the library from source.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
target_dir=$(realpath -m "${1:-$here/../target/guest}")
flavour=${2:-portable}
features=${3:-}
triple=wasm32-unknown-unknown

case $flavour in
  portable) simd="+simd128,+bulk-memory" ;;
  embedded) simd="+simd128,+bulk-memory,+relaxed-simd" ;;
  *) echo "guest/build.sh: expected portable or embedded, found '$flavour'" >&2; exit 2 ;;
esac

# What a surrounding cargo sets for its own build must not leak into this one.
unset CARGO_ENCODED_RUSTFLAGS RUSTC RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER RUSTDOC CARGO CARGO_BUILD_TARGET RUSTC_BOOTSTRAP
for name in ${!CARGO_PROFILE_*} ${!CARGO_TARGET_*}; do unset "$name"; done

args=(build --quiet --locked --manifest-path "$here/Cargo.toml" --lib --profile guest --target $triple
      --target-dir "$target_dir")
[ -n "$features" ] && args+=(--features "$features")

has_target() { [ -d "$("$1" --print target-libdir --target $triple 2>/dev/null)" ]; }

# One build at a time: all flavours share a directory, and with it the compiled procedural macros.
mkdir -p "$target_dir"
if command -v flock >/dev/null; then exec 9>"$target_dir/.lock"; flock 9; fi

cd "$here"
if command -v cargo >/dev/null && has_target rustc; then
  RUSTFLAGS="-Ctarget-feature=$simd" cargo "${args[@]}"
elif [ -x /usr/bin/cargo ] && [ -d /usr/lib/rustlib/src ]; then
  linker=
  for candidate in /usr/bin/wasm-ld /usr/bin/wasm-ld-[0-9]*; do [ -x "$candidate" ] && linker=$candidate; done
  [ -n "$linker" ] || { echo "guest/build.sh: expected wasm-ld of Debian's package lld-22: apt-get install lld-22" >&2; exit 1; }
  RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTUP_TOOLCHAIN= \
  RUSTFLAGS="-Ctarget-feature=$simd -Clinker=$linker -Clinker-flavor=wasm-ld" \
    /usr/bin/cargo "${args[@]}" -Z build-std=std,panic_abort
else
  cat >&2 <<'EOF'
guest/build.sh: expected a Rust compiler with the wasm32-unknown-unknown standard library, found none.
  with rustup:    rustup target add wasm32-unknown-unknown
  on Debian:      apt-get install rustc-web cargo-web rust-web-src lld-22
  or run:         make toolchain
EOF
  exit 1
fi
module=$target_dir/$flavour${features:+-$features}.wasm
cp "$target_dir/$triple/guest/dastap_guest.wasm" "$module"
echo "$module"
