#include "run/ports.hpp"

#include "support.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace vmspawn::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

bool can_bind(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const Fd other(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    setsockopt(other.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return bind(other.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && listen(other.get(), 1) == 0;
}

TEST(Ports, ReservedPortIsFreeForWhoReusesAddresses) {
    const auto port = reserve_port({.bind = "127.0.0.1", .udp = false});
    ASSERT_TRUE(port);
    EXPECT_GT(port->number, 0);
    EXPECT_TRUE(can_bind(port->number)) << "as QEMU does";
}

TEST(Ports, AddressesOfBothFamilies) {
    EXPECT_TRUE(reserve_port({.bind = "::1", .udp = true}));
    EXPECT_TRUE(reserve_port({.bind = "", .udp = false}));
    EXPECT_EQ(reserve_port({.bind = "localhost", .udp = false}).failure().error, EINVAL);
}

/// A child that has a port of 127.0.0.1 until its input ends.
struct PortUser {
    pid_t pid = -1;
    std::uint16_t port = 0;
    Fd input;
};
PortUser take_port(bool udp) {
    Pipe input = make_pipe();
    Pipe output = make_pipe();
    const pid_t pid = run_in_child(input.reader.get(), output.writer.get(), 2, [udp] {
        const Fd fd(socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0));
        const int on = 1;
        setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* at = reinterpret_cast<sockaddr*>(&address);
        if (bind(fd.get(), at, size) < 0 || (!udp && listen(fd.get(), 1) < 0) || getsockname(fd.get(), at, &size) < 0)
            return 1;
        const std::uint16_t port = ntohs(address.sin_port);
        char byte = 0;
        return write(1, &port, sizeof port) == sizeof port && read(0, &byte, 1) == 0 ? 0 : 1;
    });
    PortUser user{.pid = pid, .input = std::move(input.writer)};
    EXPECT_EQ(read(output.reader.get(), &user.port, sizeof user.port), static_cast<ssize_t>(sizeof user.port));
    return user;
}

TEST(Ports, ATakenOneNamesItsHolder) {
    for (const bool udp : {false, true}) {
        PortUser user = take_port(udp);
        const auto fails = [&](const CheckPorts& action) {
            const auto checked = check_ports(action);
            EXPECT_FALSE(checked);
            EXPECT_EQ(checked.failure().error, EBUSY);
            return checked.failure().detail;
        };
        const std::string holder = fmt::format("in use by unit-run, pid {}", user.pid);
        EXPECT_EQ(fails({.bind = "127.0.0.1", .udp = udp, .first = user.port}), holder);
        EXPECT_EQ(fails({.bind = "0.0.0.0", .udp = udp, .first = user.port}), holder);
        if (user.port < 65535) {
            EXPECT_EQ(fails({.bind = "127.0.0.1", .udp = udp, .first = user.port, .count = 2}),
                      fmt::format("port {} is {}", user.port, holder));
        }
        EXPECT_TRUE(check_ports({.bind = "127.0.0.1", .udp = !udp, .first = user.port}));
        EXPECT_TRUE(check_ports({.bind = "127.0.0.2", .udp = udp, .first = user.port}));
        user.input.reset();
        EXPECT_EQ(wait_for(user.pid), 0);
        EXPECT_TRUE(check_ports({.bind = "127.0.0.1", .udp = udp, .first = user.port}));
    }
}

TEST(Ports, AForeignAddressIsNoBusyOne) {
    EXPECT_EQ(check_ports({.bind = "203.0.113.1", .first = 8080}).failure().error, EADDRNOTAVAIL);
    EXPECT_EQ(check_ports({.bind = "here", .first = 8080}).failure().error, EINVAL);
}

TEST(Ports, TheKernelsTableIsRead) {
    const std::string head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
    const auto row = [](const char* local, const char* state, int inode) {
        return fmt::format("   0: {} 00000000:0000 {} 00000000:00000000 00:00000000 00000000     0        0 {} 1 0\n", local, state, inode);
    };
    const std::string four = head + row("0100007F:1F90", "01", 11) + row("0100007F:1F90", "0A", 12) + row("0200007F:1F90", "0A", 13) +
                             row("0100007F:1F91", "0A", 14) + row("00000000:1F90", "07", 15) + row("0100007F:1F90", "06", 0);
    EXPECT_THAT(sockets_in_the_way(four, "127.0.0.1", 8080), ElementsAre(12, 11, 15));
    EXPECT_THAT(sockets_in_the_way(four, "0.0.0.0", 8081), ElementsAre(14));
    EXPECT_THAT(sockets_in_the_way(four, "::1", 8080), IsEmpty());
    const std::string six = head + row("00000000000000000000000000000000:1F90", "0A", 21) +
                            row("00000000000000000000000001000000:1F91", "0A", 22) + row("0000000000000000FFFF00000100007F:1F92", "0A", 23);
    EXPECT_THAT(sockets_in_the_way(six, "127.0.0.1", 8080), ElementsAre(21));
    EXPECT_THAT(sockets_in_the_way(six, "::1", 8081), ElementsAre(22));
    EXPECT_THAT(sockets_in_the_way(six, "127.0.0.1", 8081), IsEmpty());
    EXPECT_THAT(sockets_in_the_way(six, "127.0.0.1", 8082), ElementsAre(23));
    for (const char* bad : {"", "\n\n", "a b c d e f g h i j\n", "0: XYZ:1F90 0:0 0A 0 0 0 0 0 1\n"})
        EXPECT_THAT(sockets_in_the_way(bad, "127.0.0.1", 8080), IsEmpty());
}

}  // namespace
}  // namespace vmspawn::test
