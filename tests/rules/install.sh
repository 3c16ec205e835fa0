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
expect share/doc/vmspawn/own-user.conf
for page in man1/vmspawn.1 man5/vmspawn.definition.5 man7/vmspawn.examples.7; do
    expect share/man/$page
    expect share/doc/vmspawn/${page#*/}.html
    said=$( (LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l "$root/usr/share/man/$page" >/dev/null; mandoc -T lint -W warning "$root/usr/share/man/$page") 2>&1) || true
    [ -z "$said" ] || { echo "$said"; failed=1; }
    # a page that lacks its NAME line cannot be found by whatis
    if command -v lexgrog >/dev/null; then lexgrog "$root/usr/share/man/$page" >/dev/null || { echo "$page has no NAME"; failed=1; }; fi
done
"$root/usr/bin/vmspawn" --version >/dev/null
"$root/usr/bin/vmspawn" schema | cmp - "$root/usr/share/vmspawn/vmspawn.schema.json"
grep -q '^ExecStart=/usr/bin/vmspawn run ' "$root/usr/lib/systemd/system/vmspawn@.service" || { echo "the unit does not start the installed program"; failed=1; }

# The drop-in comes only when it is asked for, and then runs what is installed.
[ ! -e "$root/usr/bin/systemd-vmspawn" ] && [ ! -e "$root/usr/lib/systemd/system/systemd-vmspawn@.service" ] || { echo "the drop-in came unasked"; failed=1; }
DESTDIR=$root cmake --install "$build" --prefix /usr --component drop-in >/dev/null
expect lib/systemd/system/systemd-vmspawn@.service
[ "$(readlink "$root/usr/bin/systemd-vmspawn")" = vmspawn ] || { echo "systemd-vmspawn is no link to vmspawn"; failed=1; }
[ "$("$root/usr/bin/systemd-vmspawn" --version | head -n 1)" = "systemd 262 (262)" ] || { echo "the drop-in is not systemd-vmspawn"; failed=1; }
grep -q '^ExecStart=/usr/bin/systemd-vmspawn .*--machine=%i$' "$root/usr/lib/systemd/system/systemd-vmspawn@.service" ||
    { echo "the unit does not start the drop-in"; failed=1; }

# Asked for when the build is configured, it comes with the rest: the program and its pages are those of BUILD.
whole=$root/build root=$root/whole
cached() { sed -n "s/^$1:[^=]*=//p" "$build/CMakeCache.txt"; }
cmake -S "$(cached CMAKE_HOME_DIRECTORY)" -B "$whole" -G "$(cached CMAKE_GENERATOR)" -DCMAKE_CXX_COMPILER="$(cached CMAKE_CXX_COMPILER)" \
    -DCMAKE_BUILD_TYPE="$(cached CMAKE_BUILD_TYPE)" -DBUILD_TESTING=OFF -DVMSPAWN_DROP_IN=ON >/dev/null
cp "$build"/vmspawn "$build"/*.[157] "$build"/*.html "$whole"
DESTDIR=$root cmake --install "$whole" --prefix /usr >/dev/null
expect bin/vmspawn
expect lib/systemd/system/systemd-vmspawn@.service
[ "$(readlink "$root/usr/bin/systemd-vmspawn")" = vmspawn ] || { echo "systemd-vmspawn did not come with the rest"; failed=1; }
exit $failed
