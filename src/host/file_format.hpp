// What a file's first bytes say it is.
#pragma once

#include <cstddef>
#include <string_view>

namespace vmspawn {

/// So many bytes are enough; fewer are judged as well.
constexpr std::size_t format_bytes = 4096;

/// "qcow2", "uki" (a PE with the sections of a unified kernel image), "zboot" (an EFI program with a packed kernel inside), "pe",
/// "gzip", "elf", else "raw".
std::string_view file_format(std::string_view beginning);

/// The architecture that a kernel or EFI program is for: "x86_64", "i386", "aarch64", "riscv64", "arm". Empty: it does not say.
std::string_view kernel_machine(std::string_view beginning);

}  // namespace vmspawn
