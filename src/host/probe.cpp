#include "host/probe.hpp"

#include "host/boot_entries.hpp"
#include "host/disk_image.hpp"
#include "host/file_probe.hpp"
#include "host/firmware_search.hpp"
#include "host/kvm.hpp"
#include "host/partitions.hpp"
#include "host/qemu_cache.hpp"
#include "host/qemu_find.hpp"
#include "host/qemu_probe.hpp"
#include "host/qemu_run.hpp"
#include "host/search_path.hpp"
#include "host/seed.hpp"
#include "host/surroundings.hpp"
#include "host/swtpm.hpp"
#include "host/virtiofsd.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

namespace vmspawn {

namespace {

/// From the cache if the binary is the one that answered then.
ProbedQemu ask_qemu(const std::string& binary) {
    const std::string directory = cache_directory();
    const auto key = qemu_key(binary);
    if (key && !directory.empty()) {
        if (auto cached = load_cached(directory, *key)) {
            cached->facts.path = binary;
            return *cached;
        }
    }
    ProbedQemu probed = probe_qemu(binary);
    if (key && !directory.empty() && probed.facts.problem.empty())
        store_cached(directory, *key, probed);
    return probed;
}

QemuFacts probe_arch(const std::string& arch, const std::string& native, const std::string& binary) {
    const std::string path = binary.empty() ? find_qemu(arch, native) : binary;
    if (path.empty())
        return {.problem = fmt::format("there is no QEMU for {} (looked for {})", arch, fmt::join(qemu_candidates(arch, native), ", "))};
    ProbedQemu probed = ask_qemu(path);
    if (probed.facts.problem.empty() && probed.target != qemu_arch(arch))
        return {.path = path, .version = probed.facts.version, .problem = fmt::format("it emulates {}, not {}", probed.target, arch)};
    return std::move(probed.facts);
}

const FileAnswer& look_at(const std::string& path, Host& host) {
    const auto [found, is_new] = host.files.try_emplace(path);
    if (is_new)
        found->second = probe_file(path);
    return found->second;
}

void answer_state(const std::string& subject, Host& host) {
    std::filesystem::path path = state_path(host, subject);
    while (path.has_relative_path() && look_at(path.string(), host).type == FileAnswer::Type::missing)
        path = path.parent_path();
    if (!path.empty())
        look_at(path.string(), host);
}

void look_at_files(const Firmware& firmware, Host& host) {
    for (const std::string& file : firmware.files())
        look_at(file, host);
}

void answer_firmware(const std::string& descriptor, Host& host) {
    if (!descriptor.empty() && !host.descriptors.contains(descriptor))
        look_at_files(host.descriptors[descriptor] = read_firmware(descriptor), host);
    if (!descriptor.empty() || host.firmware)
        return;
    host.firmware = find_firmware(firmware_directories(search_environment()));
    for (const Firmware& firmware : *host.firmware)
        look_at_files(firmware, host);
}

/// With the files that its entries name: the planner judges them like those that the user names.
void answer_tree(const std::string& directory, Host& host) {
    const auto [at, is_new] = host.trees.try_emplace(directory);
    if (!is_new)
        return;
    at->second = probe_tree(directory);
    for (const BootEntry& entry : at->second.entries) {
        if (!entry.problem.empty())
            continue;
        look_at(entry.linux_image, host);
        for (const std::string& initrd : entry.initrds)
            look_at(initrd, host);
        if (!entry.devicetree.empty())
            look_at(entry.devicetree, host);
    }
}

void answer_virtiofsd(Host& host) {
    if (host.virtiofsd)
        return;
    host.virtiofsd = probe_virtiofsd(find_virtiofsd(vhost_user_directories()));
    look_up_id_grants(host);
}

std::string answer_option(const std::string& subject, const std::string& path) {
    const std::size_t space = subject.find(' ');
    const std::string program = search_path(subject.substr(0, space), path, helper_directories());
    const std::string option = subject.substr(space + 1);
    if (program.empty())
        return {};
    const Conversation heard = converse(program, {"--help"}, "", std::string_view("\0", 1), std::chrono::seconds(5));
    return heard.out.find(option) != std::string::npos ? option : "";
}

/// What follows its name in the first line.
std::string answer_release(const std::string& subject, const std::string& path) {
    const std::string name = subject.substr(0, subject.find(' '));
    const std::string program = search_path(name, path, helper_directories());
    if (program.empty())
        return {};
    const Conversation heard = converse(program, {"--version"}, "", std::string_view("\0", 1), std::chrono::seconds(5));
    const std::string line = heard.out.substr(0, heard.out.find('\n'));
    return line.starts_with(name + " ") ? line.substr(name.size() + 1) : "";
}

void answer_user(const std::string& name, Host& host) {
    const auto [user, is_new] = host.users.try_emplace(name);
    if (!is_new)
        return;
    user->second = probe_user(name);
    if (!user->second.home.empty())
        look_at(user->second.home, host);
}

void answer(const Question& question, const std::string& path, Host& host) {
    if (!applies(question, host))
        return;
    switch (question.kind) {
        case Question::Kind::file:
            look_at(question.subject, host);
            break;
        case Question::Kind::disk:
            probe_disk(question.subject, host.files);
            break;
        case Question::Kind::program:
            host.programs.try_emplace(question.subject, search_path(question.subject, path, helper_directories()));
            break;
        case Question::Kind::option:
            host.programs.try_emplace(question.subject, answer_option(question.subject, path));
            break;
        case Question::Kind::release:
            host.programs.try_emplace(question.subject, answer_release(question.subject, path));
            break;
        case Question::Kind::profile: {
            const std::string program = search_path(question.subject.substr(0, question.subject.find(' ')), path, helper_directories());
            host.programs.try_emplace(question.subject, probe_tpm_profile(program));
            break;
        }
        case Question::Kind::tree:
            answer_tree(question.subject, host);
            break;
        case Question::Kind::state:
            answer_state(question.subject, host);
            break;
        case Question::Kind::firmware:
            answer_firmware(question.subject, host);
            break;
        case Question::Kind::layout:
            if (!host.layouts.contains(question.subject))
                host.layouts[question.subject] = probe_layout(question.subject);
            break;
        case Question::Kind::image_name:
            host.images[question.subject] = find_named_image(question.subject, machine_directories(host.uid, search_environment()));
            break;
        case Question::Kind::virtiofsd:
            answer_virtiofsd(host);
            break;
        case Question::Kind::service:
            look_at(service_path(host, question.subject), host);
            break;
        case Question::Kind::user:
            answer_user(question.subject, host);
            break;
        case Question::Kind::tap_mac:
            host.tap_macs->try_emplace(question.subject, tap_mac(question.subject));
            break;
    }
}

void look_at_passed(const PassedDescriptors& passed, Host& host) {
    if (const auto kvm = passed.find(passed_name::kvm); kvm != passed.end())
        host.passed_kvm = probe_kvm(host.arch, kvm->second.get());
    host.passed_vsock = passed.contains(passed_name::vhost_vsock);
}

}  // namespace

void probe_more(const std::vector<Question>& questions, Host& host) {
    const std::string path = executable_path();
    for (const Question& question : questions)
        answer(question, path, host);
}

Host probe(const ProbeRequest& request) {
    Host host = look_around();
    host.cache = cache_directory();
    host.tap_macs.emplace();
    host.kvm = probe_kvm(host.arch, -1);
    if (request.passed != nullptr)
        look_at_passed(*request.passed, host);
    for (const std::string& wanted : request.arches) {
        const std::string& arch = wanted == "native" ? host.arch : wanted;
        if (!host.qemu.contains(arch))
            host.qemu[arch] = probe_arch(arch, host.arch, request.qemu_binary);
    }
    answer({Question::Kind::file, host.runtime_base, FromDefault{}}, "", host);
    probe_more(request.questions, host);
    probe_more(standing_questions(), host);
    return host;
}

}  // namespace vmspawn
