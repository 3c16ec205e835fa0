// A firmware descriptor of QEMU (its docs/interop/firmware.json): what a firmware can do and how it is put into a machine.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vmspawn {

struct FirmwareFile {
    std::string path;    ///< absolute
    std::string format;  ///< "raw" or "qcow2"
    friend bool operator==(const FirmwareFile&, const FirmwareFile&) = default;
};

/// Machines that the firmware runs on: an architecture, and patterns (as in a shell) of versioned names such as "pc-q35-*".
struct FirmwareTarget {
    std::string arch;
    std::vector<std::string> machines;
    friend bool operator==(const FirmwareTarget&, const FirmwareTarget&) = default;
};

struct Firmware {
    enum class Mapping {
        split,      ///< code in one flash chip, read-only; variables in another, made from a template
        combined,   ///< code and variables in one chip; the file itself is the template
        stateless,  ///< code in a flash chip, read-only; variables are forgotten
        memory,     ///< loaded by -bios; variables are forgotten
    };
    std::string path;  ///< of the descriptor
    std::string description;
    std::vector<std::string> interfaces;  ///< "uefi", "bios", …, the most native first
    Mapping mapping = Mapping::split;
    FirmwareFile executable;
    FirmwareFile nvram_template;  ///< of split only
    std::vector<FirmwareTarget> targets;
    std::set<std::string> features;  ///< "secure-boot", "requires-smm", "enrolled-keys", …
    std::string problem;             ///< not empty: why this one cannot be used, as a clause
    friend bool operator==(const Firmware&, const Firmware&) = default;

    [[nodiscard]] bool has(const std::string& feature) const { return features.contains(feature); }
    /// What the mapping names.
    [[nodiscard]] std::vector<std::string> files() const;
};

std::string_view to_word(Firmware::Mapping mapping);

/// Of a descriptor's text. Never throws; what is wrong stands in `problem`, and what could be read is there all the same.
Firmware parse_firmware(std::string_view text, std::string path);

}  // namespace vmspawn
