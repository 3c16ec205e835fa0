#include "run/notify.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <charconv>

namespace vmspawn {

namespace {

bool is_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_'; });
}

}  // namespace

std::optional<std::vector<NotifyField>> parse_notification(std::string_view message) {
    if (message.size() > longest_notification || message.find('\0') != std::string_view::npos)
        return std::nullopt;
    std::vector<NotifyField> fields;
    while (!message.empty()) {
        const std::size_t end = std::min(message.find('\n'), message.size());
        const std::string_view line = message.substr(0, end);
        message.remove_prefix(std::min(end + 1, message.size()));
        const std::size_t equals = line.find('=');
        if (equals != std::string_view::npos && is_name(line.substr(0, equals)))
            fields.push_back({std::string(line.substr(0, equals)), printable(line.substr(equals + 1))});
    }
    return fields;
}

std::optional<int> parse_exit_status(std::string_view text) {
    int number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool digits = std::ranges::all_of(text, is_digit);
    if (error != std::errc() || end != text.data() + text.size() || !digits || number > 255)
        return std::nullopt;
    return number;
}

}  // namespace vmspawn
