# Shared by examples/run, examples/make-hello, tests/run and the tests: what to install, and how guests are made. Sourced by bash.

# Every package that the scripts install, in one place.
build_packages=(g++ cmake ninja-build pkg-config ccache libtomlplusplus-dev nlohmann-json3-dev libsystemd-dev librange-v3-dev libfmt-dev libpugixml-dev
    liblz4-dev liblzma-dev libzstd-dev zlib1g-dev libfdisk-dev libblkid-dev)
guest_packages=(qemu-system-x86 cpio kmod xz-utils)  # the guest's kernel and busybox are only unpacked, never installed
test_packages=(libgtest-dev libgmock-dev clang clang-tidy clang-format libclang-rt-dev git python3 python3-jsonschema universal-ctags
    binutils file strace qemu-utils fish zsh libxml2-utils xsltproc docbook-xsl docbook-xml dpkg-dev man-db mandoc
    mmdebstrap debian-archive-keyring fdisk e2fsprogs mtools ovmf osslsigncode swtpm swtpm-tools qemu-system-arm qemu-system-misc opensbi
    openssh-client systemd systemd-journal-remote uidmap qemu-system-gui xvfb x11-utils passt iproute2 tmux)

# What is made once and used by every build: packages unpacked under their version, guests under a hash of all that they are made of.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vmspawn-tests

say() { printf '== %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# A failing command is named with its place. Call once after `set -euo pipefail`.
loud() {
    set -E
    shopt -s inherit_errexit
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

# bootstrap SUITE PACKAGES TREE: the packages, their signatures checked by Debian's keys. Lists of sid are valid for a week only, which a
# mirror may be behind.
bootstrap() {
    local proxy=
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    proxy=${http_proxy:-$proxy}
    mmdebstrap --quiet --variant=minbase --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "3"' \
        --aptopt='Acquire::Check-Valid-Until "false"' ${proxy:+--aptopt="Acquire::http::Proxy \"$proxy\""} \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --include="$2" "$1" "$3"
}

# made NAME KEY COMMAND…: prints the directory below the cache that COMMAND, given it as its last word, filled for KEY. It is made under
# another name and then renamed, so what is there is whole; a second run waits for the first; what nobody used for a fortnight goes.
made() {
    local name=$1 dir=$cache/$1-${2//:/%3a} work lock
    shift 2
    if [ ! -d "$dir" ]; then
        mkdir -p "$cache"
        exec {lock}>"$cache/.$name.lock"
        flock "$lock"
        if [ ! -d "$dir" ]; then
            work=$(mktemp -d "$cache/.$name.XXXXXX")
            chmod 755 "$work"
            "$@" "$work" >&2 || { remove "$work"; die "could not make $name"; }
            touch "$work"  # a package brings its own date
            mv -T "$work" "$dir"
            while read -r work; do remove "$work"; done < <(find "$cache" -mindepth 1 -maxdepth 1 -type d -mtime +14)
        fi
        exec {lock}>&-
    fi
    touch "$dir"
    echo "$dir"
}

# Trees of guests belong to root.
remove() { rm -rf "$1" 2>/dev/null || as_root rm -rf "$1"; }

# key_of WORD…: one short word for all of them; a file counts by what it holds.
key_of() {
    local word
    for word in "$@"; do if [ -f "$word" ]; then cat "$word"; else echo "$word"; fi; done | sha256sum | cut -c 1-12
}

# npm_packages NAME@VERSION…: prints a directory that has them, of the npm registry. Debian's npm is installed where there is none.
npm_packages() {
    command -v npm >/dev/null || need_packages npm
    echo "$(made npm "$(key_of "$@")" install_npm "$@")/node_modules"
}
install_npm() { retry npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts --prefix "${!#}" "${@:1:$#-1}"; }

# Lines "PACKAGE VERSION" of the guests' packages as this system would install them. apt takes a second to say it, so the answer is kept
# until its lists change.
versions() {
    local file=$cache/versions meta text
    if [ ! -s "$file" ] || [ /var/lib/apt/lists -nt "$file" ] || [ /etc/apt -nt "$file" ] || [ "${BASH_SOURCE[0]}" -nt "$file" ]; then
        mkdir -p "$cache"
        meta=linux-image-cloud-$(dpkg --print-architecture)
        apt-cache show "$meta" busybox-static >/dev/null 2>&1 || retry apt update >&2
        # Debian's cloud kernel: small, and most of what a virtual machine needs is built in or a module of it
        text=$(apt-cache show --no-all-versions "$meta" busybox-static |
            sed -n -e 's/^Depends: \(linux-image-[0-9][^ ]*\) (= \([^)]*\)).*/\1 \2/p' -e '/^Package: busybox/,/^$/s/^Version: /busybox-static /p')
        [ "$(wc -l <<<"$text")" = 2 ] || die "no cloud kernel or busybox among the packages of this system"
        echo "$text" >"$file.$BASHPID"
        mv "$file.$BASHPID" "$file"
    fi
    cat "$file"
}

# Prints the directory that holds busybox-static, unpacked below the cache and not installed.
busybox_tree() {
    local version
    version=$(versions | sed -n 's/^busybox-static //p')
    made busybox-static "$version" download_package "busybox-static=$version"
}

# Prints the directory of the unpacked kernel: boot/vmlinuz-VERSION and lib/modules/VERSION with its dependency list.
kernel_tree() {
    local package version
    read -r package version < <(versions | grep '^linux-image')
    made "$package" "$version" unpack_kernel "$package=$version"
}

unpack_kernel() {
    download_package "$1" "$2" && /sbin/depmod -b "$2" "$(ls "$2/lib/modules")"
}

# download_package NAME=VERSION DIR: its files in DIR.
download_package() {
    local work
    work=$(mktemp -d)
    if (cd "$work" && retry apt-get -q -o Acquire::Retries=3 -o APT::Sandbox::User=root download "$1") && dpkg-deb -x "$work"/*.deb "$2"; then
        rm -rf "$work"
    else
        rm -rf "$work"
        return 1
    fi
}

# pack_initrd OUT INIT KERNEL_TREE MODULE…: busybox, INIT as /init, and the modules in the order in which they are to be loaded.
# Of another architecture: foreign_busybox=FILE. One more program: more_program=FILE.
pack_initrd() {
    local out=$1 init=$2 kernel=$3 work version path number=0 busybox
    shift 3
    busybox=${foreign_busybox:-$(busybox_tree)/bin/busybox}
    version=$(ls "$kernel/lib/modules")
    work=$(mktemp -d)
    mkdir -p "$work"/{bin,dev,proc,sys,run,modules}
    install -m 755 "$busybox" "$work/bin/busybox"
    ln -s busybox "$work/bin/sh"
    [ -z "${more_program:-}" ] || install -m 755 "$more_program" "$work/bin/"
    install -m 755 "$init" "$work/init"
    while read -r path; do
        number=$((number + 1))
        path=$kernel/${path#"$kernel"/}
        local name=$work/modules/$(printf %02d "$number")-$(basename "${path%.xz}")
        case $path in *.xz) xz -dc "$path" >"$name" ;; *) install -m 644 "$path" "$name" ;; esac
    done < <(for module in "$@"; do
        /sbin/modprobe -d "$kernel" -S "$version" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
    done | awk '!seen[$0]++')
    (cd "$work" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 --reproducible) | gzip -1n >"$out.$$"
    rm -rf "$work"
    mv "$out.$$" "$out"
}
