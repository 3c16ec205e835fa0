// Talks QMP on a connected socket: negotiates, sends commands, hands on what QEMU says.
#pragma once

#include "base/fd.hpp"
#include "run/event.hpp"
#include "run/lines.hpp"
#include "run/qmp_message.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace vmspawn {

class QmpClient {
public:
    struct Handlers {
        std::function<void()> greeted;
        std::function<void(const QmpEvent&)> event;
        std::function<void(const QmpStatus&)> status;
        std::function<void(std::string command, std::string error)> refused;
        std::function<void(std::string problem)> broken;  ///< what came is not QMP; nothing more is read
        std::function<void()> lost;                       ///< nothing comes any more, whatever the reason
    };
    /// Nothing: there will be no answer.
    using Answer = std::function<void(const std::optional<QmpReply>&)>;

    /// Capabilities are negotiated at once, ahead of the greeting: before that QEMU would drop its events.
    QmpClient(EventLoop& loop, Fd socket, Handlers handlers);

    /// `arguments`: a JSON object, or empty. The answer comes through `status` or `refused`.
    void execute(std::string command, const std::string& arguments = "") { send_command(std::move(command), arguments, -1, {}); }
    /// The answer comes to `answer`, once. QEMU gets a descriptor of its own for `passed`; -1: none.
    void ask(std::string command, const std::string& arguments, int passed, Answer answer) {
        send_command(std::move(command), arguments, passed, std::move(answer));
    }
    /// Reads what is left after QEMU has ended.
    void drain();

    static constexpr std::size_t longest_line = 1 << 20;

private:
    Fd socket_;
    Handlers handlers_;
    LineSplitter lines_{longest_line};
    struct Waiting {
        std::string command;
        Answer answer;
    };
    std::map<int, Waiting> waiting_;  ///< by id
    int last_id_ = 0;
    EventSource source_;

    void send_command(std::string command, const std::string& arguments, int passed, Answer answer);
    [[nodiscard]] bool send_line(const std::string& line, int passed) const;
    void close();
    enum class More { yes, no };
    More read_some();
    More take_lines();
    void dispatch(const QmpReply& reply);
    void dispatch(const QmpEvent& event) { handlers_.event(event); }
    void dispatch(const QmpGreeting&) { handlers_.greeted(); }
    void dispatch(const QmpMalformed&) {}
    void close_broken(std::string problem);
};

}  // namespace vmspawn
