// The headers of PE files: EFI programs, kernels with an EFI stub, unified kernel images.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

struct PeSection {
    std::string name;          ///< ".linux"
    std::uint32_t offset = 0;  ///< in the file, bytes
    std::uint32_t size = 0;    ///< bytes of content: what pads it to a block is left out
};

struct Pe {
    std::string machine;  ///< "x86_64", "aarch64", "riscv64", "i386", "arm"; empty: another one
    std::vector<PeSection> sections;

    /// Null: there is none of that name. The first one, as firmware and stub take it.
    [[nodiscard]] const PeSection* find(std::string_view name) const;
    /// UAPI.5: a kernel and the stub that starts it in one file.
    [[nodiscard]] bool is_uki() const { return find(".linux") != nullptr; }
};

/// From the beginning of a file; headers beyond what is given are taken as absent. None: it is no PE file.
std::optional<Pe> parse_pe(std::string_view beginning);

}  // namespace vmspawn
