#include "host/probe.hpp"

#include "host/file_probe.hpp"
#include "host/kvm.hpp"
#include "host/qemu_cache.hpp"
#include "host/qemu_find.hpp"
#include "host/qemu_probe.hpp"
#include "host/search_path.hpp"
#include "host/surroundings.hpp"

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

void answer(const Question& question, const std::string& path, Host& host) {
    if (question.kind == Question::Kind::program)
        host.programs.try_emplace(question.subject, search_path(question.subject, path, helper_directories()));
    else if (!host.files.contains(question.subject))
        host.files[question.subject] = probe_file(question.subject);
}

}  // namespace

Host probe(const ProbeRequest& request) {
    Host host = look_around();
    host.kvm = probe_kvm(host.arch);
    for (const std::string& wanted : request.arches) {
        const std::string& arch = wanted == "native" ? host.arch : wanted;
        if (!host.qemu.contains(arch))
            host.qemu[arch] = probe_arch(arch, host.arch, request.qemu_binary);
    }
    answer({Question::Kind::file, host.runtime_base, FromDefault{}}, "", host);
    const std::string path = executable_path();
    for (const Question& question : request.questions)
        answer(question, path, host);
    for (const Question& question : standing_questions())
        answer(question, path, host);
    return host;
}

}  // namespace vmspawn
