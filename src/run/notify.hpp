// What a guest's systemd tells (sd_notify(3), over VSOCK): bytes of a stranger, read strictly.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// NAME=VALUE. The name has capital letters, digits and underscores; the value is printable UTF-8 with other bytes replaced.
struct NotifyField {
    std::string name;
    std::string value;
    friend bool operator==(const NotifyField&, const NotifyField&) = default;
};

inline constexpr std::size_t longest_notification = 4096;

/// The fields of one message. Lines that are no field are left out; nothing when the message is too long or has a NUL.
std::optional<std::vector<NotifyField>> parse_notification(std::string_view message);

/// 0 to 255, in decimal digits only.
std::optional<int> parse_exit_status(std::string_view text);

}  // namespace vmspawn
