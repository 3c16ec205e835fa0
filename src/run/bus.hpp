// A connection to D-Bus that never makes the loop wait, a thin owner of sd-bus.
#pragma once

#include "base/result.hpp"
#include "run/event.hpp"

#include <chrono>
#include <functional>
#include <list>
#include <string>

struct sd_bus;
struct sd_bus_message;

namespace vmspawn {

struct BusMethod {
    const char* service;
    const char* path;
    const char* interface;
    const char* name;
};

class Bus {
public:
    /// Appends the arguments; what sd-bus returned last.
    using Fill = std::function<int(sd_bus_message*)>;
    /// A reply, which is read from its first argument on. An error has become a Failure that holds the service's words.
    using Answer = std::function<void(const Result<sd_bus_message*>&)>;
    using Signal = std::function<void(sd_bus_message*)>;

    /// The system's, or the user's. Handlers run in the loop, which outlives this. `may_ask`: services may ask the user for a password.
    static Result<Bus> open(EventLoop& loop, bool user, bool may_ask);
    Bus(Bus&& other) noexcept;
    Bus& operator=(Bus&&) = delete;
    ~Bus();

    /// `answer` is called once, unless this goes away before; `doing` is for its Failure.
    void call(const BusMethod& method, const std::string& doing, const Fill& fill, Answer answer);
    /// `method` names the signal, too.
    void listen(const BusMethod& method, Signal signal);
    /// Our name on the bus, once something was answered.
    [[nodiscard]] std::string own_name() const;

    /// Without the loop.
    Result<void> call_and_wait(const BusMethod& method, const std::string& doing, const Fill& fill, std::chrono::seconds patience);

private:
    explicit Bus(sd_bus* bus) : bus_(bus) {}
    struct Waiting {
        std::string doing;
        Answer answer;
    };
    sd_bus* bus_ = nullptr;
    std::list<Waiting> waiting_;  ///< also what has been answered: a handful
    std::list<Signal> signals_;

    static int on_answer(sd_bus_message* reply, void* userdata, void* error) noexcept;
    static int on_signal(sd_bus_message* signal, void* userdata, void* error) noexcept;
};

}  // namespace vmspawn
