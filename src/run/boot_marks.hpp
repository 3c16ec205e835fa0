// The marks of a guest's start, found in what it prints and in what it tells. Pure.
#pragma once

#include "run/lines.hpp"
#include "run/timeline.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace vmspawn {

class BootMarks {
public:
    void printed(std::string_view bytes, Moment now);
    /// A field of a notification of its systemd.
    void said(std::string_view name, std::string_view value, Moment now);

    /// Each name once: the first time counts. The kernel's is when, by the times in its own lines, it began.
    [[nodiscard]] const std::vector<TimelineMark>& found() const { return found_; }

    /// What is longer than this is no line that says anything.
    static constexpr std::size_t longest_line = 1024;
    /// Units of the guest that are noted.
    static constexpr std::size_t most_units = 64;

private:
    std::vector<TimelineMark> found_;
    LineSplitter lines_{longest_line};
    std::size_t units_ = 0;
    std::optional<Moment> systemd_began_;  ///< as its first notification came; whether of the initrd is not known yet
    bool in_initrd_ = false;

    void see(std::string_view name, Moment at, std::string_view by);
    void see_kernel(Moment at);
    void take_line(std::string_view line, Moment now);
    void take_text(std::string_view text, Moment now);
    void unit_is_active(std::string_view unit, Moment now);
};

}  // namespace vmspawn
