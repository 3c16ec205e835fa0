#include "run/holder.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

std::string program_of(const std::filesystem::path& process) {
    std::error_code error;
    const auto program = std::filesystem::read_symlink(process / "exe", error);
    return error ? "a process" : printable(program.filename().string());
}

}  // namespace

std::string process_text(pid_t pid) {
    return fmt::format("{}, pid {}", program_of(fmt::format("/proc/{}", pid)), pid);
}

std::string name_holder(const std::function<bool(const std::filesystem::path&)>& holds) {
    std::error_code ignored;
    const auto self = std::filesystem::read_symlink("/proc/self", ignored);
    for (const auto& process : std::filesystem::directory_iterator("/proc", ignored)) {
        const std::string pid = process.path().filename().string();
        if (pid.find_first_not_of("0123456789") == std::string::npos && pid != self.string() && holds(process.path()))
            return "in use by " + process_text(std::stoi(pid));
    }
    return "in use by another user's process";
}

}  // namespace vmspawn
