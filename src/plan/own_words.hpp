// What the user's own words for QEMU (qemu.extra, $SYSTEMD_VMSPAWN_QEMU_EXTRA) let it start. By itself it starts nothing.
#pragma once

#include "plan/contributors.hpp"

#include <string>
#include <vector>

namespace vmspawn {

struct OwnProgram {
    enum class Kind {
        none,
        plain,       ///< with QEMU's own rights: the script of a tap
        privileged,  ///< it changes them, or has more than its caller: qemu-bridge-helper
    };
    Kind kind = Kind::none;
    std::string word{};  ///< that asks for it
};

/// The most demanding of all.
OwnProgram own_program(const Planning&);

}  // namespace vmspawn
