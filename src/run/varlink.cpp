#include "run/varlink.hpp"

#include "base/text.hpp"
#include "run/socket_rights.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

Result<Fd> connect_by_varlink(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    Fd directory;
    std::string near = path;
    if (const std::size_t slash = path.rfind('/'); path.size() >= sizeof address.sun_path && slash != std::string::npos) {
        directory = Fd(open(path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        near = fmt::format("/proc/self/fd/{}{}", directory.get(), path.substr(slash));
    }
    if (near.size() >= sizeof address.sun_path)
        return Failure{ENAMETOOLONG, fmt::format("connect to {}", path), ""};
    near.copy(address.sun_path, near.size());
    Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd || connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
        return failed(fmt::format("connect to {}", path));
    return fd;
}

std::string varlink_call(std::string_view method, std::string_view parameters) {
    std::string call = fmt::format("{{\"method\":\"{}\",\"parameters\":{}}}", method, parameters);
    call += '\0';
    return call;
}

Result<void> read_varlink_reply(std::string_view reply, const std::string& doing) {
    const auto message = nlohmann::json::parse(reply, nullptr, /*allow_exceptions=*/false);
    if (!message.is_object())
        return Failure{EPROTO, doing, "the answer is no varlink"};
    const auto error = message.find("error");
    if (error == message.end())
        return {};
    std::string words = error->is_string() ? printable(error->get<std::string>()) : "";
    if (words.empty())
        words = "an error without a name";
    if (const auto details = message.find("parameters"); details != message.end() && details->is_object())
        for (const auto& [name, value] : details->items())
            if (value.is_string())
                words += fmt::format(" {}={}", printable(name), printable(value.get<std::string>()));
    const bool taken = words.starts_with("io.systemd.Machine.MachineExists");
    return Failure{taken ? EEXIST : EIO, doing, std::move(words)};
}

VarlinkCall::VarlinkCall(EventLoop& loop, Fd socket, const std::string& call, std::string doing, Answer answer,
                         const std::vector<int>& descriptors)
    : socket_(std::move(socket)), doing_(std::move(doing)), answer_(std::move(answer)) {
    // One short call always fits into the socket. Who does not take it closes the connection, which is read later.
    (void)send_with_rights(socket_.get(), call, descriptors);
    source_ = loop.on_io(socket_.get(), EPOLLIN, [this](std::uint32_t) { read_some(); });
}

void VarlinkCall::read_some() {
    std::array<char, 4096> buffer;
    const ssize_t size = receive_with_rights(socket_.get(), buffer, received_);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size < 0)
        return finish(failed(doing_));
    heard_.append(buffer.data(), static_cast<std::size_t>(size));
    if (const std::size_t end = heard_.find('\0'); end != std::string::npos)
        return finish_with(std::string_view(heard_).substr(0, end));
    if (size == 0 || heard_.size() > longest_reply)
        finish(Failure{EPROTO, doing_, "the service did not answer to the end"});
}

void VarlinkCall::finish_with(std::string_view reply) {
    if (Result<void> read = read_varlink_reply(reply, doing_); !read)
        return finish(read.failure());
    finish(VarlinkReply{.text = std::string(reply), .descriptors = std::move(received_)});
}

void VarlinkCall::finish(Result<VarlinkReply> result) {
    source_ = EventSource();
    socket_.reset();
    const Answer answer = std::move(answer_);
    answer(std::move(result));
}

}  // namespace vmspawn
