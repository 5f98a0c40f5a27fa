#!/bin/sh
# by_pkg_config.sh PREFIX OUT TRACE: builds main.c with what pkg-config says, shared and static, and runs both.
set -eu
here=$(dirname "$0") prefix=$1 out=$2 trace=$3
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name kvspec.pc)")
export PKG_CONFIG_PATH
mkdir -p "$out"
libdir=$(pkg-config --variable=libdir kvspec)
# The flags are words, so they stand unquoted.
"${CC:-cc}" -std=c99 -Wall -Wextra -Wpedantic -Werror $(pkg-config --cflags kvspec) "$here/main.c" -o "$out/shared" \
  $(pkg-config --libs kvspec)
LD_LIBRARY_PATH=$libdir "$out/shared" "$trace"
"${CC:-cc}" -std=c99 $(pkg-config --cflags kvspec) "$here/main.c" -o "$out/static" \
  $(pkg-config --static --libs kvspec | sed 's/-lkvspec/-l:libkvspec.a/')
"$out/static" "$trace"
