#include "run/bus.hpp"

#include <systemd/sd-bus.h>

#include <cerrno>
#include <memory>
#include <utility>

namespace vmspawn {

namespace {

struct DropMessage {
    void operator()(sd_bus_message* message) const noexcept { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, DropMessage>;

Result<Message> make_call(sd_bus* bus, const BusMethod& method, const std::string& doing, const Bus::Fill& fill) {
    sd_bus_message* made = nullptr;
    int result = sd_bus_message_new_method_call(bus, &made, method.service, method.path, method.interface, method.name);
    Message message(made);
    if (result >= 0 && fill)
        result = fill(made);
    if (result < 0)
        return Failure{-result, doing, ""};
    return message;
}

Failure to_failure(const sd_bus_error& error, const std::string& doing) {
    const int number = sd_bus_error_get_errno(&error);
    std::string words = error.message != nullptr ? error.message : error.name != nullptr ? error.name : "";
    return Failure{number > 0 ? number : EIO, doing, std::move(words)};
}

}  // namespace

Result<Bus> Bus::open(EventLoop& loop, bool user, bool may_ask) {
    const char* doing = user ? "connect to the user's bus" : "connect to the system's bus";
    sd_bus* made = nullptr;
    if (const int result = user ? sd_bus_open_user(&made) : sd_bus_open_system(&made); result < 0)
        return Failure{-result, doing, ""};
    Bus bus(made);
    sd_bus_set_allow_interactive_authorization(made, may_ask ? 1 : 0);
    if (Result<void> attached = loop.attach(made); !attached)
        return attached.failure();
    return bus;
}

Bus::Bus(Bus&& other) noexcept
    : bus_(std::exchange(other.bus_, nullptr)), waiting_(std::move(other.waiting_)), signals_(std::move(other.signals_)) {}

Bus::~Bus() {
    if (bus_ == nullptr)
        return;
    sd_bus_detach_event(bus_);
    sd_bus_flush_close_unref(bus_);
}

int Bus::on_answer(sd_bus_message* reply, void* userdata, void* /*error*/) noexcept {
    const Waiting& waiting = *static_cast<Waiting*>(userdata);
    if (const sd_bus_error* error = sd_bus_message_get_error(reply))
        waiting.answer(to_failure(*error, waiting.doing));
    else
        waiting.answer(reply);
    return 0;
}

int Bus::on_signal(sd_bus_message* signal, void* userdata, void* /*error*/) noexcept {
    (*static_cast<Signal*>(userdata))(signal);
    return 0;
}

void Bus::call(const BusMethod& method, const std::string& doing, const Fill& fill, Answer answer) {
    Result<Message> message = make_call(bus_, method, doing, fill);
    if (!message)
        return answer(message.failure());
    Waiting& waiting = waiting_.emplace_back(Waiting{doing, std::move(answer)});
    const auto handler = [](sd_bus_message* reply, void* userdata, sd_bus_error* error) { return on_answer(reply, userdata, error); };
    constexpr std::uint64_t usual_patience = 0;
    if (const int result = sd_bus_call_async(bus_, nullptr, message->get(), handler, &waiting, usual_patience); result < 0)
        waiting.answer(Failure{-result, doing, ""});
}

void Bus::listen(const BusMethod& method, Signal signal) {
    Signal& kept = signals_.emplace_back(std::move(signal));
    const auto handler = [](sd_bus_message* message, void* userdata, sd_bus_error* error) { return on_signal(message, userdata, error); };
    // That the match is made needs no answer: whoever sends the signal is asked after this, on the same connection.
    sd_bus_match_signal_async(bus_, nullptr, method.service, method.path, method.interface, method.name, handler, nullptr, &kept);
}

std::string Bus::own_name() const {
    const char* name = nullptr;
    return sd_bus_get_unique_name(bus_, &name) >= 0 && name != nullptr ? name : "";
}

Result<void> Bus::call_and_wait(const BusMethod& method, const std::string& doing, const Fill& fill, std::chrono::seconds patience) {
    Result<Message> message = make_call(bus_, method, doing, fill);
    if (!message)
        return message.failure();
    sd_bus_error error{};
    const auto microseconds = static_cast<std::uint64_t>(std::chrono::microseconds(patience).count());
    const int result = sd_bus_call(bus_, message->get(), microseconds, &error, nullptr);
    const Failure failure = to_failure(error, doing);
    sd_bus_error_free(&error);
    if (result < 0)
        return Failure{-result, failure.doing, failure.detail};
    return {};
}

}  // namespace vmspawn
