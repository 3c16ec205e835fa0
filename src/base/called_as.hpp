// The two names of the program. Each has a command line of its own, and the second is as lenient as the program that it replaces.
#pragma once

#include <string_view>

namespace vmspawn {

enum class CalledAs { vmspawn, systemd_vmspawn };

/// By the last part of argv[0].
constexpr CalledAs called_as(std::string_view program) {
    return program.substr(program.rfind('/') + 1) == "systemd-vmspawn" ? CalledAs::systemd_vmspawn : CalledAs::vmspawn;
}

constexpr std::string_view name_of(CalledAs called) {
    return called == CalledAs::systemd_vmspawn ? "systemd-vmspawn" : "vmspawn";
}

}  // namespace vmspawn
