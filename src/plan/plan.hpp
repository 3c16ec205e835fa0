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
    answered,   ///< a MakeScope, RegisterMachine or AskForTap: when systemd has done it
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
    std::vector<Word> instead{};       ///< what QEMU gets in place of the words that go with it, where it can do without
};

enum class ConsoleKind {
    none,
    kept,  ///< not shown: its end is kept for messages
    read_only,
    interactive,
    transparent,
};

/// What the caller's terminal shows besides the guest's output.
struct ConsoleLook {
    Word machine;            ///< its name, for a title and for the terminal's own record
    bool title = true;       ///< of the window
    std::string background;  ///< SGR parameters; empty: the terminal's own
    bool tint = false;       ///< a background near the terminal's own, which has to be asked for it
};

struct ConsolePlan {
    ConsoleKind kind = ConsoleKind::none;
    ResourceId terminal;                ///< the MakeTerminal; empty for none
    bool types = false;                 ///< who attaches to it later, too
    std::optional<ConsoleLook> look{};  ///< nothing: the terminal could not show it, or there is none
    std::string when_blank{};           ///< for who types and sees nothing: what may have spoken elsewhere; empty: nothing
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

/// A command in the guest, with which the machine ends. Its streams are channels of their own.
struct CommandPlan {
    std::string text;
    ResourceId input, output, errors;
    /// The guest says "started", with "terminal" when the command has one, and "ended STATUS". vmspawn says names of signals and
    /// "size ROWS COLUMNS", that first where a terminal is wanted, and the end of file when it has everything.
    ResourceId control;
    bool terminal = false;  ///< wanted, where the guest can make one: all that the command writes is output then
};

struct Plan {
    std::string machine;              ///< its name
    std::vector<Resource> resources;  ///< every `needs` stands before; QEMU last
    ResourceId qemu = "qemu";
    ResourceId qmp = "qmp";
    ConsolePlan console;
    NotifyPlan notify;
    StopLadder stop;
    std::optional<CommandPlan> command{};
    std::optional<std::chrono::microseconds> time_limit{};  ///< from the start on
    std::vector<std::string> notices;                       ///< said once on stderr unless --quiet: "KVM is not used: …"
    std::string directory;                                  ///< printed as "."
    std::string home;                                       ///< printed as "~"

    [[nodiscard]] const Resource* find(std::string_view id) const;
};

/// The name of its program, or the kind of its action: "swtpm", "open".
std::string kind_text(const Resource& resource);

/// The plan without that resource, the words that go with it, and what was there for it alone.
Plan without(const Plan& plan, const ResourceId& id);

/// The plan without all that QEMU can do without.
Plan with_fewer_helpers(const Plan& plan);

/// Empty when every need names an earlier resource and ids are unique; else what is wrong (a cycle is shown as a ring).
std::string check_order(const std::vector<Resource>& resources);

}  // namespace vmspawn
