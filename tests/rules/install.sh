#!/bin/bash
# install.sh BUILD: an installation into an empty place has every file, and the installed program finds what it needs.
set -euo pipefail
build=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
DESTDIR=$root cmake --install "$build" --prefix /usr >/dev/null
failed=0
expect() { [ -s "$root/usr/$1" ] || { echo "not installed: /usr/$1"; failed=1; }; }
expect bin/vmspawn
expect share/vmspawn/vmspawn.schema.json
expect share/bash-completion/completions/vmspawn
expect share/zsh/site-functions/_vmspawn
expect share/fish/vendor_completions.d/vmspawn.fish
expect lib/systemd/system/vmspawn@.service
expect share/doc/vmspawn/copyright
for page in man1/vmspawn.1 man5/vmspawn.definition.5; do
    expect share/man/$page
    # a page that lacks its NAME line cannot be found by whatis
    if command -v lexgrog >/dev/null; then lexgrog "$root/usr/share/man/$page" >/dev/null || { echo "$page has no NAME"; failed=1; }; fi
done
"$root/usr/bin/vmspawn" --version >/dev/null
"$root/usr/bin/vmspawn" schema | cmp - "$root/usr/share/vmspawn/vmspawn.schema.json"
grep -q '^ExecStart=/usr/bin/vmspawn run ' "$root/usr/lib/systemd/system/vmspawn@.service" || { echo "the unit does not start the installed program"; failed=1; }
exit $failed
