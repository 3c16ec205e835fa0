# Shared by examples/run, examples/make-hello, tests/run and the tests: what to install, and how guests are made. Sourced by bash.

# Every package that the scripts install, in one place.
build_packages=(g++ cmake ninja-build pkg-config ccache libtomlplusplus-dev nlohmann-json3-dev libsystemd-dev librange-v3-dev libfmt-dev)
guest_packages=(qemu-system-x86 cpio kmod xz-utils)  # the guest's kernel and busybox are only unpacked, never installed
test_packages=(libgtest-dev libgmock-dev clang clang-tidy clang-format libclang-rt-dev git python3 python3-jsonschema universal-ctags
    binutils file strace qemu-utils fish zsh libxml2-utils xsltproc docbook-xsl docbook-xml dpkg-dev man-db)

cache=${XDG_CACHE_HOME:-$HOME/.cache}/vmspawn-guests

say() { printf '== %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# A failing command is named with its place. Call once after `set -euo pipefail`.
loud() {
    set -E
    trap 'status=$?; printf "%s: line %s: \"%s\" failed with status %s\n" "${BASH_SOURCE[0]}" "$LINENO" "$BASH_COMMAND" "$status" >&2' ERR
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "needs root or sudo for: $*"
    fi
}

# Three tries: mirrors break off now and then.
retry() {
    local try
    for try in 1 2 3; do
        if "$@"; then return 0; fi
        say "try $try of 3 failed: $*"
        sleep $((try * 3))
    done
    die "gave up: $*"
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@"; }

# Installs what is missing; touches nothing when all is there.
need_packages() {
    local there missing=() package
    there=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
    for package in "$@"; do grep -qxF "$package installed" <<<"$there" || missing+=("$package"); done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${missing[*]}"
    retry apt update
    retry apt install -y --no-install-recommends "${missing[@]}"
}

# unpack_package NAME: prints the directory that holds the package's files, unpacked below the cache and not installed.
unpack_package() {
    local name=$1 work dir
    dir=$(echo "$cache/$name"_*.d)
    if [ -d "$dir" ]; then echo "$dir"; return; fi
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/.$name.XXXXXX")
    apt-cache show "$name" >/dev/null 2>&1 || retry apt update >&2
    (cd "$work" && retry apt-get -q -o Acquire::Retries=3 -o APT::Sandbox::User=root download "$name") >&2 ||
        { rm -rf "$work"; return 1; }
    dir=$cache/$(basename "$(echo "$work"/*.deb)" .deb).d
    dpkg-deb -x "$work"/*.deb "$work/tree" && { mv -T "$work/tree" "$dir" 2>/dev/null || [ -d "$dir" ]; }
    rm -rf "$work"
    echo "$dir"
}

# Debian's cloud kernel: small, and most of what a virtual machine needs is built in or a module of it.
kernel_package() {
    local meta
    meta=linux-image-cloud-$(dpkg --print-architecture)
    apt-cache show "$meta" >/dev/null 2>&1 || retry apt update >&2
    apt-cache depends "$meta" | sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1
}

# Prints the directory of the unpacked kernel: boot/vmlinuz-VERSION and lib/modules/VERSION with its dependency list.
kernel_tree() {
    local package tree version
    tree=$(find "$cache" -maxdepth 1 -name 'linux-image-*-cloud-*_*.d' 2>/dev/null | sort -V | tail -n 1 || true)
    if [ -z "$tree" ]; then
        package=$(kernel_package)
        [ -n "$package" ] || die "no cloud kernel among the packages of this system"
        tree=$(unpack_package "$package")
    fi
    version=$(ls "$tree/lib/modules")
    [ -e "$tree/lib/modules/$version/modules.dep" ] || /sbin/depmod -b "$tree" "$version"
    echo "$tree"
}

# pack_initrd OUT INIT KERNEL_TREE MODULE…: busybox, INIT as /init, and the modules in the order in which they are to be loaded.
pack_initrd() {
    local out=$1 init=$2 kernel=$3 work version path number=0 busybox
    shift 3
    busybox=$(unpack_package busybox-static)/bin/busybox
    version=$(ls "$kernel/lib/modules")
    work=$(mktemp -d)
    mkdir -p "$work"/{bin,dev,proc,sys,run,modules}
    install -m 755 "$busybox" "$work/bin/busybox"
    ln -s busybox "$work/bin/sh"
    install -m 755 "$init" "$work/init"
    while read -r path; do
        number=$((number + 1))
        path=$kernel/${path#"$kernel"/}
        local name=$work/modules/$(printf %02d "$number")-$(basename "${path%.xz}")
        case $path in *.xz) xz -dc "$path" >"$name" ;; *) install -m 644 "$path" "$name" ;; esac
    done < <(for module in "$@"; do
        /sbin/modprobe -d "$kernel" -S "$version" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
    done | awk '!seen[$0]++')
    (cd "$work" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 --reproducible) | gzip -1n >"$out.new"
    rm -rf "$work"
    mv "$out.new" "$out"
}
