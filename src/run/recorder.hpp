// Records where the time of a run goes.
#pragma once

#include "run/boot_marks.hpp"
#include "run/onlooker.hpp"
#include "run/timeline.hpp"

#include <functional>
#include <set>
#include <string>

namespace vmspawn {

class TimelineRecorder final : public Onlooker {
public:
    using Clock = std::function<Moment()>;

    /// What `clock` has so far are the first phases; that to plan ends now. `now` tells the time from then on.
    TimelineRecorder(const Plan& plan, const RunClock& clock, Clock now);

    void begins(const Resource& resource) override;
    void came_up(const Resource& resource) override { end_span(resource, TimelineSpan::Outcome::up); }
    void failed(const Resource& resource) override { end_span(resource, TimelineSpan::Outcome::failed); }
    void starts_again() override;
    void saw(const Event& event) override;
    void guest_printed(std::string_view bytes) override;

    /// The run has ended with that status. Called once.
    Timeline finish(int status);

private:
    Clock now_;
    std::string qemu_;
    Timeline timeline_;
    BootMarks guest_;
    bool starting_ = true;           ///< the guest, for the first time
    std::set<std::string> sockets_;  ///< resources that two programs talk through
    std::size_t first_mark_ = 0;     ///< of this start
    std::size_t first_ = 0;          ///< of the spans: of the resources of this start
    std::size_t tries_ = 0;          ///< starts that were given up

    void end_span(const Resource& resource, TimelineSpan::Outcome outcome);
    void mark(std::string name, std::string seen_by);
    void see(const QmpEvent& event);
    void see(const GuestSaid& said);
    void add_guest_marks();
    void find_partners();
};

/// As the name's ending says, .svg or .json; as write_file() does it.
Result<void> write_timeline(const Timeline& timeline, const std::string& path);

}  // namespace vmspawn
