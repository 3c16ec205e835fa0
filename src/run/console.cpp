#include "run/console.hpp"

#include "run/lines.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

namespace {

constexpr std::size_t console_chunk = 16384;
/// Typed bytes that the guest has not taken. Beyond this a terminal's are dropped, so that the keys that end it are still seen.
constexpr std::size_t most_input = std::size_t{4} << 20;

bool takes_input(ConsoleKind kind) {
    return kind == ConsoleKind::interactive || kind == ConsoleKind::transparent;
}

bool same_terminal(int a, int b) {
    struct stat first {};
    struct stat second {};
    return isatty(a) && isatty(b) && fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_rdev == second.st_rdev;
}

}  // namespace

ConsoleLink::ConsoleLink(EventLoop& loop, Messages& messages, ConsoleKind kind, ConsoleEnds ends, Handlers handlers,
                         const Decoration& decoration)
    : messages_(messages),
      kind_(kind),
      ends_(ends),
      handlers_(std::move(handlers)),
      input_is_terminal_(isatty(ends.input) == 1),
      shares_terminal_(same_terminal(ends.output, STDERR_FILENO)),
      master_again_(fcntl(ends.master, F_DUPFD_CLOEXEC, 3)),
      to_caller_(loop, ends.output,
                 {.emptied =
                      [this] {
                          unsaid_.clear();
                          pump();
                      },
                  .lost =
                      [this](int error) {
                          if (error == EIO && !left_)
                              handlers_.hang_up();
                          check_done();
                      }}),
      to_guest_(loop, master_again_.get(), {.emptied = [this] { guest_took_input(); }, .lost = [](int) {}}) {
    if (kind != ConsoleKind::kept) {
        copy_size();
        resized_ = loop.on_signal(SIGWINCH, [this](pid_t) { copy_size(); });
    }
    if (shares_terminal_)
        messages_.set_queue([this](std::string_view text) { return say_in_turn(text); });
    from_guest_ = loop.on_io(ends.master, EPOLLIN, [this](std::uint32_t) { pump(); });
    open(loop, isatty(ends.output) == 1 ? decoration : Decoration{});
    if (!takes_input(kind))
        return;
    messages_.set_raw(raw_->active());
    from_caller_ = loop.on_io(ends.input, EPOLLIN, [this](std::uint32_t events) { caller_spoke(events); });
    if (raw_->active())
        continued_ = loop.on_signal(SIGCONT, [this](pid_t) { raw_->refresh(); });
}

ConsoleLink::~ConsoleLink() {
    messages_.set_queue(nullptr);
    if (!to_caller_.empty() && !unsaid_.empty())
        say_at_once(STDERR_FILENO, unsaid_);
    messages_.set_raw(false);
    messages_.set_background("");
}

void ConsoleLink::open(EventLoop& loop, const Decoration& decoration) {
    const bool asks = decoration.asks && (takes_input(kind_) || is_in_front(ends_.input));
    raw_.emplace(takes_input(kind_) || asks ? ends_.input : -1, Farewell{ends_.output, decoration.closing},
                 takes_input(kind_) ? TypingMode::raw : TypingMode::quiet);
    to_caller_.give(decoration.opening);
    if (asks || !decoration.background.empty())
        background_.emplace();  // from the first byte on, so that it knows where sequences begin
    if (!decoration.background.empty())
        set_background(decoration.background);
    if (!asks)
        return;
    // Where nothing is typed a late answer would be left for the shell.
    const std::chrono::milliseconds patience{takes_input(kind_) ? 500 : 4000};
    answer_.emplace();
    to_caller_.give(BackgroundAnswer::question);
    if (takes_input(kind_)) {
        answer_due_ = loop.on_timer(patience, [this] { pass_input(answer_->stop_waiting()); });
        return;
    }
    answer_due_ = loop.on_timer(patience, [this] { stop_listening(); });
    from_caller_ = loop.on_io(ends_.input, EPOLLIN, [this](std::uint32_t) { hear_answer(); });
}

