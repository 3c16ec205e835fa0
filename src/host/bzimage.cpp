#include "host/bzimage.hpp"

#include "host/bytes.hpp"

namespace vmspawn {

namespace {

// Of the setup header, which every field of lies in the first kilobyte.
constexpr std::size_t setup_sectors_at = 0x1f1, magic_at = 0x202, version_at = 0x206, payload_offset_at = 0x248, payload_size_at = 0x24c;
constexpr std::size_t header_end = 0x250;

}  // namespace

std::optional<PayloadPlace> bzimage_payload(std::string_view beginning) {
    if (beginning.size() < header_end || beginning.substr(magic_at, 4) != "HdrS" || number_at(beginning, version_at, 2) < 0x208)
        return std::nullopt;
    const std::uint64_t sectors = number_at(beginning, setup_sectors_at, 1);
    const std::uint64_t protected_mode = ((sectors == 0 ? 4 : sectors) + 1) * 512;
    const PayloadPlace place{.offset = protected_mode + number_at(beginning, payload_offset_at, 4),
                             .size = number_at(beginning, payload_size_at, 4)};
    return place.size > 4 ? std::optional(place) : std::nullopt;
}

std::string_view compression_of(std::string_view magic_bytes) {
    using namespace std::string_view_literals;
    if (magic_bytes.starts_with("\x1f\x8b"sv))
        return "gzip";
    if (magic_bytes.starts_with("\xfd"
                                "7zXZ\0"sv))
        return "xz";
    if (magic_bytes.starts_with("\x28\xb5\x2f\xfd"sv))
        return "zstd";
    return magic_bytes.starts_with("\x02\x21\x4c\x18"sv) ? "lz4" : "";
}

}  // namespace vmspawn
