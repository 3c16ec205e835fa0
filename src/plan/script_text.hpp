// The parts of a plan's script that are the same in every one.
#pragma once

#include <string_view>

namespace vmspawn {

inline constexpr std::string_view script_preamble = R"(set -eu
umask 077
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }
credentials=${VMSPAWN_CRED_DIR:+$(realpath -- "$VMSPAWN_CRED_DIR")}
cd -- "${VMSPAWN_DIR:-.}"
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
)";

inline constexpr std::string_view script_need_credential = R"(
need_credential() {
    [ -n "$credentials" ] && [ -r "$credentials/$1" ] || die "credential '$1' is missing: put its value into \$VMSPAWN_CRED_DIR/$1"
}
)";

inline constexpr std::string_view script_helpers = R"(
helpers=()
trap '[ ${#helpers[@]} = 0 ] || kill "${helpers[@]}" 2>/dev/null || :; rm -rf -- "$work"' EXIT
wait_for_socket() {
    until [ -S "$1" ]; do
        kill -0 "$2" 2>/dev/null || die "a helper of the machine did not start"
        sleep 0.02
    done
}
)";

inline constexpr std::string_view script_pick_port = R"(
# A port that nobody answers on; another program may still take it before QEMU does.
pick_port() {
    local port
    while port=$((RANDOM % 16384 + 49152)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}
)";

}  // namespace vmspawn
