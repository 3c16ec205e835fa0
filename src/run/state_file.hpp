// What changes while a machine runs, for those who ask from outside: the file state_file in its runtime directory, always whole.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "run/machine_ending.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace vmspawn {

struct NamedProcess {
    std::string name;  ///< the resource's id
    pid_t pid = 0;
};

struct MachineState {
    pid_t pid = 0;            ///< of its vmspawn
    std::uint64_t ticks = 0;  ///< when that process started, as proc(5) counts: no later process of this number has it
    std::uint64_t since = 0;  ///< the same, microseconds since 1970
    bool ready = false;
    bool stopping = false;
    std::string status;  ///< the last STATUS=
    std::vector<NamedProcess> processes;
};

/// What proc(5) tells of a process.
struct ProcessFacts {
    pid_t parent = 0;
    std::uint64_t ticks = 0;   ///< its start, in clock ticks since boot
    std::uint64_t cpu = 0;     ///< microseconds used
    std::uint64_t memory = 0;  ///< bytes, resident
};
/// ESRCH: it is gone.
Result<ProcessFacts> facts_of(pid_t process);

std::string to_json(const MachineState& state);
/// Nothing of it is believed to be well formed. False: it is not such a file.
bool read_state(std::string_view json, MachineState& state);

/// A failure to write is nobody's end: then it only tells less.
class StateFile {
public:
    /// Written at once. `directory` stays open while this lives.
    explicit StateFile(Fd directory);

    /// As sd_notify(3) takes it. READY=1, STATUS= and STOPPING=1 count.
    void tell(std::string_view lines);
    void set_processes(std::vector<NamedProcess> processes);
    /// Another file of the same directory, 0600.
    void write_beside(const char* name, std::string_view text) const;
    /// The empty ending_file.
    void expect_ending();
    /// Once; with the name of the machine a failure is kept beside the directory as well.
    void tell_ending(const MachineEnding& ending, const std::string& background);

private:
    Fd directory_;
    Fd ending_;
    MachineState state_;

    void write() const;
};

}  // namespace vmspawn
