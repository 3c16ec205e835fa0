#include "plan/kernel.hpp"

#include "plan/tpm.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

/// Why the kernel is not unpacked; empty: it is.
std::string obstacle(const Planning& p, const FileAnswer& kernel) {
    if (p.machine.boot.unpack == Want::no)
        return "boot.unpack = false";
    if (p.arch.name != "x86_64")
        return fmt::format("only x86_64 kernels can be entered unpacked, and this guest is {}", p.arch.name);
    if (p.firmware)
        return "UEFI starts it as an EFI program";
    if (p.plan.find(tpm_id) && !(p.kernel->initrds.empty() && p.initrd_credentials.empty()))
        return "QEMU would put its initrd over the tables of a guest that has a TPM";
    if (!kernel.payload)
        return "it is not packed in a way that vmspawn knows";
    return "";
}

}  // namespace

Action kernel_action(Planning& p, const FileAnswer& kernel) {
    const Want wanted = p.machine.boot.unpack;
    const std::string& path = p.kernel->path;
    const std::string why_not = obstacle(p, kernel);
    if (wanted == Want::yes && !why_not.empty())
        p.found.add(
            error("boot.unpack = true, but the kernel cannot be unpacked: " + why_not, p.origin("boot.unpack")).with_error(EOPNOTSUPP));
    if (wanted == Want::if_possible && !p.kvm && p.plan.find(tpm_id) && kernel.payload && !why_not.empty())
        p.reason("the kernel unpacks itself because " + why_not);
    if (!why_not.empty() || (wanted == Want::if_possible && p.kvm))
        return OpenFile{.path = path};
    p.reason(
        wanted == Want::yes
            ? "the kernel is unpacked here and entered by PVH because boot.unpack = true; it stands at a fixed address (no KASLR)"
            : "the kernel is unpacked here and entered by PVH because an emulated guest is slow at it and boot.unpack = auto; it stands "
              "at a fixed address (no KASLR)");
    return UnpackKernel{.path = path,
                        .compression = kernel.payload->compression,
                        .offset = kernel.payload->offset,
                        .size = kernel.payload->size,
                        .cache = p.host.cache};
}

}  // namespace vmspawn
