#include "run/live_output.hpp"

#include "base/clock.hpp"

#include <fmt/format.h>

#include <utility>

namespace vmspawn {

LiveOutput::LiveOutput(EventLoop& loop, Messages& messages, Fd directory)
    : loop_(loop), messages_(messages), transcript_(std::move(directory)) {
    messages_.set_witness([this](int level, std::string_view text, std::string_view detail) {
        show(LiveEntry::Kind::said, fmt::format("{}{}{}{}", level, text, detail.empty() ? "" : "\n", detail));
    });
}

LiveOutput::~LiveOutput() {
    messages_.set_witness(nullptr);
    end();
}

void LiveOutput::show(LiveEntry::Kind kind, std::string_view bytes) {
    const std::uint64_t now = microseconds_since_1970();
    transcript_.add(kind, now, bytes);
    remove_gone();
    if (watchers_.empty())
        return;
    const std::string entry = packed(kind, now, bytes);
    for (LiveWatcher& watcher : watchers_)
        watcher.show(entry);
}

void LiveOutput::admit(Fd socket, LiveWatcher::Powers powers, LiveWatcher::Handlers handlers) {
    remove_gone();
    if (watchers_.size() < most_watchers)
        watchers_.emplace_back(loop_, std::move(socket), powers, std::move(handlers), transcript_.content());
}

void LiveOutput::end() {
    const std::string entry = packed(LiveEntry::Kind::ended, microseconds_since_1970(), "");
    for (LiveWatcher& watcher : watchers_)
        watcher.show(entry);
    watchers_.clear();
}

/// Not at once: a watcher may be on the stack when it goes.
void LiveOutput::remove_gone() {
    watchers_.remove_if([](const LiveWatcher& watcher) { return watcher.is_gone(); });
}

}  // namespace vmspawn
