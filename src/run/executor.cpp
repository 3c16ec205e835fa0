#include "run/executor.hpp"

#include "plan/password.hpp"
#include "run/bring_up.hpp"
#include "run/detach.hpp"
#include "run/linux_system.hpp"
#include "run/memory_pressure.hpp"
#include "run/password_agent.hpp"
#include "run/progress.hpp"
#include "run/recorder.hpp"
#include "run/report.hpp"
#include "run/service.hpp"
#include "run/start_extension.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <malloc.h>
#include <unistd.h>

namespace vmspawn {

namespace {

// A lost reader is an error of the write, not the end of vmspawn; and no descriptor of ours may become standard input or output.
void prepare_process() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, nullptr);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (fcntl(fd, F_GETFD) < 0)
            (void)::open("/dev/null", O_RDWR);  // takes the lowest free number: this one
    }
}

void announce(const Plan& plan, const System& system, Messages& messages) {
    for (const std::string& notice : plan.notices)
        messages.status(notice);
    for (const Resource& resource : plan.resources) {
        if (resource.announce)
            messages.status(resolve_word(system, *resource.announce));
    }
}

void report_failures(const Plan& plan, const BringUp& machine, bool up, Messages& messages) {
    for (const FailedResource& failed : machine.failures()) {
        const Report report = describe(plan, *failed.resource, failed.failure);
        const bool last = &failed == &machine.failures().back();
        if (!up && last && failed.resource->on_failure != OnFailure::drop_words)
            messages.error(report.text, report.detail);
        else
            messages.warning(report.text, report.detail);
    }
}

/// What stays the same when the machine starts once more.
struct RunContext {
    EventLoop& loop;
    Messages& messages;
    Onlooker& onlooker;
    const PassedDescriptors& passed;
    const RunOptions& options;
    MemoryPressure& pressure;
    std::function<int(int status)> at_end;  ///< what is to be done when the run is over, and its status then
    std::unique_ptr<HostScope> scope{};
};

void supervise(const Plan& plan, LinuxSystem& system, QemuWatch& watch, RunContext& context) {
    const RunOptions& options = context.options;
    announce(plan, system, context.messages);
    if (options.starter >= 0 && plan.notify.wait)
        context.messages.status("the guest runs; in the background it is once it says that it is ready (--notify-ready=no: at once)");
    system.hand_over();
    if (options.definition)
        watch.keep_definition(options.definition());
    watch.machine_is_up();
    context.pressure.settle();
    if (Result<void> ended = watch.until_end(); !ended) {
        context.messages.error("could not " + to_string(ended.failure()));
        watch.set_bring_up_error(ended.failure().error);
    }
}

/// `background`: the machine's name, where nobody is there to see it fail. Whoever asked for the end knows of it.
void tell_ending(QemuWatch& watch, int status, const Messages& messages, const std::string& background) {
    const bool was_asked = watch.facts().asked_by && status == 128 + *watch.facts().asked_by;
    watch.tell_ending({status, messages.last_error()}, was_asked ? "" : background);
}

/// What the machine can do without, and could not have: it starts once more without it.
const Resource* to_be_dropped(const BringUp& machine, bool up) {
    const Resource* last = up || machine.failures().empty() ? nullptr : machine.failures().back().resource;
    return last && last->on_failure == OnFailure::drop_words ? last : nullptr;
}

/// The machine from its start to its end. Nothing instead of a status: `dropped` is set, and it is to start without that.
std::optional<int> run_machine(const Plan& plan, RunContext& context, std::unique_ptr<PasswordAgent> agent, ResourceId& dropped) {
    auto& [loop, messages, onlooker, passed, options, pressure, at_end, scope] = context;
    QemuWatch watch(loop, messages, plan, onlooker);
    LinuxSystem system(plan, loop, watch, messages, scope, passed);
    BringUp machine(plan, system, onlooker);
    const auto name = [&system] { return system.resolve({"runtime-dir", Late::What::name}); };
    bool is_left = false;
    if (options.starter >= 0)
        watch.when_ready([&is_left, &name, starter = options.starter] {
            is_left = true;
            leave_starter(starter, name());
        });
    const bool up = machine.run();
    agent.reset();
    const bool asked_to_end = watch.facts().asked_by.has_value() || watch.facts().timed_out;
    const Resource* dispensable = to_be_dropped(machine, up);
    if (up || !asked_to_end)
        report_failures(plan, machine, up, messages);
    if (up)
        supervise(plan, system, watch, context);
    else if (!asked_to_end && !dispensable && !machine.failures().empty())
        watch.set_bring_up_error(machine.failures().back().failure.error);
    std::optional<int> status;
    if (!dispensable || asked_to_end) {
        status = at_end(verdict(watch.facts()));
        tell_ending(watch, *status, messages, is_left ? name() : "");
    } else {
        dropped = dispensable->id;
    }
    machine.tear_down();
    return status;
}

int run_to_its_end(const Plan& plan, RunContext& context) {
    Plan rest = plan;
    while (true) {
        ResourceId dropped;
        if (const auto status = run_machine(rest, context, may_ask(rest) ? PasswordAgent::start() : nullptr, dropped))
            return *status;
        rest = without(rest, dropped);
        context.onlooker.starts_again();
    }
}

/// The status of the run.
int keep_timeline(const Timeline& timeline, const std::string& file, Messages& messages) {
    const Result<void> written = write_timeline(timeline, file);
    if (written)
        return timeline.status;
    messages.error("could not write the timeline: " + to_string(written.failure()));
    return timeline.status != 0 ? timeline.status : written.failure().error;
}

}  // namespace

int execute(const Plan& plan, const RunOptions& options, const PassedDescriptors& passed) {
    Messages messages(options);
    if (const std::string wrong = check_plan(plan); !wrong.empty()) {
        messages.error("the plan is wrong: " + wrong);
        return EINVAL;
    }
    prepare_process();
    EventLoop loop;
    loop.answer_watchdog();
    MemoryPressure pressure(loop, [] { malloc_trim(0); });
    Onlookers onlookers;
    std::optional<TimelineRecorder> recorder;
    if (!options.timeline.empty())
        onlookers.add(recorder.emplace(plan, options.clock, [&options] { return options.clock.now(); }));
    std::optional<StartExtension> extension;
    if (has_manager())
        onlookers.add(extension.emplace(tell_manager));
    std::optional<ProgressLine> progress;
    if (options.progress)
        onlookers.add(progress.emplace(loop, messages, plan, shows_console(plan)));
    const auto at_end = [&](int status) { return recorder ? keep_timeline(recorder->finish(status), options.timeline, messages) : status; };
    RunContext context{.loop = loop,
                       .messages = messages,
                       .onlooker = onlookers,
                       .passed = passed,
                       .options = options,
                       .pressure = pressure,
                       .at_end = at_end};
    const int status = run_to_its_end(plan, context);
    tell_manager(fmt::format("EXIT_STATUS={}", status));
    return status;
}

}  // namespace vmspawn
