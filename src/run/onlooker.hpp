// What happens in one run, told to those who only look on: a record of where the time went, a line that tells of progress.
#pragma once

#include "plan/plan.hpp"
#include "run/supervisor_events.hpp"

#include <string_view>
#include <vector>

namespace vmspawn {

/// This one looks at nothing. What is told is only valid for the call.
class Onlooker {
public:
    Onlooker() = default;
    Onlooker(const Onlooker&) = delete;
    Onlooker& operator=(const Onlooker&) = delete;
    virtual ~Onlooker() = default;

    virtual void begins(const Resource&) {}  ///< is performed now
    virtual void came_up(const Resource&) {}
    virtual void failed(const Resource&) {}
    virtual void starts_again() {}     ///< all that was started is undone: the same once more, without some part
    virtual void saw(const Event&) {}  ///< before anything is done about it
    virtual void guest_printed(std::string_view) {}
    virtual void time_passes() {}  ///< each second of an action that keeps vmspawn from everything else
};

/// Tells them all, in their order.
class Onlookers final : public Onlooker {
public:
    /// It must outlive this.
    void add(Onlooker& one) { all_.push_back(&one); }

    void begins(const Resource& resource) override {
        for (Onlooker* one : all_)
            one->begins(resource);
    }
    void came_up(const Resource& resource) override {
        for (Onlooker* one : all_)
            one->came_up(resource);
    }
    void failed(const Resource& resource) override {
        for (Onlooker* one : all_)
            one->failed(resource);
    }
    void starts_again() override {
        for (Onlooker* one : all_)
            one->starts_again();
    }
    void saw(const Event& event) override {
        for (Onlooker* one : all_)
            one->saw(event);
    }
    void guest_printed(std::string_view bytes) override {
        for (Onlooker* one : all_)
            one->guest_printed(bytes);
    }
    void time_passes() override {
        for (Onlooker* one : all_)
            one->time_passes();
    }

private:
    std::vector<Onlooker*> all_;
};

}  // namespace vmspawn
