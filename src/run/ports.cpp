#include "run/ports.hpp"

#include "base/file.hpp"
#include "run/holder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>

namespace vmspawn {

namespace {

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

Address parse_address(const std::string& text) {
    Address address;
    auto* four = reinterpret_cast<sockaddr_in*>(&address.storage);
    auto* six = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (text.empty() || inet_pton(AF_INET, text.c_str(), &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        address.size = sizeof *four;
    } else if (inet_pton(AF_INET6, text.c_str(), &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        address.size = sizeof *six;
    }
    return address;
}

std::uint16_t port_of(const Address& address) {
    if (address.storage.ss_family == AF_INET6)
        return ntohs(reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port);
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
}

void set_port(Address& address, std::uint16_t port) {
    if (address.storage.ss_family == AF_INET6)
        reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port = htons(port);
    else
        reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = htons(port);
}

/// Bound. As those bind who will use the port: an IPv6 address is none of IPv4, and what has just ended is not in the way of TCP.
Result<Fd> bind_port(const Address& address, bool udp, const std::string& bind) {
    Fd fd(socket(address.storage.ss_family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0));
    const int on = 1;
    if (!fd || (!udp && setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) ||
        (address.storage.ss_family == AF_INET6 && setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0))
        return failed("make a socket");
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) < 0)
        return failed("bind a port of " + bind);
    return fd;
}

Result<Address> address_of(const std::string& bind) {
    const Address address = parse_address(bind);
    if (address.size == 0)
        return Failure{EINVAL, "read the address '" + bind + "'", ""};
    return address;
}

std::vector<std::string_view> words_of_line(std::string_view line) {
    std::vector<std::string_view> words;
    for (std::size_t begin = line.find_first_not_of(' '); begin != std::string_view::npos; begin = line.find_first_not_of(' ')) {
        line.remove_prefix(begin);
        const std::size_t end = std::min(line.find(' '), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
    return words;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text, int base) {
    Number value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return failure == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// As the kernel prints it: words of 32 bits in the host's order. Nothing: it is none.
std::optional<std::vector<std::uint32_t>> parse_kernel_address(std::string_view text) {
    if (text.size() != 8 && text.size() != 32)
        return std::nullopt;
    std::vector<std::uint32_t> words;
    for (std::size_t at = 0; at < text.size(); at += 8) {
        const auto word = parse_number<std::uint32_t>(text.substr(at, 8), 16);
        if (!word)
            return std::nullopt;
        words.push_back(*word);
    }
    return words;
}

std::vector<std::uint32_t> words_of_address(const Address& address) {
    if (address.storage.ss_family == AF_INET)
        return {reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_addr.s_addr};
    std::vector<std::uint32_t> words(4);
    std::memcpy(words.data(), &reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_addr, sizeof(in6_addr));
    return words;
}

bool is_any(const std::vector<std::uint32_t>& words) {
    return std::ranges::all_of(words, [](std::uint32_t word) { return word == 0; });
}

/// A socket of IPv6 may be one of IPv4, too: when it is bound to no address, or to one of IPv4 in the clothes of IPv6.
bool is_in_the_way(const std::vector<std::uint32_t>& theirs, const std::vector<std::uint32_t>& ours) {
    if (theirs.size() == ours.size())
        return theirs == ours || is_any(theirs) || is_any(ours);
    if (ours.size() == 1)
        return is_any(theirs) || (theirs[0] == 0 && theirs[1] == 0 && theirs[2] == htonl(0xffff) && (theirs[3] == ours[0] || ours[0] == 0));
    return false;
}

bool has_socket(const std::filesystem::path& process, unsigned long inode) {
    const std::string wanted = fmt::format("socket:[{}]", inode);
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(process / "fd", ignored)) {
        std::error_code gone;
        if (std::filesystem::read_symlink(entry.path(), gone).string() == wanted)
            return true;
    }
    return false;
}

std::string holder_of_port(const std::string& bind, std::uint16_t port, bool udp) {
    constexpr std::size_t most = 16 << 20;
    std::vector<unsigned long> inodes;
    for (const char* family : {"", "6"}) {
        const Result<std::string> table = read_file(fmt::format("/proc/net/{}{}", udp ? "udp" : "tcp", family), most);
        const auto some = table ? sockets_in_the_way(*table, bind, port) : std::vector<unsigned long>();
        inodes.insert(inodes.end(), some.begin(), some.end());
    }
    for (const unsigned long inode : inodes)
        if (std::string holder = name_holder([&](const auto& process) { return has_socket(process, inode); });
            inode == inodes.back() || holder.find("pid") != std::string::npos)
            return holder;
    return "in use";
}

}  // namespace

Result<ReservedPort> reserve_port(const PickPort& action) {
    Result<Address> address = address_of(action.bind);
    if (!address)
        return address.failure();
    Result<Fd> fd = bind_port(*address, action.udp, action.bind);
    if (!fd)
        return fd.failure();
    if (getsockname(fd->get(), reinterpret_cast<sockaddr*>(&address->storage), &address->size) < 0)
        return failed("read the port's number");
    return ReservedPort{.socket = std::move(*fd), .number = port_of(*address), .udp = action.udp};
}

Result<void> check_ports(const CheckPorts& action) {
    Result<Address> address = address_of(action.bind);
    if (!address)
        return address.failure();
    for (std::uint32_t port = action.first; port < std::uint32_t{action.first} + action.count; ++port) {
        set_port(*address, static_cast<std::uint16_t>(port));
        const Result<Fd> fd = bind_port(*address, action.udp, action.bind);
        if (fd)
            continue;
        const std::string which = action.count == 1 ? "" : fmt::format("port {} is ", port);
        if (fd.failure().error == EADDRINUSE)
            return Failure{EBUSY, "", which + holder_of_port(action.bind, static_cast<std::uint16_t>(port), action.udp)};
        if (fd.failure().error == EACCES)
            return Failure{EACCES, "", "ports below net.ipv4.ip_unprivileged_port_start (sysctl), by default 1024, are root's"};
        return fd.failure();
    }
    return {};
}

// number: local remote state queues timer retransmits uid timeout inode …
std::vector<unsigned long> sockets_in_the_way(std::string_view table, std::string_view bind, std::uint16_t port) {
    constexpr std::string_view listening = "0A";
    const auto ours = words_of_address(parse_address(std::string(bind)));
    std::vector<unsigned long> found;
    for (; !table.empty(); table.remove_prefix(std::min(table.find('\n'), table.size() - 1) + 1)) {
        const auto words = words_of_line(table.substr(0, table.find('\n')));
        if (words.size() < 10)
            continue;
        const std::size_t colon = words[1].find(':');
        const auto inode = parse_number<unsigned long>(words[9], 10);
        const auto theirs = parse_kernel_address(words[1].substr(0, colon));
        if (colon == std::string_view::npos || !theirs || parse_number<std::uint16_t>(words[1].substr(colon + 1), 16) != port)
            continue;
        if (inode.value_or(0) != 0 && is_in_the_way(*theirs, ours))
            found.insert(words[3] == listening ? found.begin() : found.end(), *inode);
    }
    return found;
}

}  // namespace vmspawn
