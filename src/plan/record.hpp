// The files in a machine's runtime directory that tell about it.
#pragma once

namespace vmspawn {

inline constexpr int record_version = 1;
/// What it is of and what was settled when it started; written once.
inline constexpr const char* record_file = "machine.json";
/// What it was started with, value by value; written once, when it runs.
inline constexpr const char* definition_file = "definition.json";
/// How it ended; empty until then. Who waits for the end has it open, as it is written before all this goes.
inline constexpr const char* ending_file = "ending.json";
/// What changes while it runs.
inline constexpr const char* state_file = "state.json";

}  // namespace vmspawn
