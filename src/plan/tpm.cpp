// An emulated TPM 2.0: a swtpm of its own, and the directory of its state. QEMU and swtpm meet on a pair of sockets and neither waits for
// the other; only swtpm waits for the state's first making.
#include "plan/tpm.hpp"

#include "plan/state.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <csignal>

namespace vmspawn {

namespace {

using Type = FileAnswer::Type;

constexpr const char* state_id = "tpm-state";
constexpr const char* setup_id = "tpm-setup";
constexpr const char* socket_id = "tpm-socket";

struct Lack {
    std::string why;
    std::string fix;
};

/// What keeps the guest from having a TPM; nothing: it can have one.
std::optional<Lack> lack(const Planning& p) {
    if (p.arch.tpm_device.empty())
        return Lack{fmt::format("a {} guest can have none", p.arch.name), ""};
    if (p.host.program("swtpm").empty())
        return Lack{"swtpm is not installed", "apt install swtpm swtpm-tools"};
    if (!p.has(fmt::format("device/{}", p.arch.tpm_device)))
        return Lack{fmt::format("this QEMU has no {} device", p.arch.tpm_device), ""};
    return std::nullopt;
}

/// Why a guest that could have one is better off without; empty: it is not.
std::string objection(const Planning& p) {
    if (p.machine.boot.confidential != Confidential::no)
        return "the host can read and change an emulated one";
    return p.machine.boot.unpack == Want::yes ? "boot.unpack = true: QEMU would put the initrd over the tables of a TPM" : "";
}

bool is_wanted(Planning& p) {
    const Want wanted = p.machine.tpm.enabled;
    if (wanted == Want::no)
        return false;
    if (const std::optional<Lack> missing = lack(p)) {
        if (wanted == Want::yes)
            p.found.add(error("tpm.enabled: there can be no TPM because " + missing->why, p.origin("tpm.enabled"))
                            .with_hint(missing->fix)
                            .with_error(EOPNOTSUPP));
        else
            p.reason(fmt::format("no TPM, although tpm.enabled = auto, because {}", missing->why));
        return false;
    }
    const std::string better_not = wanted == Want::if_possible ? objection(p) : "";
    if (!better_not.empty())
        p.reason("no TPM, although tpm.enabled = auto, because " + better_not);
    return better_not.empty();
}

void add_state(Planning& p, std::string path, std::vector<std::string> reasons) {
    p.add({.id = state_id,
           .needs = path.empty() ? std::vector<ResourceId>{"runtime-dir"} : std::vector<ResourceId>{},
           .up = KeepDirectory{std::move(path)},
           .because = p.origin("tpm.state"),
           .because_key = "tpm.state",
           .reasons = std::move(reasons)});
}

void forget(Planning& p, std::string_view because) {
    add_state(p, "",
              {fmt::format("what the TPM holds is forgotten because {}", because),
               "it has no certificate because it does not live long enough to be asked for one"});
}

/// Its authority is made with it and signs nothing else: only its certificates stay.
std::vector<Fill::File> setup_files(const std::string& localca) {
    return {{"swtpm_setup.conf", fmt::format("create_certs_tool = {}\n"
                                             "create_certs_tool_config = swtpm-localca.conf\n"
                                             "create_certs_tool_options = swtpm-localca.options\n",
                                             localca)},
            {"swtpm-localca.conf", "statedir = .\nsigningkey = signkey.pem\nissuercert = issuercert.pem\ncertserial = certserial\n"},
            {"swtpm-localca.options", "--platform-manufacturer vmspawn\n--platform-version 1\n--platform-model swtpm\n"}};
}

Fill first_state(const std::string& localca) {
    Fill fill{.directory = state_id, .reads = {}, .keeps = {}};
    if (localca.empty())
        fill.reads = {{"swtpm_setup.conf", ""}};
    else {
        fill.reads = setup_files(localca);
        fill.keeps = {"swtpm-localca-rootca-cert.pem", "issuercert.pem"};
    }
    fill.keeps.emplace_back(tpm_state_file);
    return fill;
}

/// True when swtpm has to wait for the first state.
bool add_setup(Planning& p, const std::string& path) {
    const FileAnswer* state = answer_about(p.host, (Path(path) / tpm_state_file).string());
    if (state && state->type != Type::missing)
        return false;
    const std::string setup = p.host.program("swtpm_setup");
    if (setup.empty()) {
        p.plan.notices.emplace_back("the new TPM has no certificate: swtpm_setup is not installed (apt install swtpm-tools)");
        return false;
    }
    const std::string localca = p.host.program("swtpm_localca");
    Spawn spawn{.program = setup,
                .death_signal = SIGKILL,
                .critical = Critical::never,
                .environment = {"TMPDIR=."},  // so that nothing of it stays elsewhere
                .fills = first_state(localca)};
    for (const char* word : {"--tpm2", "--tpm-state", ".", "--createek", "--pcr-banks", "sha256", "--config", "swtpm_setup.conf"})
        spawn.arguments.emplace_back(word);
    std::vector<std::string> reasons{"runs because the state is new"};
    if (const std::string profile = p.host.program(tpm_profile_question); !profile.empty()) {
        spawn.arguments.emplace_back("--profile-name");
        spawn.arguments.emplace_back(profile);
        reasons.push_back(fmt::format("profile = {} because it is the newest that this swtpm_setup offers", profile));
    }
    if (localca.empty())
        reasons.emplace_back("makes no certificate because swtpm_localca is not installed");
    else
        for (const std::string& word : {std::string("--create-ek-cert"), std::string("--create-platform-cert"), std::string("--lock-nvram"),
                                        std::string("--vmid"), p.machine.name})
            spawn.arguments.emplace_back(word);
    p.add({.id = setup_id,
           .needs = {state_id},
           .up = std::move(spawn),
           .ready = Readiness::ended,
           .on_failure = OnFailure::go_on,
           .because = p.origin("tpm.enabled"),
           .because_key = "tpm.enabled",
           .reasons = std::move(reasons),
           .without = "the TPM starts without a certificate"});
    return true;
}

bool keep(Planning& p, const std::string& path) {
    add_state(p, path, {});
    return add_setup(p, path);
}

/// What swtpm waits for; nothing after a problem was added.
std::optional<std::vector<ResourceId>> plan_state(Planning& p) {
    std::vector<ResourceId> needs{state_id};
    const State& said = p.machine.tpm.state;
    if (said.kind == StateKind::off) {
        forget(p, "tpm.state = off");
        return needs;
    }
    if (said.kind == StateKind::keep && p.machine.image.ephemeral) {
        forget(p, "image.ephemeral = true");
        return needs;
    }
    const std::string path = place_of_state(p, tpm_places(p.machine));
    const std::string problem = obstacle_to_state(p, path, Type::directory);
    if (problem.empty()) {
        if (keep(p, path))
            needs.emplace_back(setup_id);
        return needs;
    }
    if (said.kind == StateKind::at) {
        p.found.add(error("tpm.state: the TPM's state cannot be kept there", p.origin("tpm.state")).with_hint(problem).with_error(EACCES));
        return std::nullopt;
    }
    p.found.add(warning("what the TPM holds will be forgotten: " + problem, p.origin("tpm.state"))
                    .with_hint("tpm.state can name another place, or be \"off\""));
    forget(p, problem);
    return needs;
}

void add_swtpm(Planning& p, std::vector<ResourceId> needs) {
    needs.emplace_back(socket_id);
    Spawn spawn{.program = p.host.program("swtpm"), .arguments = {"socket", "--tpm2", "--tpmstate"}, .death_signal = SIGKILL};
    spawn.arguments.push_back((Word("dir=") += Late{state_id, Late::What::path}) += ",mode=0600");
    spawn.arguments.emplace_back("--ctrl");
    spawn.arguments.push_back(Word("type=unixio,clientfd=") += Late{socket_id, Late::What::fd});
    spawn.arguments.emplace_back("--terminate");
    const bool is_optional = p.machine.tpm.enabled == Want::if_possible;
    p.add({.id = tpm_id,
           .needs = std::move(needs),
           .up = std::move(spawn),
           .on_failure = is_optional ? OnFailure::drop_words : OnFailure::stop,
           .because = p.origin("tpm.enabled"),
           .because_key = "tpm.enabled",
           .reasons = is_optional ? std::vector<std::string>{"tpm = on because swtpm is installed and tpm.enabled = auto"}
                                  : std::vector<std::string>{},
           .without = is_optional ? "QEMU starts once more, and the guest has no TPM" : ""});
}

void add_device(Planning& p) {
    QemuCommand words;
    words.option("-chardev", Word("socket,id=chrtpm,") += Late{socket_id, Late::What::chardev});
    words.option("-tpmdev", "emulator,id=tpm0,chardev=chrtpm");
    words.device({{"driver", p.arch.tpm_device}, {"id", "tpmdev0"}, {"tpmdev", "tpm0"}});
    p.qemu.append_optional(words, tpm_id);
}

}  // namespace

std::vector<std::string> tpm_places(const Machine& machine) {
    const bool forgotten = machine.image.ephemeral && machine.tpm.state.kind == StateKind::keep;
    if (machine.tpm.enabled == Want::no || forgotten)
        return {};
    return state_places(machine, {.said = machine.tpm.state, .ending = ".tpmstate"});
}

void plan_tpm(Planning& p) {
    if (!is_wanted(p))
        return;
    std::optional<std::vector<ResourceId>> needs = plan_state(p);
    if (!needs)
        return;
    p.add({.id = socket_id, .up = MakePair{"type=unixio,path="}, .because = p.origin("tpm.enabled"), .because_key = "tpm.enabled"});
    add_swtpm(p, std::move(*needs));
    add_device(p);
}

}  // namespace vmspawn
