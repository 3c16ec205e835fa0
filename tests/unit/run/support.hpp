// What the tests of `run` share: directories, pipes, children that run vmspawn's executor, tiny guests.
#pragma once

#include "base/fd.hpp"
#include "plan/plan.hpp"
#include "run/event.hpp"
#include "run/executor.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace vmspawn::test {

/// A directory of its own, 0700, removed at the end.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

void write_text(const std::filesystem::path& path, std::string_view text);
std::string read_text(const std::filesystem::path& path);

/// Everything up to end of file.
std::string read_all(int fd);
/// What one read gives, at most 1 MiB; empty at end of file, and when nothing is there of what does not block.
std::string read_some(int fd);
/// All of it by one write, or the test fails.
void write_to(int fd, std::string_view text);

/// Turns the loop for 20 ms: what our own side was sent before has come then.
void settle(EventLoop& loop);

struct Pipe {
    Fd reader;
    Fd writer;
};
Pipe make_pipe();

/// Waits until `done` holds, looking again whenever 2 ms have passed; false after ten seconds.
bool eventually(const std::function<bool()>& done);

bool process_exists(pid_t pid);

/// Runs `body` in a forked child with the given standard input, output and error; its result is the exit status.
pid_t run_in_child(int input, int output, int error, const std::function<int()>& body);
/// Exit status, or 1000 + the signal.
int wait_for(pid_t pid);

// --- tiny guests: a boot sector that does one thing under QEMU's q35 ---

enum class Guest { power_off, panic, reset_once, idle, greet, greet_and_idle };
std::string boot_sector(Guest guest);

/// The path of QEMU, or "" (then tests that need it skip).
std::string find_program(const std::string& name);

/// QEMU under TCG with the disk as an opened descriptor, QMP, pvpanic and a serial console on a terminal.
Plan tiny_machine(const std::filesystem::path& directory, Guest guest);

/// The last resource's Spawn.
Spawn& qemu_of(Plan& plan);

}  // namespace vmspawn::test
