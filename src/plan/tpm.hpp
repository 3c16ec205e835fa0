// The TPM as other parts of the planner see it.
#pragma once

#include "model/machine.hpp"

#include <string>
#include <vector>

namespace vmspawn {

/// The resource that is the TPM itself.
constexpr const char* tpm_id = "tpm";

/// The file of swtpm that holds a TPM. Where it is, the TPM is not new.
constexpr const char* tpm_state_file = "tpm2-00.permall";

/// The question for the newest profile of a TPM that swtpm_setup offers.
constexpr const char* tpm_profile_question = "swtpm_setup --profile-name";

/// Where the TPM's state may be kept, as questions about states; the image's side first. Empty: it is not kept.
std::vector<std::string> tpm_places(const Machine& machine);

}  // namespace vmspawn
