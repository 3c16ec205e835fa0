#include "run/console_client.hpp"

#include "base/clock.hpp"
#include "run/decoration.hpp"
#include "run/event.hpp"
#include "run/outlet.hpp"
#include "run/replay_filter.hpp"
#include "run/terminal.hpp"
#include "run/varlink.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

namespace {

constexpr std::size_t client_chunk = 65536;
/// What the other side does not take of either stream; then we read no more of it.
constexpr std::size_t most_waiting = 65536;
constexpr std::size_t most_typed = std::size_t{4} << 20;

/// The reply, without its NUL; what came behind it goes to `heard`.
Result<std::string> read_reply(int socket, const std::string& doing, EntryReader& heard) {
    std::string all;
    while (true) {
        pollfd file{socket, POLLIN, 0};
        std::array<char, client_chunk> bytes;
        if (poll(&file, 1, -1) < 0)
            continue;
        const ssize_t size = recv(socket, bytes.data(), bytes.size(), 0);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (size <= 0 || all.size() > client_chunk)
            return Failure{ECONNRESET, doing, "it ends, or too many watch it already"};
        all.append(bytes.data(), static_cast<std::size_t>(size));
        if (const std::size_t end = all.find('\0'); end != std::string::npos) {
            heard.feed(std::string_view(all).substr(end + 1));
            all.resize(end);
            return all;
        }
    }
}

class ConsoleViewer {
public:
    ConsoleViewer(const ListedMachine& machine, ConsoleConnection connection, Messages& messages);

    Result<ViewEnd> run();

private:
    EventLoop loop_;
    const ListedMachine& machine_;
    ConsoleConnection connection_;
    Messages& messages_;
    bool types_;
    bool is_terminal_ = isatty(STDOUT_FILENO) == 1;
    bool is_live_ = false;
    Unfinished line_ = Unfinished::nothing;
    std::optional<ViewEnd> end_;
    std::optional<ReplayFilter> replay_;
    std::optional<RawTerminal> raw_;
    Fd socket_again_;  ///< the loop watches a descriptor once
    Outlet to_user_;
    Outlet to_machine_;
    EventSource from_machine_;
    EventSource from_user_;
    std::vector<EventSource> signals_;

