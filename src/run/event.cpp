#include "run/event.hpp"

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <utility>

namespace vmspawn {

struct EventSource::Watched : std::enable_shared_from_this<EventSource::Watched> {
    std::function<void(std::uint32_t)> handler;
    std::uint32_t events = 0;
    sd_event_source* source = nullptr;

    ~Watched() { sd_event_source_disable_unref(source); }
};

namespace {

// The handler may drop its own EventSource: `keep` holds what runs until it has returned.
int call(void* userdata, std::uint32_t events) noexcept {
    const auto keep = static_cast<EventSource::Watched*>(userdata)->shared_from_this();
    keep->handler(events);
    return 0;
}

int on_io_event(sd_event_source*, int, std::uint32_t events, void* userdata) noexcept {
    return call(userdata, events);
}
int on_signal_event(sd_event_source*, const signalfd_siginfo* signal, void* userdata) noexcept {
    return call(userdata, signal->ssi_code == SI_USER ? signal->ssi_pid : 0);
}
int on_time_event(sd_event_source*, std::uint64_t, void* userdata) noexcept {
    return call(userdata, 0);
}
int on_inotify_event(sd_event_source*, const inotify_event*, void* userdata) noexcept {
    return call(userdata, 0);
}
int on_always_ready(sd_event_source*, void* userdata) noexcept {
    return call(userdata, static_cast<EventSource::Watched*>(userdata)->events);
}

}  // namespace

// A signal that is blocked waits even where it is ignored, and a loop that listens to it gets it.
std::vector<int> ending_signals() {
    struct sigaction hang_up {};
    const bool is_ignored = sigaction(SIGHUP, nullptr, &hang_up) == 0 && hang_up.sa_handler == SIG_IGN;
    return is_ignored ? std::vector{SIGTERM, SIGINT} : std::vector{SIGTERM, SIGINT, SIGHUP};
}

EventSource::EventSource() = default;
EventSource::EventSource(std::shared_ptr<Watched> watched) : watched_(std::move(watched)) {}
EventSource::EventSource(EventSource&&) noexcept = default;

// At once, also within its own handler, which keeps the rest: the descriptor may be closed next and its number be another's.
EventSource& EventSource::operator=(EventSource&& other) noexcept {
    if (this != &other) {
        enable(false);
        watched_ = std::move(other.watched_);
    }
    return *this;
}

EventSource::~EventSource() {
    enable(false);
}

void EventSource::enable(bool on) {
    if (watched_ != nullptr)
        sd_event_source_set_enabled(watched_->source, on ? SD_EVENT_ON : SD_EVENT_OFF);
}

EventLoop::EventLoop() {
    if (const int result = sd_event_new(&loop_); result < 0)
        failure_ = Failure{-result, "make an event loop", ""};
}

EventLoop::~EventLoop() {
    sd_event_unref(loop_);
}

EventSource EventLoop::keep(std::shared_ptr<EventSource::Watched> watched, int result, const char* doing) {
    if (result >= 0)
        return EventSource(std::move(watched));
    if (!failure_)
        failure_ = Failure{-result, doing, ""};
    return {};
}

EventSource EventLoop::on_io(int fd, std::uint32_t events, std::function<void(std::uint32_t)> handler) {
    auto watched = std::make_shared<EventSource::Watched>();
    watched->handler = std::move(handler);
    watched->events = events;
    int result = sd_event_add_io(loop_, &watched->source, fd, events, on_io_event, watched.get());
    if (result == -EPERM) {
        result = sd_event_add_defer(loop_, &watched->source, on_always_ready, watched.get());
        if (result >= 0)
            result = sd_event_source_set_enabled(watched->source, SD_EVENT_ON);
    }
    return keep(std::move(watched), result, "watch a descriptor");
}

EventSource EventLoop::on_signal(int number, std::function<void(pid_t)> handler) {
    auto watched = std::make_shared<EventSource::Watched>();
    watched->handler = [handler = std::move(handler)](std::uint32_t sender) { handler(static_cast<pid_t>(sender)); };
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    sigprocmask(SIG_BLOCK, &one, nullptr);
    const int result = sd_event_add_signal(loop_, &watched->source, number, on_signal_event, watched.get());
    return keep(std::move(watched), result, "watch a signal");
}

EventSource EventLoop::on_new_name(const std::string& path, std::function<void()> handler) {
    auto watched = std::make_shared<EventSource::Watched>();
    watched->handler = [handler = std::move(handler)](std::uint32_t) { handler(); };
    const int result =
        sd_event_add_inotify(loop_, &watched->source, path.c_str(), IN_CREATE | IN_MOVED_TO, on_inotify_event, watched.get());
    return keep(std::move(watched), result, "watch a directory");
}

EventSource EventLoop::on_timer(std::chrono::microseconds after, std::function<void()> handler) {
    auto watched = std::make_shared<EventSource::Watched>();
    watched->handler = [handler = std::move(handler)](std::uint32_t) { handler(); };
    constexpr std::uint64_t accuracy = 1;  // microseconds; 0 would be the default, a quarter of a second
    const int result = sd_event_add_time_relative(loop_, &watched->source, CLOCK_MONOTONIC, static_cast<std::uint64_t>(after.count()),
                                                  accuracy, on_time_event, watched.get());
    return keep(std::move(watched), result, "set a timer");
}

Result<void> EventLoop::attach(sd_bus* bus) {
    if (const int result = sd_bus_attach_event(bus, loop_, SD_EVENT_PRIORITY_NORMAL); result < 0)
        return Failure{-result, "watch the bus", ""};
    return {};
}

void EventLoop::answer_watchdog() {
    if (const int result = sd_event_set_watchdog(loop_, 1); result < 0 && !failure_)
        failure_ = Failure{-result, "answer the watchdog", ""};
}

Result<void> EventLoop::turn() {
    if (failure_)
        return *failure_;
    if (const int result = sd_event_run(loop_, UINT64_MAX); result < 0)
        return Failure{-result, "wait for events", ""};
    return {};
}

}  // namespace vmspawn
