#include "run/registrations.hpp"

#include <utility>

namespace vmspawn {

namespace {

MachineEntry with_the_system(MachineEntry entry, const std::string& socket) {
    entry.user = false;
    entry.socket = socket;
    entry.may_ask = false;
    entry.start = false;
    return entry;
}

}  // namespace

Registrations::Registrations(EventLoop& loop, const MachineEntry& entry, const std::string& also, Answer made)
    : made_(std::move(made)), first_(loop, entry, [this](Result<void> result) {
          first_outcome_ = std::move(result);
          settle();
      }) {
    if (!also.empty())
        second_.emplace(loop, with_the_system(entry, also), [this](Result<void> result) {
            second_outcome_ = std::move(result);
            settle();
        });
}

void Registrations::begin(int qemu) {
    first_.begin(qemu);
    if (second_)
        second_->begin(qemu);
}

void Registrations::settle() {
    if (!made_ || !first_outcome_ || (!*first_outcome_ && second_ && !second_outcome_))
        return;
    const bool only_second = second_outcome_ && *second_outcome_;
    std::exchange(made_, nullptr)(only_second ? Result<void>() : *first_outcome_);
}

void Registrations::take_back() {
    first_.take_back();
    if (second_)
        second_->take_back();
}

}  // namespace vmspawn
