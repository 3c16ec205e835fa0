// State that a machine keeps from one run to the next: where it stands, and why it may be forgotten.
#pragma once

#include "plan/contributors.hpp"

#include <string>
#include <vector>

namespace vmspawn {

/// One kind of state: `ending` is ".tpmstate" beside an image.
struct KeptState {
    const State& said;
    std::string ending;
    FileAnswer::Type type = FileAnswer::Type::regular;
};

/// Where it may be kept, as questions about states; the image's side first. Empty: tpm.state or the like is off.
std::vector<std::string> state_places(const Machine& machine, const KeptState& state);

/// The place among them for this image: beside it, or elsewhere when there is none or it is a device. Empty: this user has no home.
std::string place_of_state(const Planning& p, const std::vector<std::string>& places);

/// What the host says about a path; null when nobody asked.
const FileAnswer* answer_about(const Host& host, const std::string& path);

/// Why no state can be kept there, as a clause; empty: it can.
std::string obstacle_to_state(const Planning& p, const std::string& path, FileAnswer::Type type);

}  // namespace vmspawn
