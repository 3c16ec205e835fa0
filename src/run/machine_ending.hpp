// How machines ended. Of one that ran in the background and failed a record stays for a day, as nobody was there to hear of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

struct MachineEnding {
    int status = 0;       ///< of its vmspawn
    std::string words{};  ///< the last error that was said, with its details on lines of their own; empty: none was
};
std::string to_json(const MachineEnding& ending);
/// Nothing of it is believed to be well formed. Nothing: it is no such record, as that of a machine which runs.
std::optional<MachineEnding> read_ending(std::string_view json);

struct PastMachine {
    std::string name;
    std::string base;         ///< as ClaimName has it
    std::uint64_t ended = 0;  ///< microseconds since 1970
    MachineEnding ending;
};
/// Beside the runtime directory of that machine; the next one of the name removes it.
std::string past_file(std::string_view name);
/// By name, those of the last day; older ones are removed on the way. `bases` as list_machines() has them.
std::vector<PastMachine> list_past(const std::vector<std::string>& bases);
/// The newest.
std::optional<PastMachine> find_past(const std::vector<std::string>& bases, const std::string& name);
/// Whoever ended the machine need not be told.
void forget_past(const std::string& base, const std::string& name);

}  // namespace vmspawn
