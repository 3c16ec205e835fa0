#include "run/control_server.hpp"

#include "run/socket_rights.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utility>

namespace vmspawn {

ControlServer::ControlServer(EventLoop& loop, Fd listener, Handler called)
    : loop_(loop), listener_(std::move(listener)), called_(std::move(called)) {
    connects_ = loop.on_io(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept_one(); });
}

void ControlServer::accept_one() {
    Fd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket && (errno == EMFILE || errno == ENFILE)) {  // who calls stays in line, and we do not turn round and round meanwhile
        connects_.enable(false);
        again_ = loop_.on_timer(std::chrono::seconds(1), [this] { connects_.enable(true); });
    }
    if (!socket || links_.size() >= most_links)  // one too many is closed at once
        return;
    auto link = std::make_unique<Link>();
    link->output = Fd(fcntl(socket.get(), F_DUPFD_CLOEXEC, 3));
    if (!link->output)
        return;
    link->socket = std::move(socket);
    link->said = std::make_unique<Outlet>(loop_, link->output.get(),
                                          Outlet::Handlers{.emptied = [this] { sweep_soon(); }, .lost = [this](int) { sweep_soon(); }});
    const int id = ++last_link_;
    link->readable = loop_.on_io(link->socket.get(), EPOLLIN, [this, id](std::uint32_t) { read_from(id); });
    links_.emplace(id, std::move(link));
}

/// False: it breaks the rules, or is broken.
bool ControlServer::receive(Link& link) {
    std::array<char, 16384> buffer;
    std::vector<Fd> descriptors;
    const ssize_t size = receive_with_rights(link.socket.get(), buffer, descriptors, MSG_DONTWAIT);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR;
    link.ended = size == 0;
    link.heard.feed({buffer.data(), static_cast<std::size_t>(size)}, std::move(descriptors));
    return !link.heard.overlong();
}

void ControlServer::read_from(int id) {
    Link& link = *links_.at(id);
    if (!receive(link) || (link.subscribed && !link.heard.empty())) {
        links_.erase(id);
        return;
    }
    serve(id);
}

/// Calls that wait are handed on until one stays unanswered.
void ControlServer::serve(int id) {
    const auto found = links_.find(id);
    if (found == links_.end() || std::exchange(found->second->serving, true))
        return;
    Link* link = found->second.get();
    while (link != nullptr && link->call == 0 && !link->heard.empty()) {
        call_next(id);
        const auto still = links_.find(id);
        link = still != links_.end() ? still->second.get() : nullptr;
    }
    if (link == nullptr)
        return;
    link->serving = false;
    // Who has said more than is answered is not read further, so that its own socket fills up.
    link->readable.enable(!link->ended && (link->subscribed || link->call == 0));
    if (is_over(*link))
        sweep_soon();
}

void ControlServer::call_next(int id) {
    Link& link = *links_.at(id);
    VarlinkMessage message = *link.heard.take();
    std::optional<ControlCall> asked = parse_control_call(message.text);
    if (!asked) {
        links_.erase(id);
        return;
    }
    link.call = ++last_call_;
    link.oneway = asked->oneway;
    called_(link.call, std::move(*asked), std::move(message.descriptors));
}

std::map<int, std::unique_ptr<ControlServer::Link>>::iterator ControlServer::link_of(int call) {
    return std::ranges::find_if(links_, [call](const auto& entry) { return entry.second->call == call; });
}

void ControlServer::give(int id, const std::string& message) {
    Link& link = *links_.at(id);
    link.said->give(message);
    if (link.said->is_lost() || link.said->waiting() > most_waiting)
        links_.erase(id);
}

void ControlServer::answer(int call, const std::string& reply) {
    const auto found = link_of(call);
    if (found == links_.end())
        return;
    const int id = found->first;
    found->second->call = 0;
    if (!found->second->oneway)
        give(id, reply);
    serve(id);
}

Fd ControlServer::hand_over(int call, const std::string& reply) {
    const auto found = link_of(call);
    if (found == links_.end())
        return {};
    Link& link = *found->second;
    link.said->give(reply);
    Fd socket = link.said->empty() && !link.said->is_lost() ? std::move(link.socket) : Fd();
    link.readable = EventSource();
    links_.erase(found);
    return socket;
}

void ControlServer::subscribe(int call, SubscribeEvents wanted) {
    const auto found = link_of(call);
    if (found == links_.end())
        return;
    found->second->subscribed = std::move(wanted);
    give(found->first, event_reply("READY", ""));
}

void ControlServer::publish(const std::string& event, const std::string& data) {
    std::vector<int> wanting;
    for (const auto& [id, link] : links_)
        if (link->subscribed &&
            (link->subscribed->filter.empty() || std::ranges::find(link->subscribed->filter, event) != link->subscribed->filter.end()))
            wanting.push_back(id);
    for (const int id : wanting)
        give(id, event_reply(event, data));
}

void ControlServer::close_subscribers() {
    std::erase_if(links_, [](const auto& entry) { return entry.second->subscribed.has_value(); });
}

/// Its client has said all, and has all answers. A subscriber that says no more hears no more.
bool ControlServer::is_over(const Link& link) {
    const bool silent = link.ended && (link.subscribed || (link.call == 0 && link.heard.empty()));
    return link.said->is_lost() || (silent && link.said->empty());
}

void ControlServer::sweep_soon() {
    if (!sweep_)
        sweep_ = loop_.on_timer(std::chrono::microseconds(0), [this] {
            sweep_ = EventSource();
            std::erase_if(links_, [](const auto& entry) { return is_over(*entry.second); });
        });
}

}  // namespace vmspawn
