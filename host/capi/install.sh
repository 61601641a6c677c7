#!/bin/sh
# Puts the built library where compilers and pkg-config look: install.sh BUILT PREFIX
set -eu
built=$1 prefix=$2 here=$(dirname "$0")
mkdir -p "$prefix/lib/pkgconfig" "$prefix/include"
install -m 755 "$built/libdastap.so" "$prefix/lib/libdastap.so.1"
ln -sf libdastap.so.1 "$prefix/lib/libdastap.so"
install -m 644 "$built/libdastap.a" "$prefix/lib/"
install -m 644 "$here/include/dastap.h" "$prefix/include/"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../../Cargo.toml")
# What `rustc --print native-static-libs` says.
sed -e "s/@VERSION@/$version/" -e "s/@LIBRARIES@/-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc/" \
    "$here/dastap.pc.in" >"$prefix/lib/pkgconfig/dastap.pc"
