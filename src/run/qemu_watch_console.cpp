// The guest's console: on the caller's terminal, in the runtime directory, and with those who attach later.
#include "plan/record.hpp"
#include "run/qemu_watch.hpp"
#include "run/service.hpp"
#include "run/waiting_writes.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

void QemuWatch::keep_in(Fd directory, Fd again) {
    state_ = std::make_unique<StateFile>(std::move(directory));
    state_->expect_ending();
    live_ = std::make_unique<LiveOutput>(loop_, messages_, std::move(again));
}

void QemuWatch::keep_definition(const std::string& text) {
    if (state_ && !text.empty())
        state_->write_beside(definition_file, text);
}

void QemuWatch::tell_ending(const MachineEnding& ending, const std::string& background) {
    if (state_)
        state_->tell_ending(ending, background);
}

void QemuWatch::keep_output(int master) {
    if (master < 0)
        return;
    let_writes_wait(qemu_->pidfd(), qemu_->pid(), master);
    early_source_ = loop_.on_io(master, EPOLLIN, [this, master](std::uint32_t) {
        std::array<char, 16384> buffer;
        if (const ssize_t size = read(master, buffer.data(), buffer.size()); size > 0)
            early_.add({buffer.data(), static_cast<std::size_t>(size)});
        early_source_.enable(!early_.is_full());
    });
}

void QemuWatch::start_console(ConsoleKind kind, int master, const Decoration& decoration) {
    qemu_->show_lines();
    for (const auto& [id, helper] : helpers_)
        helper->show_lines();
    if (kind == ConsoleKind::none)
        return;
    const auto spoke = [this](std::string_view bytes) {
        onlooker_.guest_printed(bytes);
        if (live_)
            live_->guest_spoke(bytes);
    };
    ConsoleLink::Handlers handlers{
        .typed = [this](HotKey key) { typed(key); }, .hang_up = [this] { take(Signalled{SIGHUP}); }, .spoke = spoke};
    ConsoleEnds ends{.master = master};
    if (kind == ConsoleKind::kept) {
        nowhere_ = Fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
        ends.input = ends.output = nowhere_.get();
    }
    early_source_ = EventSource();
    console_ = std::make_unique<ConsoleLink>(loop_, messages_, kind, ends, std::move(handlers), decoration);
    for (; !early_.empty(); early_.drop(early_.front().size()))
        console_->show(early_.front());
    if (finished_) {  // a guest so quick that it ended before this: its output is still to be shown
        finished_ = false;
        console_->finish([this] { finished_ = true; });
    }
}

void QemuWatch::typed(HotKey key) {
    const std::string& when_blank = plan_.console.when_blank;
    if ((key == HotKey::help || key == HotKey::end) && !when_blank.empty() && console_->last_lines().empty())
        messages_.status("the guest has shown nothing yet; " + when_blank);
    if (key != HotKey::detach)
        return take(KeysTyped{.key = key, .can_leave = has_manager()});
    if (!has_manager())
        return messages_.status(
            "^]^]]: this vmspawn is its caller's, who waits for its end; one that was started by vmspawn run --detach can be left");
    console_->leave_caller();
    left_ = true;
    messages_.status("^]^]]: the machine goes on without this terminal; vmspawn console comes back to it");
}

void QemuWatch::attach(Fd watcher) {
    const bool all_keys = plan_.console.types && plan_.console.kind != ConsoleKind::transparent;
    const LiveWatcher::Powers powers{.types = plan_.console.types,
                                     .keys = all_keys ? EscapeKeys::Scope::all : EscapeKeys::Scope::detaching};
    LiveWatcher::Handlers handlers{.typed =
                                       [this](const std::string& bytes) {
                                           if (console_)
                                               console_->type(bytes);
                                       },
                                   .key = [this](HotKey key) { take(KeysTyped{.key = key, .can_leave = true}); },
                                   .resized =
                                       [this](TerminalSize size) {
                                           if (console_)
                                               console_->set_size(size);
                                       }};
    live_->admit(std::move(watcher), powers, std::move(handlers));
}

}  // namespace vmspawn
