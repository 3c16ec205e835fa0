// Hardware addresses and port forwards.
#include "language/formats.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <charconv>

namespace vmspawn {

namespace {

bool is_address(int family, const std::string& text) {
    in6_addr room{};  // an IPv4 address fits too
    return inet_pton(family, text.c_str(), &room) == 1;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (failure != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return port;
}

struct Ports {
    std::uint16_t first = 0;
    std::uint16_t count = 1;
};

/// PORT or FIRST-LAST. A range starts at 1.
std::optional<Ports> parse_ports(std::string_view text) {
    const auto dash = text.find('-');
    const auto first = parse_port(text.substr(0, dash));
    if (!first || dash == std::string_view::npos)
        return first ? std::optional(Ports{*first}) : std::nullopt;
    const auto last = parse_port(text.substr(dash + 1));
    if (!last || *first == 0 || *last < *first)
        return std::nullopt;
    return Ports{*first, static_cast<std::uint16_t>(*last - *first + 1)};
}

std::string print_ports(std::uint16_t first, std::uint16_t count) {
    return count == 1 ? std::to_string(first) : fmt::format("{}-{}", first, first + count - 1);
}

/// Takes "BIND:" off the front, if there is one. False if it is no address.
bool take_bind(std::string_view& rest, std::string& bind) {
    if (rest.substr(0, 1) == "[") {
        const auto close = rest.find("]:");
        if (close == std::string_view::npos)
            return false;
        bind = rest.substr(1, close - 1);
        rest.remove_prefix(close + 2);
        return is_address(AF_INET6, bind);
    }
    const auto last = rest.rfind(':');
    const auto first = rest.find(':');
    if (first == last)
        return true;
    bind = rest.substr(0, first);
    rest.remove_prefix(first + 1);
    return is_address(AF_INET, bind);
}

}  // namespace

std::optional<Mac> parse_mac(std::string_view text) {
    return text.find(':') == 2 ? parse_hardware_address(text) : std::nullopt;
}

std::optional<PortForward> parse_forward(std::string_view text) {
    PortForward forward;
    if (text.size() >= 4 && text.substr(text.size() - 4) == "/udp") {
        forward.udp = true;
        text.remove_suffix(4);
    }
    if (text.find('\0') != std::string_view::npos || !take_bind(text, forward.bind))
        return std::nullopt;
    const auto colon = text.find(':');
    if (colon == std::string_view::npos)
        return std::nullopt;
    const auto host = parse_ports(text.substr(0, colon));
    const auto guest = parse_ports(text.substr(colon + 1));
    if (!host || !guest || guest->first == 0 || host->count != guest->count)
        return std::nullopt;
    forward.host = host->first;
    forward.guest = guest->first;
    forward.count = host->count;
    return forward;
}

std::string print_forward(const PortForward& forward) {
    const bool is_ipv6 = forward.bind.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}:{}{}", is_ipv6 ? "[" : "", forward.bind, is_ipv6 ? "]" : "", print_ports(forward.host, forward.count),
                       print_ports(forward.guest, forward.count), forward.udp ? "/udp" : "");
}

}  // namespace vmspawn
