#include "app/output.hpp"
#include "app/verbs.hpp"
#include "base/file.hpp"
#include "language/formats.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace vmspawn {

std::string definition_template(const std::string& name) {
    return fmt::format(R"(# A virtual machine for vmspawn: `vmspawn run {0}.vmspawn` boots it.
# Relative paths start at this file. `vmspawn explain KEY` tells what a key means.
name = "{0}"
cpus = 2
ram  = "2G"

# What to boot: a disk image …
# [image]
# path = "{0}.raw"

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
# "ssh.authorized_keys.root" = {{ file = "~/.ssh/id_ed25519.pub" }}
)",
                       name);
}

int init(const std::string& name) {
    std::error_code gone;
    std::string stem = name.empty() ? clean_machine_name(std::filesystem::current_path(gone).filename().string()) : name;
    if (stem.ends_with(".vmspawn"))
        stem.resize(stem.size() - std::string_view(".vmspawn").size());
    if (!is_machine_name(Path(stem).filename().string()))
        return complain(fmt::format("'{}' cannot be the name of a machine: letters, digits, '-' and '.', at most 64", stem), EINVAL);
    const Path path = stem + ".vmspawn";
    if (const auto made = write_file(path, definition_template(Path(stem).filename().string()), Existing::keep); !made)
        return complain(to_string(made.failure()), made.failure().error);
    return print(fmt::format("{} written: say in it what to boot, then `vmspawn run {}`\n", path.string(), path.string()));
}

}  // namespace vmspawn
