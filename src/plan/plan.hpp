// What will be done, in full: resources with their edges, and which one is QEMU. A value; printing it is a dry run.
#pragma once

#include "base/origin.hpp"
#include "plan/action.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace vmspawn {

/// When a resource counts as up.
enum class Readiness {
    done,       ///< as soon as its action has returned
    greeting,   ///< QEMU: when it greets on the QMP socket
    ended,      ///< a Spawn that does one thing: when it has ended with status 0
    connected,  ///< a Spawn: when its MakeClient is connected to the socket that it makes
    answered,   ///< a MakeScope or RegisterMachine: when systemd has done it
};
std::string_view to_word(Readiness ready);

enum class OnFailure {
    stop,
    warn,        ///< and those who need it do not start
    go_on,       ///< warn, and those who need it start all the same
    drop_words,  ///< all is undone and started once more without it and without QEMU's words that go with it
};
std::string_view to_word(OnFailure reaction);

struct Resource {
    ResourceId id;                  ///< "image", "drive.data", "credential.foo", "qemu"
    std::vector<ResourceId> needs;  ///< exactly those whose Late value or file it uses
    Action up;
    Readiness ready = Readiness::done;
    OnFailure on_failure = OnFailure::stop;
    Origin because;                    ///< the line that asked for it
    std::string because_key;           ///< "image.path"; empty: always there
    std::vector<std::string> reasons;  ///< "accel = tcg because …"
    std::string without{};             ///< what the machine lacks when a failure of it does not stop the machine
    std::optional<Word> announce{};    ///< said on stderr when the machine is up: "forward …"
};

enum class ConsoleKind { none, read_only, interactive, transparent };

struct ConsolePlan {
    ConsoleKind kind = ConsoleKind::none;
    ResourceId terminal;  ///< the MakeTerminal; empty for none
};

/// The ladder of an orderly end: ACPI power-off, then after `power_off` SIGTERM, then after `terminate` SIGKILL.
struct StopLadder {
    std::chrono::seconds power_off{30};
    std::chrono::seconds terminate{10};
    bool silent_power_off = false;  ///< QEMU just ends, with status 0, when the guest powers off: it sends no event (riscv64's test device)
};

/// How the guest tells about itself (sd_notify over VSOCK).
struct NotifyPlan {
    ResourceId listener;                                 ///< empty: it cannot
    bool wait = false;                                   ///< the machine is ready when the guest says so, else as soon as QEMU runs
    std::optional<std::chrono::microseconds> timeout{};  ///< for the guest to be ready
};

struct Plan {
    std::string machine;              ///< its name
    std::vector<Resource> resources;  ///< every `needs` stands before; QEMU last
    ResourceId qemu = "qemu";
    ResourceId qmp = "qmp";
    ConsolePlan console;
    NotifyPlan notify;
    StopLadder stop;
    std::vector<std::string> notices;  ///< said once on stderr unless --quiet: "KVM is not used: …"
    std::string directory;             ///< printed as "."
    std::string home;                  ///< printed as "~"

    [[nodiscard]] const Resource* find(std::string_view id) const;
};

/// The plan without that resource, the words that go with it, and what was there for it alone.
Plan without(const Plan& plan, const ResourceId& id);

/// Empty when every need names an earlier resource and ids are unique; else what is wrong (a cycle is shown as a ring).
std::string check_order(const std::vector<Resource>& resources);

}  // namespace vmspawn
