// Properties about the network: addresses, ports, interfaces.
#include "language/unit_property_value.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <utility>

namespace vmspawn::unit_value {

namespace {

/// "10.0.0.0/8", "fe80::1"
std::optional<UnitProperty::Address> address(const std::string& text) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    const int family = text.find(':') != std::string::npos ? AF_INET6 : AF_INET;
    const std::size_t size = family == AF_INET6 ? sizeof(in6_addr) : sizeof(in_addr);
    std::vector<std::uint8_t> bytes(size);
    const std::uint32_t most = static_cast<std::uint32_t>(size) * 8;
    const auto length = slash == text.size() ? most : small_number(std::string_view(text).substr(slash + 1));
    if (inet_pton(family, text.substr(0, slash).c_str(), bytes.data()) != 1 || !length || *length > most)
        return std::nullopt;
    return UnitProperty::Address{family, std::move(bytes), *length};
}

struct Network {
    std::string_view name;
    std::array<const char*, 2> prefixes;
};
constexpr std::array<Network, 4> networks{{{"any", {"0.0.0.0/0", "::/0"}},
                                           {"localhost", {"127.0.0.0/8", "::1/128"}},
                                           {"link-local", {"169.254.0.0/16", "fe80::/64"}},
                                           {"multicast", {"224.0.0.0/4", "ff00::/8"}}}};

std::string cut_field(std::string_view& text) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    std::string field(text.substr(0, colon));
    text.remove_prefix(std::min(colon + 1, text.size()));
    return field;
}

/// "80", "8000-8010"
bool read_ports(const std::string& text, UnitProperty::Bind& bind) {
    const std::size_t dash = std::min(text.find('-'), text.size());
    const auto first = small_number(std::string_view(text).substr(0, dash));
    const auto last = dash == text.size() ? first : small_number(std::string_view(text).substr(dash + 1));
    if (!first || !last || *first == 0 || *last < *first || *last > UINT16_MAX)
        return false;
    std::get<2>(bind) = static_cast<std::uint16_t>(*last - *first + 1);
    std::get<3>(bind) = static_cast<std::uint16_t>(*first);
    return true;
}

/// "any", or of "ipv4:tcp:80" what is wanted, in this order.
std::optional<UnitProperty::Bind> bind_rule(std::string_view text) {
    UnitProperty::Bind bind{AF_UNSPEC, 0, 0, 0};
    if (text == "any")
        return bind;
    if (text.empty() || text.ends_with(':'))
        return std::nullopt;
    std::string field = cut_field(text);
    if (field == "ipv4" || field == "ipv6") {
        std::get<0>(bind) = field == "ipv4" ? AF_INET : AF_INET6;
        if (text.empty())
            return bind;
        field = cut_field(text);
    }
    if (field == "tcp" || field == "udp") {
        std::get<1>(bind) = field == "tcp" ? IPPROTO_TCP : IPPROTO_UDP;
        if (text.empty())
            return bind;
        field = cut_field(text);
    }
    return text.empty() && read_ports(field, bind) ? std::optional(bind) : std::nullopt;
}

bool is_interface(const std::string& text) {
    constexpr std::size_t longest = 127;  // of an alternative name
    const bool is_directory = text == "." || text == "..";
    return !text.empty() && text.size() <= longest && !is_directory &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f' && c != '/' && c != ':' && c != '%'; });
}

}  // namespace

Value addresses(const std::string& name, std::string_view text) {
    UnitProperty::Addresses all;
    for (const std::string& word : words_of(text)) {
        const auto network = std::ranges::find(networks, word, &Network::name);
        std::vector<std::string> prefixes{word};
        if (network != networks.end())
            prefixes.assign(network->prefixes.begin(), network->prefixes.end());
        for (const std::string& prefix : prefixes) {
            auto one = address(prefix);
            if (!one)
                return std::nullopt;
            all.push_back(*std::move(one));
        }
    }
    return Value({name, std::move(all)});
}

Value binds(const std::string& name, std::string_view text) {
    UnitProperty::Binds all;
    for (const std::string& word : words_of(text)) {
        const auto one = bind_rule(word);
        if (!one)
            return std::nullopt;
        all.push_back(*one);
    }
    return Value({name, std::move(all)});
}

Value interfaces(const std::string& name, std::string_view text) {
    const bool are_refused = text.starts_with('~');
    std::vector<std::string> words = words_of(text.substr(are_refused ? 1 : 0));
    if (!std::ranges::all_of(words, is_interface))
        return std::nullopt;
    return Value({name, UnitProperty::Interfaces{!are_refused, std::move(words)}});
}

}  // namespace vmspawn::unit_value
