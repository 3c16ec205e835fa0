// A key that logs in to the guest over VSOCK, made at each start, and the guest's own key, so that nobody has to trust at first sight.
#include "plan/contributors.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>

namespace vmspawn {

namespace {

constexpr const char* host_key = "host-key";  ///< in the runtime directory

/// systemd's sshd on VSOCK, with our key beside the user's own, and the host key that we know. sshd reads authorized keys as the user
/// who logs in, and a credential is root's alone: hence the copy.
constexpr const char* drop_in = R"([Service]
ImportCredential=ssh.ephemeral-authorized_keys-all
ImportCredential=vmspawn.ssh-host-key
RuntimeDirectory=sshd-vsock-%i
ExecStartPre=install -m 444 %d/ssh.ephemeral-authorized_keys-all /run/sshd-vsock-%i/authorized_keys
ExecStart=
ExecStart=-sshd -i -o "AuthorizedKeysFile=/run/sshd-vsock-%i/authorized_keys .ssh/authorized_keys" -o HostKey=%d/vmspawn.ssh-host-key
)";

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

}  // namespace

void plan_ssh(Planning& p) {
    if (!p.machine.ssh.pass_key || !p.link)
        return;
    const std::string key = "ssh.pass-key";
    if (p.machine.boot.confidential == Confidential::sev_snp)
        return p.reason("no ssh key because a SEV-SNP guest is told nothing by vmspawn");
    if (!has_smbios(p))
        return p.reason(
            fmt::format("no ssh key because a guest of {} has no SMBIOS without UEFI, and fw_cfg has no room for the names of "
                        "these credentials",
                        p.arch.name));
    const auto keygen = p.host.programs.find("ssh-keygen");
    if (keygen == p.host.programs.end() || keygen->second.empty()) {
        if (!p.machine.said(key))
            return p.reason("no ssh key because ssh-keygen is not installed");
        p.found.add(error(fmt::format("{}: ssh-keygen is not installed", key), p.origin(key))
                        .with_hint("apt install openssh-client")
                        .with_error(EOPNOTSUPP));
        return;
    }
    const std::string& type = p.machine.ssh.key_type;
    make_key(p, "ssh-key", keygen->second, type);
    make_key(p, "ssh-host-key", keygen->second, host_key);
    p.add({.id = "ssh-known-hosts",
           .needs = {"runtime-dir", "ssh-host-key"},
           .up = WriteFile{"known_hosts", {Text{"vmspawn "}, RuntimeFile{"ssh-host-key", fmt::format("{}.pub", host_key)}, Text{"\n"}}},
           .because = p.origin(key),
           .because_key = key});
    add_credential(p, "ssh.ephemeral-authorized_keys-all", {RuntimeFile{"ssh-key", type + ".pub"}}, key);
    add_credential(p, "vmspawn.ssh-host-key", {RuntimeFile{"ssh-host-key", host_key}}, key);
    add_credential(p, "systemd.unit-dropin.sshd-vsock@.service", {Text{drop_in}}, key);
}

}  // namespace vmspawn
