// The machine's entries: with systemd-machined, and of a user's machine with the system's as well.
#pragma once

#include "run/registration.hpp"

#include <functional>
#include <optional>
#include <string>

namespace vmspawn {

class Registrations {
public:
    using Answer = std::function<void(Result<void>)>;

    /// `also`: where the system's machined hears varlink; empty: nobody else is told. `made` is called once: as soon as the first has the
    /// machine, else when neither has it, with the first's refusal. The loop outlives this.
    Registrations(EventLoop& loop, const MachineEntry& entry, const std::string& also, Answer made);
    Registrations(const Registrations&) = delete;
    Registrations& operator=(const Registrations&) = delete;

    /// As that of a Registration. The second asks nobody for a password.
    void begin(int qemu);
    void take_back();

private:
    Answer made_;
    std::optional<Result<void>> first_outcome_, second_outcome_;
    Registration first_;
    std::optional<Registration> second_;

    void settle();
};

}  // namespace vmspawn
