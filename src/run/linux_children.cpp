// The children of a LinuxSystem: what each is given, and how it starts.
#include "run/fill.hpp"
#include "run/linux_system.hpp"
#include "run/report.hpp"
#include "run/spawn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

namespace {

/// Where the first passed descriptor stands in a child.
constexpr std::size_t first_descriptor = 3;

/// The later of two values of one name counts.
void set_variable(std::vector<std::string>& environment, const std::string& variable) {
    const std::string start = variable.substr(0, variable.find('=') + 1);
    std::erase_if(environment, [&](const std::string& other) { return other.starts_with(start); });
    environment.push_back(variable);
}

}  // namespace

// In the order of mention, so that the numbers are the same in every run.
std::vector<Late> LinuxSystem::passed_to(const Spawn& spawn) {
    std::vector<Late> passed;
    const auto add = [&](const Late& late) {
        if (descriptor_for_child(late) != nullptr && std::ranges::find(passed, late.resource, &Late::resource) == passed.end())
            passed.push_back(late);
    };
    if (!spawn.activation.empty())
        add({spawn.activation, Late::What::fd});
    for (const Word& word : spawn.arguments) {
        for (const auto& part : word.parts) {
            if (const auto* late = std::get_if<Late>(&part))
                add(*late);
        }
    }
    for (const ResourceId& id : spawn.inherits)
        add({id, Late::What::fd});
    return passed;
}

std::string LinuxSystem::value_in_child(const Late& late, const std::vector<Late>& passed) const {
    const auto found = std::ranges::find(passed, late.resource, &Late::resource);
    if (found == passed.end() || late.what == Late::What::cid || late.what == Late::What::port)
        return resolve(late);
    const std::size_t number = first_descriptor + static_cast<std::size_t>(found - passed.begin());
    switch (late.what) {
        case Late::What::path:
            return fmt::format("/proc/self/fd/{}", number);
        case Late::What::chardev:
            return fmt::format("fd={}", number);
        case Late::What::netdev:
            return fmt::format("socket,fd={}", number);
        case Late::What::fd:
        case Late::What::port:
        case Late::What::cid:
        case Late::What::name:
            break;
    }
    return std::to_string(number);
}

std::vector<std::string> LinuxSystem::arguments_for(const Spawn& spawn, const std::vector<Late>& passed) const {
    std::vector<std::string> arguments;
    for (const Word& word : spawn.arguments) {
        std::string& text = arguments.emplace_back();
        for (const auto& part : word.parts) {
            const auto* late = std::get_if<Late>(&part);
            text += late != nullptr ? value_in_child(*late, passed) : std::get<std::string>(part);
        }
    }
    return arguments;
}

Result<Child> LinuxSystem::start(const Resource& resource, const Spawn& spawn, const std::vector<Late>& passed, Surroundings in) {
    const Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!nothing)
        return failed("prepare its input");
    ChildSpec spec{.program = spawn.program,
                   .arguments = arguments_for(spawn, passed),
                   .environment = short_environment(),
                   .input = nothing.get(),
                   .output = in.output,
                   .descriptors = {},
                   .directory = in.directory,
                   .activated = !spawn.activation.empty(),
                   .no_new_privileges = spawn.no_new_privileges,
                   .space = spawn.space ? &*spawn.space : nullptr,
                   .death_signal = spawn.death_signal};
    for (const std::string& variable : spawn.environment)
        set_variable(spec.environment, variable);
    if (spec.activated)
        spec.environment.emplace_back("LISTEN_FDS=1");
    for (const Late& late : passed)
        spec.descriptors.push_back(descriptor_for_child(late)->get());
    release_ports([&](const ResourceId& id, const ReservedPort& port) {
        return port.udp && std::ranges::find(resource.needs, id) != resource.needs.end();
    });
    return spawn_child(spec);
}

void LinuxSystem::adopt(const Resource& resource, const Spawn& spawn, Child child, Fd output) {
    Running running;
    if (resource.id == plan_.qemu)
        watch_.adopt(std::move(child), std::move(output), std::move(std::get<SocketPair>(held_.at(plan_.qmp)).ours), terminal());
    else if (resource.ready == Readiness::ended)
        watch_.adopt_once(resource.id, std::move(child), std::move(output));
    else
        watch_.adopt_helper(resource.id, name_of(resource), spawn.critical, std::move(child), std::move(output));
    if (resource.ready == Readiness::connected) {
        const auto& name = std::get<MakeClient>(plan_.find(spawn.client)->up).socket;
        Fd client = std::move(std::get<ClientSocket>(held_.at(spawn.client)).ours);
        const auto arrived = [this, id = resource.id](const Result<void>& connected) { watch_.arrive({id, connected}); };
        running.socket = std::make_unique<SocketWatch>(loop_, runtime_directory(), name, std::move(client), arrived);
    }
    held_.insert_or_assign(resource.id, Held(std::move(running)));
}

Result<void> LinuxSystem::spawn(const Resource& resource, const Spawn& spawn) {
    if (!spawn.fills)
        return spawn_in(spawn.directory.empty() ? -1 : runtime_directory(), resource, spawn);
    const int directory = directory_of(*spawn.fills);
    Result<Fd> work = begin_filling(directory, *spawn.fills);
    if (work && !*work) {
        watch_.arrive({resource.id, {}});
        return {};
    }
    Result<void> spawned = work ? spawn_in(work->get(), resource, spawn) : work.failure();
    if (!spawned)
        give_up_filling(directory);
    return spawned;
}

Result<void> LinuxSystem::spawn_in(int directory, const Resource& resource, const Spawn& spawn) {
    std::array<int, 2> output{-1, -1};
    if (pipe2(output.data(), O_CLOEXEC) < 0)
        return failed("prepare its output");
    Fd reader(output[0]);
    const Fd writer(output[1]);
    const std::vector<Late> passed = passed_to(spawn);
    Result<Child> child = start(resource, spawn, passed, {.output = writer.get(), .directory = directory});
    if (!child)
        return child.failure();
    adopt(resource, spawn, std::move(*child), std::move(reader));
    close_copies(passed);
    if (resource.id == plan_.qemu)
        qemu_runs();
    return {};
}

// Only the child holds them now: an image's lock ends with QEMU, and so do its connections; a dead helper cannot hang QEMU.
void LinuxSystem::close_copies(const std::vector<Late>& passed) {
    for (const Late& late : passed)
        descriptor_for_child(late)->reset();
}

}  // namespace vmspawn
