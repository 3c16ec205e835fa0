// A key that logs in to the guest over VSOCK, made at each start, and the guest's own key, so that nobody has to trust at first sight.
#include "base/text.hpp"
#include "plan/contributors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <csignal>

namespace vmspawn {

namespace {

constexpr const char* host_key = "host-key";  ///< in the runtime directory

constexpr const char* short_key_credential = "vmspawn.ssh-key";  ///< for fw_cfg, whose names are short
constexpr const char* host_key_credential = "vmspawn.ssh-host-key";
constexpr const char* drop_in_credential = "systemd.unit-dropin.sshd-vsock@.service";

/// systemd's sshd on VSOCK, with our key beside the user's own, and the host key that we know. sshd reads authorized keys as the user
/// who logs in, and a credential is root's alone: hence the copy.
std::string drop_in(const std::string& key_credential) {
    return fmt::format(R"([Service]
ImportCredential={0}
ImportCredential={1}
RuntimeDirectory=sshd-vsock-%i
ExecStartPre=install -m 444 %d/{0} /run/sshd-vsock-%i/authorized_keys
ExecStart=
ExecStart=-sshd -i -o "AuthorizedKeysFile=/run/sshd-vsock-%i/authorized_keys .ssh/authorized_keys" -o HostKey=%d/{1}
)",
                       key_credential, host_key_credential);
}

/// What fw_cfg has no room for the name of; without a secret, so it may stand on a command line.
std::string drop_in_word() {
    return fmt::format("systemd.set_credential_binary={}:{}", drop_in_credential, base64_encode(drop_in(short_key_credential)));
}

/// Why the guest cannot be told about a key; empty: it can.
std::string obstacle_to_key(const Planning& p) {
    if (p.machine.boot.confidential == Confidential::sev_snp)
        return "a SEV-SNP guest trusts what was measured, and a key that is made at each start is not";
    if (has_smbios(p))
        return "";
    if (!p.kernel)
        return fmt::format(
            "a guest of {} has no SMBIOS without UEFI, fw_cfg has no room for the name of a drop-in, and no kernel is "
            "booted directly, which would be told by its words",
            p.arch.name);
    constexpr std::size_t reserve = 256;  // for the words about the root and the console
    const std::string others =
        fmt::format("{} {} {}", p.kernel->options, fmt::join(p.kernel_words, " "), fmt::join(p.machine.boot.cmdline, " "));
    return others.size() + drop_in_word().size() + reserve < p.arch.command_line
               ? ""
               : "the other words for the kernel leave no room for the word that tells the guest's sshd";
}

void make_key(Planning& p, const ResourceId& id, const std::string& program, const std::string& file) {
    Spawn keygen{.program = program, .death_signal = SIGKILL};
    keygen.directory = "runtime-dir";
    keygen.arguments = {"-q", "-t", p.machine.ssh.key_type, "-f", file, "-N", "", "-C", ""};
    p.add({.id = id,
           .needs = {"runtime-dir"},
           .up = std::move(keygen),
           .ready = Readiness::ended,
           .because = p.origin("ssh.pass-key"),
           .because_key = p.machine.said("ssh.key-type") ? "ssh.key-type" : "ssh.pass-key"});
}

void tell_sshd(Planning& p, const std::string& public_key) {
    const std::string key = "ssh.pass-key";
    const std::string credential = has_smbios(p) ? "ssh.ephemeral-authorized_keys-all" : short_key_credential;
    add_credential(p, credential, {RuntimeFile{"ssh-key", public_key}}, key);
    add_credential(p, host_key_credential, {RuntimeFile{"ssh-host-key", host_key}}, key);
    if (has_smbios(p))
        return add_credential(p, drop_in_credential, {Text{drop_in(credential)}}, key);
    p.kernel_words.push_back(drop_in_word());
    p.reason(
        "the drop-in for the guest's sshd stands among the kernel's words because fw_cfg has no room for its name; it holds no secret");
}

}  // namespace

void plan_ssh(Planning& p) {
    if (!p.machine.ssh.pass_key || !p.link)
        return;
    const std::string key = "ssh.pass-key";
    if (const std::string obstacle = obstacle_to_key(p); !obstacle.empty())
        return p.reason("no ssh key because " + obstacle);
    const std::string keygen = p.host.program("ssh-keygen");
    if (keygen.empty()) {
        if (!p.machine.said(key))
            return p.reason("no ssh key because ssh-keygen is not installed");
        p.found.add(error(fmt::format("{}: ssh-keygen is not installed", key), p.origin(key))
                        .with_hint("apt install openssh-client")
                        .with_error(EOPNOTSUPP));
        return;
    }
    const std::string& type = p.machine.ssh.key_type;
    make_key(p, "ssh-key", keygen, type);
    make_key(p, "ssh-host-key", keygen, host_key);
    p.add({.id = "ssh-key-link",
           .needs = {"runtime-dir"},
           .up = LinkKey{type},
           .on_failure = OnFailure::warn,
           .because = p.origin(key),
           .because_key = key,
           .without = "the key is in the runtime directory only"});
    p.add({.id = "ssh-known-hosts",
           .needs = {"runtime-dir", "ssh-host-key"},
           .up = WriteFile{"known_hosts", {Text{"vmspawn "}, RuntimeFile{"ssh-host-key", fmt::format("{}.pub", host_key)}, Text{"\n"}}},
           .because = p.origin(key),
           .because_key = key});
    tell_sshd(p, type + ".pub");
}

}  // namespace vmspawn
