#include "run/guest_ssh.hpp"

#include "base/text.hpp"
#include "run/socket_rights.hpp"
#include "run/vsock.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <linux/vm_sockets.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vmspawn {

namespace {

/// Byte by byte: what follows is the guest's.
Result<void> read_consent(int socket, std::uint32_t port) {
    std::string line;
    char byte = 0;
    while (line.size() < 32 && read(socket, &byte, 1) == 1) {
        if (byte == '\n')
            return line.starts_with("OK ") ? Result<void>() : Failure{EPROTO, "connect to the guest", line};
        line += byte;
    }
    return Failure{ECONNREFUSED, fmt::format("connect to VSOCK port {} of the guest", port), "the guest does not listen there (yet)"};
}

Result<Fd> connect_by_helper(const RunningMachine& machine, std::uint32_t port) {
    Result<Fd> socket = connect_in(machine.directory.get(), "vsock");
    if (!socket)
        return socket;
    const std::string request = fmt::format("CONNECT {}\n", port);
    if (send(socket->get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
        return failed("ask for a connection to the guest");
    if (Result<void> consent = read_consent(socket->get(), port); !consent)
        return consent.failure();
    return socket;
}

Result<Fd> connect_by_kernel(std::uint32_t cid, std::uint32_t port) {
    sockaddr_vm address{};
    address.svm_family = AF_VSOCK;
    address.svm_cid = cid;
    address.svm_port = port;
    Fd fd(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd || connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
        return failed(fmt::format("connect to VSOCK port {} of CID {}", port, cid));
    return fd;
}

/// Of the file "cid" in the runtime directory; 0: there is none.
std::uint32_t kernel_cid(const RunningMachine& machine) {
    const Fd file(openat(machine.directory.get(), "cid", O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    char digits[16];
    const ssize_t size = file ? read(file.get(), digits, sizeof digits) : -1;
    std::uint32_t cid = 0;
    if (size > 0)
        std::from_chars(digits, digits + size, cid);
    return cid;
}

/// The private key whose public half is there as well; the guest's own key is another.
std::string key_file(const RunningMachine& machine) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(machine.path, ignored))
        if (entry.path().extension() == ".pub" && entry.path().stem() != "host-key")
            return machine.path + "/" + entry.path().stem().string();
    return {};
}

}  // namespace

Result<RunningMachine> find_machine(const std::string& base, const std::string& name) {
    RunningMachine machine{.name = name, .path = fmt::format("{}/systemd/vmspawn/{}", base, name), .directory = Fd()};
    machine.directory = Fd(::open(machine.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    struct stat status {};
    if (!machine.directory || fstat(machine.directory.get(), &status) < 0)
        return Failure{errno, fmt::format("find the machine {}", name), errno == ENOENT ? "no machine of that name runs" : ""};
    if (status.st_uid != geteuid())
        return Failure{EPERM, fmt::format("use {}", machine.path), "it belongs to another user"};
    return machine;
}

Result<Fd> connect_to_guest(const RunningMachine& machine, std::uint32_t port) {
    const std::uint32_t cid = kernel_cid(machine);
    return cid != 0 ? connect_by_kernel(cid, port) : connect_by_helper(machine, port);
}

Result<void> pass_descriptor(int socket, int descriptor) {
    if (send_with_rights(socket, {"\0", 1}, {&descriptor, 1}) < 0)
        return failed("hand over the connection (standard output must be a socket, as ssh's ProxyUseFdpass=yes makes it)");
    return {};
}

Result<std::vector<std::string>> ssh_command(const RunningMachine& machine, const std::string& user, const std::string& proxy,
                                             const std::vector<std::string>& command) {
    const std::string key = key_file(machine);
    if (key.empty())
        return Failure{ENOENT, fmt::format("log in to {}", machine.name), "no ssh key was passed to this machine (ssh.pass-key)"};
    std::vector<std::string> words{"ssh",
                                   "-o",
                                   "IdentitiesOnly=yes",
                                   "-o",
                                   "IdentityFile=" + shell_quote(key),
                                   "-o",
                                   "UserKnownHostsFile=" + shell_quote(machine.path + "/known_hosts"),
                                   "-o",
                                   "GlobalKnownHostsFile=none",
                                   "-o",
                                   "StrictHostKeyChecking=yes",
                                   "-o",
                                   "HostKeyAlias=vmspawn",
                                   "-o",
                                   "CheckHostIP=no",
                                   "-o",
                                   fmt::format("ProxyCommand={} ssh-proxy {}", shell_quote(proxy), shell_quote(machine.name)),
                                   "-o",
                                   "ProxyUseFdpass=yes",
                                   "-o",
                                   "LogLevel=ERROR",
                                   "-l",
                                   user,
                                   "--",
                                   machine.name};
    words.insert(words.end(), command.begin(), command.end());
    return words;
}

}  // namespace vmspawn
