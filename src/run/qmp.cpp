#include "run/qmp.hpp"

#include "run/socket_rights.hpp"

#include <array>
#include <cerrno>
#include <span>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

QmpClient::QmpClient(EventLoop& loop, Fd socket, Handlers handlers) : socket_(std::move(socket)), handlers_(std::move(handlers)) {
    source_ = loop.on_io(socket_.get(), EPOLLIN, [this](std::uint32_t) { read_some(); });
    execute("qmp_capabilities");
}

void QmpClient::send_command(std::string command, const std::string& arguments, int passed, Answer answer) {
    const std::string line = qmp_command(command, ++last_id_, arguments);
    // A few short lines always fit into the socket. When QEMU is gone its end is reported elsewhere.
    if (socket_ && send_line(line, passed))
        waiting_.emplace(last_id_, Waiting{std::move(command), std::move(answer)});
    else if (answer)
        answer(std::nullopt);
}

bool QmpClient::send_line(const std::string& line, int passed) const {
    const std::span<const int> rights(&passed, passed >= 0 ? 1 : 0);
    return send_with_rights(socket_.get(), line, rights, MSG_DONTWAIT) == static_cast<ssize_t>(line.size());
}

void QmpClient::drain() {
    while (read_some() == More::yes) {
    }
}

QmpClient::More QmpClient::read_some() {
    if (!socket_)
        return More::no;
    std::array<char, 16384> buffer;
    const ssize_t size = read(socket_.get(), buffer.data(), buffer.size());
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return More::no;
    if (size <= 0) {
        // QEMU has closed its end: it is about to end, which is noticed by its pidfd.
        close();
        return More::no;
    }
    lines_.feed({buffer.data(), static_cast<std::size_t>(size)});
    return take_lines();
}

QmpClient::More QmpClient::take_lines() {
    while (socket_) {
        const auto line = lines_.take();
        if (!line)
            break;
        if (line->empty())
            continue;
        const QmpMessage message = line->size() > longest_line ? QmpMessage(QmpMalformed{"a line is too long"}) : parse_qmp(*line);
        if (const auto* wrong = std::get_if<QmpMalformed>(&message)) {
            close_broken(wrong->problem);
            return More::no;
        }
        std::visit([this](const auto& one) { dispatch(one); }, message);
    }
    if (socket_ && lines_.overlong())
        close_broken("a line is too long");
    return socket_ ? More::yes : More::no;
}

void QmpClient::dispatch(const QmpReply& reply) {
    const auto found = waiting_.find(reply.id);
    if (found == waiting_.end())
        return close_broken("an answer to a question that was not asked: id " + std::to_string(reply.id));
    const Waiting asked = std::exchange(found->second, {});
    waiting_.erase(found);
    if (asked.answer)
        asked.answer(reply);
    else if (!reply.error.empty())
        handlers_.refused(asked.command, reply.error);
    else if (!reply.status.empty())
        handlers_.status(QmpStatus{reply.status});
}

void QmpClient::close() {
    source_ = EventSource();
    socket_.reset();
    for (const auto& [id, asked] : std::exchange(waiting_, {}))
        if (asked.answer)
            asked.answer(std::nullopt);
    handlers_.lost();
}

void QmpClient::close_broken(std::string problem) {
    close();
    handlers_.broken(std::move(problem));
}

}  // namespace vmspawn
