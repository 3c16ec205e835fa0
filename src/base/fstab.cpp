#include "base/fstab.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vmspawn {

std::string fstab_field(std::string_view text) {
    std::string field;
    for (const char c : text)
        field += c == ' ' || c == '\t' || c == '\n' || c == '\\' || c == '#' ? fmt::format("\\{:03o}", static_cast<unsigned char>(c))
                                                                             : std::string(1, c);
    return field;
}

std::string mount_word_field(std::string_view text) {
    std::string field;
    for (const char c : text)
        field += c <= ' ' || c == ':' || c == '\\' || c == '"' || c == '\'' ? fmt::format("\\x{:02x}", static_cast<unsigned char>(c))
                                                                            : std::string(1, c);
    return field;
}

bool is_mounted_late(std::string_view target) {
    return std::ranges::any_of(std::array{"/run/", "/tmp/", "/dev/", "/proc/", "/sys/"},
                               [&](std::string_view start) { return target.starts_with(start); });
}

}  // namespace vmspawn
