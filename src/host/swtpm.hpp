// What the swtpm_setup of this host offers.
#pragma once

#include <string>
#include <string_view>

namespace vmspawn {

/// Of the profiles in a list as swtpm_setup prints it, the newest that says what a TPM can: "default-v2". Empty: there is none.
std::string newest_profile(std::string_view list);

/// The same of a program, which is asked once. It knows profiles since version 0.10.
std::string probe_tpm_profile(const std::string& swtpm_setup);

}  // namespace vmspawn
