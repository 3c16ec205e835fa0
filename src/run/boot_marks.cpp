#include "run/boot_marks.hpp"

#include <algorithm>
#include <charconv>

namespace vmspawn {

namespace {

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

/// Takes "[    1.234567] " or "[    1.234567][    T1] " from the start of a kernel's line: the time since the kernel began.
std::optional<Moment> take_kernel_time(std::string_view& line) {
    const std::size_t end = line.find(']');
    if (!line.starts_with('[') || end == std::string_view::npos)
        return std::nullopt;
    std::string_view time = line.substr(1, end - 1);
    time.remove_prefix(std::min(time.find_first_not_of(' '), time.size()));
    constexpr std::size_t decimals = 6;
    const std::size_t point = time.find('.');
    if (point == std::string_view::npos || time.size() != point + 1 + decimals)
        return std::nullopt;
    std::int64_t seconds = -1, rest = -1;
    const char* last = time.data() + time.size();
    const bool whole = std::from_chars(time.data(), last, seconds).ptr == time.data() + point;
    if (!whole || std::from_chars(time.data() + point + 1, last, rest).ptr != last || seconds < 0 || rest < 0 || seconds > 1'000'000)
        return std::nullopt;
    line.remove_prefix(end + 1);
    return std::chrono::seconds(seconds) + Moment(rest);
}

}  // namespace

void BootMarks::see(std::string_view name, Moment at, std::string_view by) {
    if (std::ranges::find(found_, name, &TimelineMark::name) == found_.end())
        found_.push_back({.name = std::string(name), .at = at, .seen_by = std::string(by)});
}

// A line comes as late as the console is: the least of what all lines say is nearest.
void BootMarks::see_kernel(Moment at) {
    see("kernel", at, "console");
    const auto kernel = std::ranges::find(found_, "kernel", &TimelineMark::name);
    kernel->at = std::min(kernel->at, at);
}

void BootMarks::printed(std::string_view bytes, Moment now) {
    see("console", now, "console");
    lines_.feed(bytes);
    while (const auto line = lines_.take())
        take_line(*line, now);
    if (lines_.overlong())
        lines_.rest();
}

void BootMarks::take_line(std::string_view line, Moment now) {
    if (const auto time = take_kernel_time(line))
        see_kernel(now - *time);
    take_text(line, now);
}

void BootMarks::take_text(std::string_view text, Moment now) {
    if (has(text, "BdsDxe: starting Boot"))
        see("loader", now, "console");
    else if (has(text, "Linux version "))
        see("kernel", now, "console");
    else if (has(text, "Run /init as init process") || has(text, "systemd[1]: Running in initrd"))
        see("initrd", now, "console");
    else if ((has(text, "Run /") && has(text, " as init process")) || has(text, "systemd[1]: Switching root"))
        see("userspace", now, "console");
    else if (has(text, "Welcome to "))
        see(has(text, "nitramfs") || has(text, "initrd") ? "initrd" : "userspace", now, "console");
}

// Each systemd, of the initrd and of the system, says first who it is. Only the initrd's reaches a target of that name.
void BootMarks::said(std::string_view name, std::string_view value, Moment now) {
    constexpr std::string_view notify = "notify";
    const bool begins = name == "X_SYSTEMD_SIGNALS_LEVEL" || name == "X_SYSTEMD_HOSTNAME" || name == "X_SYSTEMD_MACHINE_ID";
    if (!systemd_began_ && name.starts_with("X_SYSTEMD_"))
        systemd_began_ = now;
    if (begins && in_initrd_)
        see("userspace", now, notify);
    else if (name == "X_SYSTEMD_UNIT_ACTIVE")
        unit_is_active(value, now);
    else if (name == "READY" && value == "1") {
        if (systemd_began_ && !in_initrd_)
            see("userspace", *systemd_began_, notify);
        see("ready", now, notify);
    }
}

void BootMarks::unit_is_active(std::string_view unit, Moment now) {
    if (unit == "initrd.target" || unit == "initrd-switch-root.target") {
        in_initrd_ = true;
        if (systemd_began_)
            see("initrd", *systemd_began_, "notify");
    }
    if (unit.find('.') != std::string_view::npos && units_ < most_units) {  // no other mark has one in its name
        units_++;
        see(unit.substr(0, longest_line), now, "notify");
    }
}

}  // namespace vmspawn
