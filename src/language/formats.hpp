// The text forms of values: parse and print. Rules: systemd-vmspawn(1) and reference A.0, without its bugs.
#pragma once

#include "base/hardware_address.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vmspawn {

/// Bytes: digits, or upper-case B K M G T P E (base 1024), fractions (1.5G), terms from large to small (1G512M).
/// Nothing if malformed, negative or over 2^64-1.
std::optional<std::uint64_t> parse_size(std::string_view text);
/// Shortest exact form: 2G, 1536M, 1000.
std::string print_size(std::uint64_t bytes);

/// Microseconds, systemd.time(7) spans: "90", "1min 30s", "500ms". Nothing if malformed; "infinity" is UINT64_MAX.
std::optional<std::uint64_t> parse_span(std::string_view text);
std::string print_span(std::uint64_t microseconds);

/// 1 yes y true t on / 0 no n false f off, in any case.
std::optional<bool> parse_boolean(std::string_view text);

/// A vsock context id, 3…4294967294.
std::optional<std::uint32_t> parse_cid(std::string_view text);

/// A 128-bit id, dashed or not, not zero.
using Uuid = std::array<std::uint8_t, 16>;
std::optional<Uuid> parse_uuid(std::string_view text);
std::string print_uuid(const Uuid& uuid);  ///< dashed

/// Hostname label rules: letters, digits, '-' and '.', at most 64, no empty label, no '-' at the ends of a label.
bool is_machine_name(std::string_view text);
/// Drops what a machine name may not hold, as systemd's hostname_cleanup does; may be empty.
std::string clean_machine_name(std::string_view text);

/// Six bytes, colon separated, unicast, not zero.
std::optional<Mac> parse_mac(std::string_view text);

/// A credential's id: a file name without '/', control characters or ':'; not "." or ".."; under 256 bytes.
bool is_credential_id(std::string_view text);

/// [BIND:]HOST:GUEST[/udp]; BIND is an IPv4 address or [IPv6], 127.0.0.1 if absent. HOST and GUEST are ports, or ranges FIRST-LAST of
/// the same length; HOST may be 0.
struct PortForward {
    std::string bind = "127.0.0.1";
    std::uint16_t host = 0;  ///< 0: any free one
    std::uint16_t guest = 0;
    bool udp = false;
    std::uint16_t count = 1;  ///< of ports, from `host` and `guest` on
    friend bool operator==(const PortForward&, const PortForward&) = default;
};
std::optional<PortForward> parse_forward(std::string_view text);
std::string print_forward(const PortForward& forward);

/// systemd's C-style escapes, for --set-credential: \n \x41 \101 \u00e4 …; NUL may result. Nothing on a bad escape.
std::optional<std::string> unescape(std::string_view text);

/// Is `text` a path where words could stand too? Only if it starts with /, ./, ../ or ~/.
bool is_explicit_path(std::string_view text);

/// SHIFT[:RANGE] of --private-users; RANGE is 65536 if absent, at least 1, and the last id is below 2^32-1.
struct IdRange {
    std::uint32_t shift = 0;
    std::uint32_t range = 65536;
    friend bool operator==(const IdRange&, const IdRange&) = default;
};
std::optional<IdRange> parse_id_range(std::string_view text);

/// Does `text` have the form that the schema calls `format`? Unknown format names are a programming error (abort).
bool has_format(std::string_view format, std::string_view text);
/// Every name has_format() knows, sorted; a test holds it against the schema.
std::span<const std::string_view> format_names();

}  // namespace vmspawn