    void read_machine();
    void show(const LiveEntry& entry);
    void show_output(const std::string& bytes);
    void read_user(std::uint32_t events);
    void send(LiveEntry::Kind kind, std::string_view bytes);
    void tell_size();
    void closed();
};

ConsoleViewer::ConsoleViewer(const ListedMachine& machine, ConsoleConnection connection, Messages& messages)
    : machine_(machine),
      connection_(std::move(connection)),
      messages_(messages),
      types_(isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1),
      socket_again_(fcntl(connection_.socket.get(), F_DUPFD_CLOEXEC, 3)),
      to_user_(loop_, STDOUT_FILENO,
               {.emptied = [this] { from_machine_.enable(true); }, .lost = [this](int) { end_ = ViewEnd::reader_gone; }}),
      to_machine_(loop_, socket_again_.get(), {.emptied = [] {}, .lost = [](int) {}}) {
    for (const int number : ending_signals())
        signals_.push_back(loop_.on_signal(number, [this](pid_t) { end_ = ViewEnd::signalled; }));
    from_machine_ = loop_.on_io(connection_.socket.get(), EPOLLIN, [this](std::uint32_t) { read_machine(); });
    if (is_terminal_) {
        replay_.emplace();
        messages_.set_queue([this](std::string_view text) {
            const bool waits = !to_user_.empty() && isatty(STDERR_FILENO) == 1;
            if (waits)
                to_user_.give(text);
            return waits;
        });
    }
    if (!types_)
        return;
    raw_.emplace(STDIN_FILENO, Farewell{STDOUT_FILENO, takes_sequences(STDOUT_FILENO) ? usual_modes : ""});
    messages_.set_raw(true);
    from_user_ = loop_.on_io(STDIN_FILENO, EPOLLIN, [this](std::uint32_t events) { read_user(events); });
    signals_.push_back(loop_.on_signal(SIGWINCH, [this](pid_t) { tell_size(); }));
    signals_.push_back(loop_.on_signal(SIGCONT, [this](pid_t) {
        raw_->refresh();
        tell_size();
    }));
    tell_size();
}

/// What came with the reply is shown first.
Result<ViewEnd> ConsoleViewer::run() {
    while (const auto entry = connection_.heard.take())
        show(*entry);
    while (!end_ || (*end_ == ViewEnd::machine_ended && !to_user_.empty()))
        if (Result<void> turned = loop_.turn(); !turned)
            return turned.failure();
    raw_.reset();
    messages_.set_raw(false);
    messages_.set_queue(nullptr);
    return *end_;
}

void ConsoleViewer::read_machine() {
    std::array<char, client_chunk> bytes;
    const ssize_t size = recv(connection_.socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0)
        return closed();
    connection_.heard.feed({bytes.data(), static_cast<std::size_t>(size)});
    while (const auto entry = connection_.heard.take())
        show(*entry);
    if (connection_.heard.broken())
        closed();
    else if (to_user_.waiting() > most_waiting)
        from_machine_.enable(false);
}

void ConsoleViewer::closed() {
    from_machine_ = EventSource();
    if (end_)
        return;
    pollfd process{machine_.process.get(), POLLIN, 0};
    end_ = poll(&process, 1, 0) > 0 ? ViewEnd::machine_ended : ViewEnd::cut_off;
}

void ConsoleViewer::show(const LiveEntry& entry) {
    switch (entry.kind) {
        case LiveEntry::Kind::output:
            return show_output(entry.bytes);
        case LiveEntry::Kind::said:
            if (is_live_ && !entry.bytes.empty())
                messages_.repeat(entry.bytes[0] - '0', std::string_view(entry.bytes).substr(1));
            return;
        case LiveEntry::Kind::live:
            is_live_ = true;
            if (replay_)
                to_user_.give(replay_->rest());
            replay_.reset();
            return;
        case LiveEntry::Kind::detached:
            end_ = ViewEnd::detached;
            return;
        case LiveEntry::Kind::ended:
            end_ = ViewEnd::machine_ended;
            return;
        case LiveEntry::Kind::typed:
        case LiveEntry::Kind::size:
            return;
    }
}

void ConsoleViewer::show_output(const std::string& bytes) {
    to_user_.give(replay_ ? replay_->pass(bytes) : bytes);
    line_ = unfinished_after(line_, bytes);
    messages_.set_unfinished(is_terminal_ ? line_ : Unfinished::nothing);
}

void ConsoleViewer::read_user(std::uint32_t events) {
    std::array<char, client_chunk> bytes;
    const ssize_t size = read(STDIN_FILENO, bytes.data(), bytes.size());
    if (size > 0)
        return send(LiveEntry::Kind::typed, {bytes.data(), static_cast<std::size_t>(size)});
    if (size < 0 && (errno == EINTR || (errno == EAGAIN && (events & (EPOLLHUP | EPOLLERR)) == 0)))
        return;
    from_user_ = EventSource();
    end_ = ViewEnd::signalled;  // the terminal is gone
}

/// A machine that reads nothing must not make us deaf to our own keys, so that what is too much is dropped.
void ConsoleViewer::send(LiveEntry::Kind kind, std::string_view bytes) {
    if (to_machine_.waiting() < most_typed)
        to_machine_.give(packed(kind, microseconds_since_1970(), bytes));
}

void ConsoleViewer::tell_size() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
        send(LiveEntry::Kind::size, fmt::format("{} {}", size.ws_row, size.ws_col));
}

}  // namespace

Result<ConsoleConnection> attach_console(const ListedMachine& machine) {
    const std::string doing = "attach to " + machine.name;
    Result<Fd> socket = connect_by_varlink(machine.path + "/control");
    if (!socket)
        return socket.failure();
    std::string call = R"({"method":"io.vmspawn.Console.Attach","parameters":{},"upgrade":true})";
    call += '\0';
    if (send(socket->get(), call.data(), call.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(call.size()))
        return failed(doing);
    ConsoleConnection connection{.socket = *std::move(socket), .heard = {}};
    const Result<std::string> reply = read_reply(connection.socket.get(), doing, connection.heard);
    if (!reply)
        return reply.failure();
    if (reply->find("io.vmspawn.Console.NoConsole") != std::string::npos)
        return Failure{EOPNOTSUPP, doing, "its console.mode lets no console go through vmspawn"};
    if (Result<void> done = read_varlink_reply(*reply, doing); !done)
        return done.failure();
    const auto told = nlohmann::json::parse(*reply, nullptr, /*allow_exceptions=*/false);
    const auto types = told.is_object() ? told.find("parameters") : told.end();
    connection.types = types != told.end() && types->is_object() && types->contains("types") && types->at("types") == true;
    return connection;
}

Result<ViewEnd> view_console(const ListedMachine& machine, ConsoleConnection connection, Messages& messages) {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, nullptr);
    return ConsoleViewer(machine, std::move(connection), messages).run();
}

}  // namespace vmspawn
