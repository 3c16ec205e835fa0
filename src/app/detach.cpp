// vmspawn run --detach: the machine goes on in the background once it is ready.
#include "run/detach.hpp"

#include "app/output.hpp"
#include "app/verbs.hpp"

#include <cerrno>
#include <filesystem>

namespace vmspawn {

namespace {

BackgroundStart same_again(std::span<char* const> argv) {
    std::error_code unknown;
    return {.program = std::filesystem::read_symlink("/proc/self/exe", unknown).string(), .arguments = {argv.begin() + 1, argv.end()}};
}

}  // namespace

std::optional<int> detach(const Invocation& said, std::span<char* const> argv, const Diagnostics& found) {
    if (!said.detach || said.inquiry != Inquiry::none || found.has_errors())
        return std::nullopt;
    if (enter_background())
        return std::nullopt;
    const Result<StartedInBackground> started = start_in_background(same_again(argv));
    if (!started)
        return complain(started.failure());
    const std::string& name = started->machine;
    if (name.empty())
        return started->status != 0 ? started->status : complain("the machine ended before it was ready", ESRCH);
    Messages(wanted_messages(said.quiet))
        .status(name + " is in the background", "vmspawn console " + name + "   attaches this terminal\nvmspawn logs " + name +
                                                    "      shows what it has said\nvmspawn stop " + name + "      powers it off");
    return print(name + "\n");
}

}  // namespace vmspawn
