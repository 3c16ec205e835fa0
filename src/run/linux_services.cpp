// What LinuxSystem asks of the host's systemd.
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

Result<void> LinuxSystem::register_machine(const ResourceId& id, const RegisterMachine& entry) {
    MachineEntry told{.user = entry.user,
                      .socket = entry.socket,
                      .machine = resolve_word(*this, entry.machine),
                      .id = entry.id,
                      .directory = entry.directory,
                      .cid = entry.cid ? resolve(*entry.cid) : "",
                      .ssh_address = resolve_word(*this, entry.ssh_address),
                      .ssh_key = resolve_word(*this, entry.ssh_key)};
    auto made = std::make_unique<Registration>(loop_, std::move(told), [this, id](Result<void> result) {
        watch_.arrive({id, std::move(result)});
    });
    held_.insert_or_assign(id, Held(std::move(made)));
    return {};
}

}  // namespace vmspawn
