// What LinuxSystem asks of the host's systemd, and what it offers to it.
#include "run/control_socket.hpp"
#include "run/linux_system.hpp"

namespace vmspawn {

Result<void> LinuxSystem::make_scope(const ResourceId& id, const MakeScope& scope) {
    held_.insert_or_assign(id, Held(InScope{}));
    HostScope::Handlers handlers{.made =
                                     [this, id](Result<void> result) {
                                         watch_.arrive({id, std::move(result)});
                                     },
                                 .stop_asked = [this] { watch_.service_manager_asks_to_stop(); }};
    if (scope_ && !scope_->refused()) {
        scope_->hand_to(std::move(handlers));
        return {};
    }
    scope_ = std::make_unique<HostScope>(loop_, scope, resolve_word(*this, scope.machine), std::move(handlers));
    fill_scope();
    return {};
}

void LinuxSystem::fill_scope() {
    if (!scope_ || !held_.contains(plan_.qemu))
        return;
    scope_->admit([this] { return watch_.lasting_processes(); });
}

void LinuxSystem::qemu_runs() {
    fill_scope();
    for (auto& [id, held] : held_)
        if (auto* entry = std::get_if<std::unique_ptr<Registrations>>(&held))
            (*entry)->begin(watch_.qemu_pid());
}

Result<void> LinuxSystem::serve_control(const ResourceId& id, const ServeControl& offer) {
    Result<Fd> listener = make_control_socket(runtime_directory());
    if (!listener)
        return listener.failure();
    watch_.serve_control(std::move(*listener), offer);
    held_.insert_or_assign(id, Held(ServedControl{}));
    return {};
}

void LinuxSystem::close_control() {
    watch_.close_control();
    remove_control_socket(runtime_directory());
}

Result<void> LinuxSystem::ask_for_tap(const ResourceId& id, const AskForTap& tap) {
    auto request = std::make_unique<TapRequest>(loop_, tap.socket, resolve_word(*this, tap.machine), [this, id](Result<void> result) {
        watch_.arrive({id, std::move(result)});
    });
    Result<void> asked = request->begin();
    if (asked)
        held_.insert_or_assign(id, Held(std::move(request)));
    return asked;
}

Result<void> LinuxSystem::mind_sleep(const ResourceId& id, const MindSleep& action) {
    watch_.mind_sleep(resolve_word(*this, action.machine));
    held_.insert_or_assign(id, Held(MindedSleep{}));
    return {};
}

Result<void> LinuxSystem::register_machine(const ResourceId& id, const RegisterMachine& entry) {
    MachineEntry told{.user = entry.user,
                      .socket = entry.socket,
                      .machine = resolve_word(*this, entry.machine),
                      .id = entry.id,
                      .directory = entry.directory,
                      .cid = entry.cid ? resolve(*entry.cid) : "",
                      .ssh_address = resolve_word(*this, entry.ssh_address),
                      .ssh_key = resolve_word(*this, entry.ssh_key),
                      .control = resolve_word(*this, entry.control),
                      .may_ask = entry.may_ask};
    auto made = std::make_unique<Registrations>(loop_, told, entry.also, [this, id](Result<void> result) {
        watch_.arrive({id, std::move(result)});
    });
    Registrations& registration = *made;
    held_.insert_or_assign(id, Held(std::move(made)));
    if (held_.contains(plan_.qemu))
        registration.begin(watch_.qemu_pid());
    return {};
}

}  // namespace vmspawn
