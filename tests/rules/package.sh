#!/bin/bash
# package.sh BUILD: the Debian package holds what an installation holds and depends on the libraries it needs.
set -euo pipefail
build=$1
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
(cd "$build" && cpack -G DEB -B "$out" >"$out/log" 2>&1) || { cat "$out/log"; exit 1; }
package=$(echo "$out"/*.deb)
dpkg-deb -f "$package" Package Version Depends Recommends
dpkg-deb -f "$package" Depends | grep -q libsystemd0
dpkg-deb -f "$package" Recommends | grep -q qemu-system-x86
dpkg-deb -c "$package" | grep -q ' ./usr/bin/vmspawn$'
