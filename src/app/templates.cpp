// What init writes: a definition to start from for each of the usual purposes. NAME is the machine's.
#include "app/verbs.hpp"

#include <array>
#include <utility>

namespace vmspawn {

namespace {

using Template = std::pair<std::string_view, std::string_view>;

constexpr std::string_view plain = R"(# A virtual machine for vmspawn: `vmspawn run NAME.vmspawn` boots it.
# Relative paths start at this file. `vmspawn explain KEY` tells what a key means.
name = "NAME"
cpus = 2
ram  = "2G"

# What to boot: a disk image …
# [image]
# path = "NAME.raw"

# … or a kernel, with an initrd that is the whole system or finds the root itself.
[boot]
linux   = "vmlinuz"
initrd  = ["initrd.img"]
cmdline = ["quiet"]

# A network through the caller's own connections; the guest's port 22 is port 2222 here.
# [network.default]
# kind    = "user"
# forward = ["2222:22"]

# Data for services of the guest, never shown on a command line.
# [credentials]
# "ssh.authorized_keys.root" = { file = "~/.ssh/id_ed25519.pub" }
)";

constexpr std::array<Template, 6> templates{{
    {"image", R"(# A disk image that starts by itself under UEFI.
name = "NAME"
cpus = 2
ram  = "2G"

[image]
path = "NAME.raw"
grow = "20G"  # once; it never shrinks

# The guest's port 22 is port 2222 here.
[network.default]
kind    = "user"
forward = ["2222:22"]
)"},
    {"directory", R"(# A directory of this host as the guest's root: what mkosi or debootstrap made, with a kernel in it.
name = "NAME"
cpus = 2
ram  = "2G"

[image]
directory = "NAME"
ephemeral = true  # the directory stays as it is; without this the guest writes into it

[network.default]
kind = "user"
)"},
    {"kernel", R"(# A kernel from its build tree, started directly, with an initrd that is the whole system.
name = "NAME"
cpus = 4
ram  = "2G"

[boot]
linux   = "arch/x86/boot/bzImage"
initrd  = ["initrd.img"]
cmdline = ["panic=-1", "oops=panic", "loglevel=7"]

# The serial port shows the kernel from its first line.
[console]
transport = "serial"

# vmspawn run NAME.vmspawn --profile=debugger: waits for gdb at port 1234
[profile.debugger]
boot.cmdline = ["nokaslr", "loglevel=7"]
qemu.extra   = ["-gdb", "tcp:127.0.0.1:1234", "-S"]
)"},
    {"uki", R"(# A unified kernel image, started by UEFI. Its name ends in .efi, and it has its initrd and its words inside.
name = "NAME"
cpus = 2
ram  = "2G"

[image]
path = "NAME.raw"  # the root, which the initrd inside finds

[boot]
linux    = "NAME.efi"
firmware = "uefi"

# vmspawn run NAME.vmspawn --profile=signed: refuses an image that is not signed by the keys that come with the firmware
[profile.signed.boot]
secure-boot       = true
firmware-features = ["enrolled-keys"]
)"},
    {"tpm",
     R"(# A disk that is locked with the machine's own TPM (systemd-cryptenroll --tpm2-device=auto in the guest). Its secret is in the state of the
# TPM: who copies the image without it cannot read the disk.
name = "NAME"
cpus = 2
ram  = "2G"

[image]
path = "NAME.raw"

[boot]
secure-boot = true  # what starts is measured, and signed

[tpm]
enabled = true
state   = "./NAME.tpm"  # keep it apart from the image, and keep it
)"},
    {"ci",
     R"(# A job that runs in a guest, of which nothing stays. The command's status is the job's; the guest's systemd is 256 or newer:
#     vmspawn run NAME.vmspawn --exec 'cd /src && make test' --timeout=10min
name = "NAME"
cpus = 2
ram  = "2G"
kvm  = "auto"  # true: fail at once where a runner has none

[image]
path      = "NAME.raw"
ephemeral = true

[mount.source]
source    = "."
target    = "/src"
read-only = true

[network.default]
kind = "user"

[console]
mode = "read-only"
log  = "NAME.log"

[vsock]
enabled = true

[ready]
timeout = "5min"
)"},
}};

std::string_view text_of(std::string_view kind) {
    for (const auto& [name, text] : templates)
        if (name == kind)
            return text;
    return plain;
}

}  // namespace

std::string definition_template(const std::string& name, std::string_view kind) {
    constexpr std::string_view placeholder = "NAME";
    std::string text{text_of(kind)};
    for (std::size_t at = 0; (at = text.find(placeholder, at)) != std::string::npos; at += name.size())
        text.replace(at, placeholder.size(), name);
    return text;
}

}  // namespace vmspawn