/// A console that is only read takes nothing but the answer: what is typed meanwhile would have been for nobody.
void ConsoleLink::hear_answer() {
    if (!is_in_front(ends_.input))
        return stop_listening();
    std::array<char, console_chunk> buffer;
    const ssize_t size = read(ends_.input, buffer.data(), buffer.size());
    if (size < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    std::string bytes(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    const auto colour = answer_->typed(bytes);
    if (colour)
        set_background(green_tint(*colour));
    if (colour || size <= 0)
        stop_listening();
}

void ConsoleLink::stop_listening() {
    from_caller_ = EventSource();
    answer_due_ = EventSource();
    if (raw_)
        raw_->put_back();
}

/// What the guest has printed is on its way in pieces: a message between them would stand within a word, or an escape sequence.
bool ConsoleLink::say_in_turn(std::string_view text) {
    line_ = Unfinished::nothing;
    if (is_shown())
        return false;
    unsaid_ += text;
    to_caller_.give(text);
    return true;
}

void ConsoleLink::set_background(const std::string& parameters) {
    background_->set(parameters);
    messages_.set_background(shares_terminal_ ? "\033[" + parameters + "m" : "");
}

// As far as the guest's terminal: QEMU tells the guest nothing of it.
void ConsoleLink::copy_size() {
    winsize size{};
    if (ioctl(ends_.output, TIOCGWINSZ, &size) == 0 || ioctl(ends_.input, TIOCGWINSZ, &size) == 0)
        ioctl(ends_.master, TIOCSWINSZ, &size);
}

bool ConsoleLink::has_room() const {
    return left_ || !to_caller_.is_full();
}

/// To the caller, all that is for them.
bool ConsoleLink::is_shown() const {
    return left_ || to_caller_.empty();
}

// A slow reader does not slow the guest down, and nothing is lost, as long as the disk has room.
void ConsoleLink::guest_spoke() {
    if (!has_room() && waits_)
        return make_guest_wait();
    std::array<char, console_chunk> buffer;
    const ssize_t size = read(ends_.master, buffer.data(), buffer.size());
    if (size > 0) {
        show({buffer.data(), static_cast<std::size_t>(size)});
        return has_room() || !waits_ ? from_guest_.enable(true) : make_guest_wait();
    }
    const bool ended = size == 0 || (errno != EAGAIN && errno != EINTR);
    from_guest_.enable(!ended && !done_);
    check_done();
}

void ConsoleLink::make_guest_wait() {
    from_guest_.enable(false);
    if (!std::exchange(told_that_it_waits_, true))
        messages_.warning("nobody reads what the guest prints, and $TMPDIR (/var/tmp) takes no more of it: the guest waits");
}

void ConsoleLink::show(std::string_view bytes) {
    std::string shown;
    if (background_)
        background_->pass(bytes, shown);
    if (has_room() && !left_)
        to_caller_.give(background_ ? std::string_view(shown) : bytes);
    remember(bytes);
    if (handlers_.spoke)
        handlers_.spoke(bytes);
    line_ = unfinished_after(line_, bytes);
    messages_.set_unfinished(shares_terminal_ && !left_ ? line_ : Unfinished::nothing);
}

void ConsoleLink::remember(std::string_view bytes) {
    constexpr std::size_t kept = 4096;
    tail_.append(bytes);
    if (tail_.size() > 2 * kept)
        tail_.erase(0, tail_.size() - kept);
}

std::string ConsoleLink::last_lines() const {
    LineSplitter lines(tail_.size());
    lines.feed(tail_);
    LastWords last;
    while (const auto line = lines.take())
        last.add(*line);
    last.add(lines.rest());
    return last.text();
}

void ConsoleLink::type(std::string_view bytes) {
    if (to_guest_.waiting() < most_input)
        return to_guest_.give(bytes);
    if (!std::exchange(typed_in_vain_, true))
        messages_.warning("the guest does not take what is typed: what comes now is dropped, until it does");
}

void ConsoleLink::set_size(TerminalSize size) {
    const winsize known{.ws_row = size.rows, .ws_col = size.columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ioctl(ends_.master, TIOCSWINSZ, &known);
}

void ConsoleLink::leave_caller() {
    left_ = true;
    from_caller_ = EventSource();
    continued_ = EventSource();
    resized_ = EventSource();
    raw_.reset();
    messages_.set_raw(false);
    messages_.set_background("");
}

void ConsoleLink::finish(std::function<void()> done) {
    done_ = std::move(done);
    from_caller_ = EventSource();
    pump();
}

// While the end is awaited the loop cannot help: it reports what comes, not that nothing more does.
void ConsoleLink::pump() {
    do
        guest_spoke();
    while (done_ && is_shown());
}

void ConsoleLink::wait_for_nobody() {
    waits_ = false;
    pump();
}

void ConsoleLink::abandon() {
    if (done_)
        std::exchange(done_, nullptr)();
}

void ConsoleLink::check_done() {
    if (!done_)
        return;
    end_line();
    if (is_shown())
        std::exchange(done_, nullptr)();
}

/// The shell's prompt is to begin a line, wherever the guest has stopped.
void ConsoleLink::end_line() {
    if (line_ == Unfinished::nothing || isatty(ends_.output) != 1 || left_)
        return;
    to_caller_.give(line_ == Unfinished::controls ? "\033\\\r\n" : "\r\n");
    line_ = Unfinished::nothing;
    messages_.set_unfinished(line_);
}

void ConsoleLink::caller_spoke(std::uint32_t events) {
    std::array<char, console_chunk> buffer;
    const ssize_t size = read(ends_.input, buffer.data(), buffer.size());
    if (size > 0)
        return take_input({buffer.data(), static_cast<std::size_t>(size)});
    if (size < 0 && (errno == EINTR || (errno == EAGAIN && (events & (EPOLLHUP | EPOLLERR)) == 0)))
        return;
    caller_closed();
}

// The end of a file or pipe is only the end of typing; a terminal that ends has been hung up.
void ConsoleLink::caller_closed() {
    from_caller_ = EventSource();
    if (input_is_terminal_)
        handlers_.hang_up();
}

void ConsoleLink::take_input(std::string bytes) {
    if (answer_)
        if (const auto colour = answer_->typed(bytes))
            set_background(green_tint(*colour));
    if (!bytes.empty())
        pass_input(std::move(bytes));
}

void ConsoleLink::pass_input(std::string bytes) {
    std::optional<HotKey> typed;
    if (kind_ != ConsoleKind::transparent)
        typed = keys_.typed(bytes, EscapeKeys::Clock::now());
    type(bytes);
    if (!input_is_terminal_ && !to_guest_.empty())
        from_caller_.enable(false);
    if (typed)
        handlers_.typed(*typed);
}

void ConsoleLink::guest_took_input() {
    typed_in_vain_ = false;
    from_caller_.enable(true);
}

}  // namespace vmspawn
