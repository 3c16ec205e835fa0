#!/bin/bash
# package.sh BUILD: the Debian package holds what an installation holds and depends on the libraries it needs.
set -euo pipefail
build=$1
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
(cd "$build" && cpack -G DEB -B "$out" >"$out/log" 2>&1) || { cat "$out/log"; exit 1; }
package=$(echo "$out"/*.deb)
fields=$(dpkg-deb -f "$package" Package Version Depends Recommends)
files=$(dpkg-deb -c "$package")
echo "$fields"
grep -q '^Depends:.*libsystemd0' <<<"$fields"
grep -q '^Recommends:.*qemu-system-x86' <<<"$fields"
for file in usr/bin/vmspawn usr/share/vmspawn/vmspawn.schema.json usr/share/doc/vmspawn/copyright; do grep -q " \./$file\$" <<<"$files"; done
dpkg-deb --fsys-tarfile "$package" | tar xO ./usr/lib/systemd/system/vmspawn@.service | grep -q '^ExecStart=/usr/bin/vmspawn run '
