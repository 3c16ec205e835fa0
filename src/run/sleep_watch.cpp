#include "run/sleep_watch.hpp"

#include <fmt/format.h>
#include <systemd/sd-bus.h>

#include <cerrno>
#include <fcntl.h>
#include <utility>

namespace vmspawn {

namespace {

BusMethod of_logind(const char* name) {
    return {"org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", name};
}

}  // namespace

SleepWatch::SleepWatch(EventLoop& loop, std::string machine, Handlers handlers)
    : machine_(std::move(machine)), handlers_(std::move(handlers)) {
    Result<Bus> bus = Bus::open(loop, /*user=*/false, /*may_ask=*/false);
    if (!bus) {
        handlers_.failed(to_string(bus.failure()));
        return;
    }
    bus_.emplace(std::move(*bus));
    bus_->listen(of_logind("PrepareForSleep"), [this](sd_bus_message* signal) { sleep_changes(signal); });
    hold_up();
}

void SleepWatch::hold_up() {
    const auto words = [this](sd_bus_message* call) {
        const std::string who = "vmspawn " + machine_;
        return sd_bus_message_append(call, "ssss", "sleep", who.c_str(), "to pause the guest first", "delay");
    };
    bus_->call(of_logind("Inhibit"), "ask logind to be told before this host sleeps", words, [this](const Result<sd_bus_message*>& answer) {
        int fd = -1;
        // Not every user may make a host wait. They hear of its sleep all the same, and are mostly quick enough.
        if (!answer && (answer.failure().error == EACCES || answer.failure().error == EPERM))
            return;
        if (!answer)
            return handlers_.failed(to_string(answer.failure()));
        if (sd_bus_message_read(*answer, "h", &fd) >= 0)
            held_up_ = Fd(fcntl(fd, F_DUPFD_CLOEXEC, 3));
    });
}

void SleepWatch::sleep_changes(sd_bus_message* signal) {
    int begins = 0;
    if (sd_bus_message_read(signal, "b", &begins) < 0)
        return;
    handlers_.sleeps(begins != 0);
    if (begins == 0)
        hold_up();
}

}  // namespace vmspawn
