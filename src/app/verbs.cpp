#include "app/verbs.hpp"

#include "app/output.hpp"
#include "app/pager.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "config/print.hpp"
#include "host/probe.hpp"
#include "language/render_help.hpp"
#include "plan/password.hpp"
#include "plan/planner.hpp"
#include "plan/print.hpp"
#include "run/detach.hpp"
#include "run/event.hpp"
#include "run/executor.hpp"
#include "run/memory_pressure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <pwd.h>
#include <set>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <syslog.h>
#include <unistd.h>

namespace vmspawn {

namespace {

/// One definition, from its file to the machine.
std::optional<Machine> machine_of(const std::string& file, const Invocation& said, const PathBase& base, Diagnostics& found) {
    Diagnostics own;
    const Merged merged = merged_of(file, said, base, own);
    std::optional<Machine> machine;
    if (!own.has_errors())
        machine = decode(merged, base, own).machine;
    if (own.has_errors())
        machine.reset();
    found.append(std::move(own));
    return machine;
}

ProbeRequest request_for(const Machine& machine) {
    return {questions(machine), {std::string(to_word(machine.arch))}, machine.qemu.binary ? machine.qemu.binary->string() : std::string()};
}

/// Facts as JSON or a table; `directory` is what "./" means in the record.
int print_host(const Invocation& said, const Host& host, const Path& directory, const PathBase& base) {
    if (said.format == "json")
        return print(to_json(host, directory, base.home));
    return print(host_text(host, wanted_colour(STDOUT_FILENO) == Colour::yes));
}

/// The paths of all descriptors, or the features that they have together.
std::string firmware_facts(Inquiry inquiry) {
    const Host host = probe({{{Question::Kind::firmware, "", {}}}, {}, ""});
    std::vector<std::string> paths;
    std::set<std::string> features;
    for (const Firmware& firmware : *host.firmware) {
        paths.push_back(firmware.path);
        features.insert(firmware.features.begin(), firmware.features.end());
    }
    std::string lines;
    for (const std::string& line : inquiry == Inquiry::firmware_list ? paths : std::vector(features.begin(), features.end()))
        lines += printable(line) + "\n";
    return lines;
}

std::vector<std::string> key_names() {
    std::vector<std::string> names;
    for (const Setting& setting : language().settings())
        names.push_back(to_string(setting.key));
    for (const Section& section : language().sections())
        names.push_back(to_string(section.key));
    return names;
}

std::optional<Host> read_host(const std::string& file, const Machine& machine, Diagnostics& found) {
    const Origin at = FromArgument{0, "--host=" + file, 7, 7 + file.size()};
    const auto text = read_file(file, std::size_t{4} << 20);
    auto host = text ? host_from_json(*text, machine.directory, machine.home) : text.failure();
    if (!host) {
        found.add(error(to_string(host.failure()), at).with_error(host.failure().error));
        return std::nullopt;
    }
    return *std::move(host);
}

/// Callers of systemd-vmspawn look for the number of systemd in the first line.
std::string version_text(CalledAs called) {
    const std::string own = "vmspawn " VMSPAWN_VERSION;
    return called == CalledAs::vmspawn ? own + "\n" : "systemd 262 (262)\n" + own + ", with the command line of systemd-vmspawn 262\n";
}

/// The machine does not run for hours before it turns out that its timeline has no place.
int judge_timeline_file(const Invocation& said) {
    if (said.timeline.empty())
        return 0;
    const Path directory = Path(said.timeline).parent_path();
    struct stat there {};
    const bool is_directory = stat(said.timeline.c_str(), &there) == 0 && S_ISDIR(there.st_mode);
    if (!is_directory && access(directory.empty() ? "." : directory.c_str(), W_OK | X_OK) == 0)
        return 0;
    const Failure failure = is_directory ? Failure{EISDIR, "write there", ""} : failed("write there");
    Diagnostics found;
    found.add(error("--timeline: the file cannot be made: " + to_string(failure), said.timeline_at).with_error(failure.error));
    return report(std::move(found), said.format);
}

}  // namespace

void hold_signals() {
    sigset_t held;
    sigemptyset(&held);
    for (const int number : {SIGCHLD, memory_signal()})
        sigaddset(&held, number);
    for (const int number : ending_signals())
        sigaddset(&held, number);
    sigprocmask(SIG_BLOCK, &held, nullptr);
}

PathBase here() {
    std::error_code gone;  // a working directory that was removed only matters to relative paths
    const char* home = std::getenv("HOME");
    const passwd* user = home == nullptr ? getpwuid(geteuid()) : nullptr;
    utsname kernel{};
    uname(&kernel);
    return {std::filesystem::current_path(gone), home != nullptr ? home : user != nullptr ? user->pw_dir : "", kernel.nodename};
}

std::optional<int> speak(const Invocation& said, const Diagnostics& found) {
    const std::string word = said.files.empty() ? "" : said.files.front();
    if (said.version)
        return print(version_text(said.called_as));
    if (said.help && said.called_as == CalledAs::systemd_vmspawn)
        return page(help_text_of_systemd_vmspawn(language()) + manual_hint(), said.no_pager);
    if (said.help || (said.verb == "help" && !found.has_errors()))
        return page(help_text(language(), said.verb == "help" ? word : said.verb) + manual_hint(), said.no_pager);
    const bool from_language = said.verb == "schema" || said.verb == "completion" || said.verb == "init";
    if (found.has_errors() && (from_language || said.verb.empty() || said.verb == "help"))
        return report(found, said.format);
    if (said.inquiry == Inquiry::firmware_list || said.inquiry == Inquiry::firmware_features)
        return found.has_errors() ? report(found, said.format) : print(firmware_facts(said.inquiry));
    if (said.verb == "schema")
        return print(schema_text());
    if (said.verb == "completion")
        return print(completion_script(language(), word));
    if (said.verb == "init")
        return init(word, said.definition_kind);
    return std::nullopt;
}

std::string definition_of(const Invocation& said) {
    const std::size_t position = said.verb == "explain" ? 1 : 0;
    return position < said.files.size() ? said.files[position] : "";
}

int describe_firmware(const Invocation& said, const Merged& merged, const PathBase& base) {
    Diagnostics not_wanted;  // what else the machine lacks, such as something to boot
    const Machine machine = decode(merged, base, not_wanted).machine;
    ProbeRequest request = request_for(machine);
    request.questions = {firmware_question(machine)};
    if (machine.boot.firmware == FirmwareKind::descriptor)
        request.questions.push_back({Question::Kind::file, machine.boot.firmware_descriptor.string(), {}});
    const Host host = probe(request);
    Diagnostics found;
    const Firmware* firmware = uefi_firmware(machine, host, found);
    if (const int status = report(std::move(found), said.format); status != 0)
        return status;
    const auto text = read_file(firmware->path, std::size_t{1} << 20);
    return text ? print(*text) : complain(text.failure());
}

Merged merged_of(const std::string& file, const Invocation& said, const PathBase& base, Diagnostics& found) {
    return merge(language(), read_layers(language(), file, said.profile, said.profile_at, found, base.home), said, found);
}

int check(const Invocation& said, const PathBase& base, Diagnostics found) {
    for (const std::string& file : said.files)
        machine_of(file, said, base, found);
    if (said.format.empty() || said.format == "text")
        return report(std::move(found), said.format);
    found.sort_by_place();
    const int written = print(said.format == "json"     ? render_json(found)
                              : said.format == "github" ? render_github(found)
                                                        : render_sarif(found));
    return written != 0 ? written : found.status();
}

int diff(const Invocation& said, const PathBase& base, Diagnostics found) {
    std::vector<Merged> sides;
    for (const std::string& file : said.files)
        sides.push_back(merged_of(file, said, base, found));
    if (const int status = report(std::move(found), said.format); status != 0)
        return status;
    const auto difference = said.format == "json" ? difference_json : difference_text;
    return print(difference(language(), sides.front(), sides.back(), base));
}

int show_host(const Invocation& said, const PathBase& base, Diagnostics found) {
    ProbeRequest request{{{Question::Kind::virtiofsd, "virtiofsd", FromDefault{}}}, {"native"}, ""};
    Path directory = base.working_directory;
    for (const std::string& file : said.files) {
        const std::optional<Machine> machine = machine_of(file, said, base, found);
        if (!machine)
            continue;
        ProbeRequest more = request_for(*machine);
        std::ranges::move(more.questions, std::back_inserter(request.questions));
        if (std::ranges::find(request.arches, more.arches.front()) == request.arches.end())
            request.arches.push_back(more.arches.front());
        request.qemu_binary = more.qemu_binary.empty() ? request.qemu_binary : more.qemu_binary;
        directory = machine->directory;
    }
    if (found.has_errors())
        return report(std::move(found), said.format);
    return print_host(said, probe(request), directory, base);
}

int explain(const Invocation& said, const Merged& merged, Diagnostics found) {
    const std::string& word = said.files.front();
    const auto key = parse_key(word);
    if (!key || (language().find(*key) == nullptr && language().find_section(*key) == nullptr)) {
        const auto meant = nearest(word, key_names());
        found.add(error(fmt::format("'{}' is no key of a definition", word), FromArgument{1, word, 0, word.size()})
                      .with_hint(meant ? fmt::format("did you mean '{}'?", *meant) : ""));
        return report(std::move(found), said.format);
    }
    report(std::move(found), said.format);
    return print(said.format == "json" ? explain_json(language(), merged, *key) : explain_text(language(), merged, *key));
}

int show(const Invocation& said, const Merged& merged, const PathBase& base, Diagnostics found) {
    if (const int status = report(std::move(found), said.format); status != 0)
        return status;
    const Defaults defaults = said.effective ? Defaults::shown : Defaults::left_out;
    return print(said.format == "json" ? show_json(language(), merged, base, defaults) : show_toml(language(), merged, base, defaults));
}

std::optional<Host> learn_host(const Invocation& said, const Machine& machine, const PassedDescriptors& passed, Diagnostics& found) {
    if (said.host.empty()) {
        ProbeRequest request = request_for(machine);
        request.passed = &passed;
        Host host = probe(request);
        if (said.detach)
            host.console = "background";
        Diagnostics ignored;  // the planner finds them again
        if (const std::optional<Machine> named = with_named_image(machine, host, ignored))
            probe_more(questions(*named), host);
        return host;
    }
    return read_host(said.host, machine, found);
}

Errand errand_of(const Invocation& said) {
    return {.command = said.exec, .command_at = said.exec_at, .time_limit_us = said.timeout};
}

int show_plan(const Invocation& said, const Plan& plan) {
    if (said.format == "json")
        return print(plan_json(plan));
    if (said.format == "dot")
        return print(plan_dot(plan));
    if (said.format == "tree")
        return print(plan_tree(plan));
    if (said.format == "svg")
        return print(plan_svg(plan));
    if (said.format != "script")
        return print(plan_text(plan));
    const auto script = plan_script(plan);
    return script ? print(*script) : complain(script.failure());
}

int run(const Invocation& said, const Plan& plan, const PassedDescriptors& passed, RunClock clock,
        std::function<std::string()> definition) {
    RunOptions options = wanted_messages(said.quiet || plan.command);  // the streams are the command's
    options.starter = said.detach ? take_starter() : -1;
    options.timeline = said.timeline;
    options.clock = std::move(clock);
    options.definition = std::move(definition);
    if (const int status = judge_timeline_file(said); status != 0)
        return status;
    if (options.level == LOG_DEBUG)
        std::fputs(plan_text(plan).c_str(), stderr);
    return execute(said.no_ask_password ? without_questions(plan) : plan, options, passed);
}

}  // namespace vmspawn
