// The verbs that ask a running machine itself, over its control socket: reboot, events.
#include "app/machines.hpp"
#include "app/output.hpp"
#include "base/clock.hpp"
#include "run/varlink.hpp"
#include "run/varlink_stream.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace vmspawn {

namespace {

using nlohmann::json;
constexpr std::size_t longest_message = std::size_t{1} << 20;

/// A conversation with one machine.
struct Talk {
    std::string machine;
    Fd socket;
    VarlinkStream heard{longest_message};
};

Result<Talk> begin(const ListedMachine& machine, const std::string& call) {
    Result<Fd> socket = connect_by_varlink(machine.path + "/control");
    if (!socket)
        return socket.failure();
    // far less than a socket's buffer holds, so it goes in one piece
    if (send(socket->get(), call.data(), call.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(call.size()))
        return failed("ask " + machine.name);
    return Talk{machine.name, *std::move(socket)};
}

/// Reads what is there. False: the machine has hung up.
bool read_some(Talk& talk) {
    std::array<char, 16384> bytes{};
    const ssize_t size = recv(talk.socket.get(), bytes.data(), bytes.size(), 0);
    if (size > 0)
        talk.heard.feed({bytes.data(), static_cast<std::size_t>(size)}, {});
    return size > 0 ? !talk.heard.overlong() : size < 0 && (errno == EAGAIN || errno == EINTR);
}

Result<std::string> next_message(Talk& talk) {
    while (talk.heard.empty()) {
        pollfd file{talk.socket.get(), POLLIN, 0};
        if (poll(&file, 1, -1) > 0 && !read_some(talk))
            return Failure{ECONNRESET, "ask " + talk.machine, "it ended, or does not take part any more"};
    }
    return talk.heard.take()->text;
}

/// One line of JSON for each event; the first reply only says that events follow. False: the reader of our output is gone.
bool show_event(const std::string& machine, const std::string& reply) {
    const json message = json::parse(reply, nullptr, false);
    const auto parameters = message.is_object() ? message.find("parameters") : message.end();
    if (!message.is_object() || parameters == message.end() || !parameters->is_object() || !parameters->contains("event"))
        return true;
    json line = *parameters;
    line["machine"] = machine;
    line["time"] = microseconds_since_1970();
    return print(line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n") == 0;
}

/// Until all have hung up.
int show_events(std::vector<Talk> talks) {
    while (!talks.empty()) {
        std::vector<pollfd> files;
        for (const Talk& talk : talks)
            files.push_back({talk.socket.get(), POLLIN, 0});
        if (poll(files.data(), files.size(), -1) < 0)
            continue;
        std::vector<Talk> going_on;
        for (std::size_t i = 0; i < talks.size(); ++i) {
            const bool goes_on = files[i].revents == 0 || read_some(talks[i]);
            while (auto message = talks[i].heard.take())
                if (!show_event(talks[i].machine, message->text))
                    return EPIPE;
            if (goes_on)
                going_on.push_back(std::move(talks[i]));
        }
        talks = std::move(going_on);
    }
    return 0;
}

}  // namespace

int reboot(const ListedMachine& machine) {
    Result<Talk> talk = begin(machine, varlink_call("io.systemd.MachineInstance.Reboot", "{}"));
    const Result<std::string> reply = talk ? next_message(*talk) : talk.failure();
    if (!reply)
        return complain(reply.failure());
    const Result<void> done = read_varlink_reply(*reply, "reboot " + machine.name);
    return done ? 0 : complain(done.failure());
}

int stream_events(const std::vector<ListedMachine>& machines) {
    std::string call = R"({"method":"io.systemd.MachineInstance.SubscribeEvents","parameters":{},"more":true})";
    call.push_back('\0');
    std::vector<Talk> talks;
    for (const ListedMachine& machine : machines) {
        Result<Talk> talk = begin(machine, call);
        if (!talk)
            return complain(talk.failure());
        talks.push_back(*std::move(talk));
    }
    return show_events(std::move(talks));
}

}  // namespace vmspawn
