// The guest's journal, written on the host by systemd-journal-remote.
#include "plan/contributors.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>

namespace vmspawn {

namespace {

constexpr std::uint32_t journal_port = 19532;  ///< systemd's own for journals

Diagnostic problem_of(const Planning& p, const std::string& problem, std::string hint) {
    const std::string key = "journal.forward";
    return error(fmt::format("{}: {}", key, problem), p.origin(key)).with_hint(std::move(hint)).with_error(EOPNOTSUPP);
}

void refuse(Planning& p, const std::string& problem, std::string hint) {
    p.found.add(problem_of(p, problem, std::move(hint)));
}

/// What the journal on the host may grow to, where the helper knows of it.
void add_limits(Planning& p, std::vector<Word>& arguments) {
    const Journal& journal = p.machine.journal;
    if (journal.is_limited() && p.host.program("systemd-journal-remote --max-use").empty())
        return miss(p, problem_of(p, "this systemd-journal-remote cannot be told limits",
                                  "systemd 261 is the first whose can; or drop journal.max-use and the like"));
    const auto add = [&](std::string_view option, const std::optional<std::uint64_t>& value) {
        if (value)
            arguments.emplace_back(fmt::format("--{}={}", option, *value));
    };
    add("max-use", journal.max_use);
    add("keep-free", journal.keep_free);
    add("max-file-size", journal.max_file_size);
    add("max-files", journal.max_files);
}

}  // namespace

void plan_journal(Planning& p) {
    const std::string key = "journal.forward";
    const Journal& journal = p.machine.journal;
    if (!journal.forward)
        return;
    if (!p.link)
        return miss(p, problem_of(p, "the journal travels over vsock, and there is none", "let the machine have a vsock"));
    if (p.machine.boot.confidential == Confidential::sev_snp)
        return refuse(p, "a SEV-SNP guest cannot be told where to", "what it is told is measured before the port is known");
    const std::string remote = p.host.program("systemd-journal-remote");
    if (remote.empty())
        return refuse(p, "systemd-journal-remote is not installed", "apt install systemd-journal-remote");
    const std::string path = journal.forward->string();
    const bool file = path.ends_with(".journal");
    const ResourceId port = listen_for_guest(p, "journal-port", journal_port, key);
    Spawn spawn{.program = remote, .death_signal = SIGTERM, .critical = Critical::until_ready};
    spawn.arguments = {"--output=" + path, file ? "--split-mode=none" : "--split-mode=host"};
    add_limits(p, spawn.arguments);
    spawn.activation = port;
    spawn.environment = {"SYSTEMD_JOURNAL_REMOTE_CONFIG_FILE=/dev/null"};
    p.add({.id = "journal",
           .needs = {port},
           .up = std::move(spawn),
           .because = p.origin(key),
           .because_key = key,
           .reasons = {file ? "one file because its name ends in .journal" : "a file for each host because the name is a directory's"}});
    add_credential(p, "journal.forward_to_socket", {Text{"vsock:2:"}, Late{port, Late::What::port}}, key);
}

}  // namespace vmspawn
