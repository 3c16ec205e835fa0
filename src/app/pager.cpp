#include "app/pager.hpp"

#include "app/output.hpp"
#include "host/search_path.hpp"
#include "language/formats.hpp"

#include <systemd/sd-login.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace vmspawn {

namespace {

std::string variable(const char* name) {
    const char* value = secure_getenv(name);
    return value != nullptr ? value : "";
}

/// Does somebody else's word start the pager? Then it may not run programs or open files: sudo would become a way to do so as root.
bool must_be_secure() {
    const std::string said = variable("SYSTEMD_PAGERSECURE");
    if (!said.empty())
        return parse_boolean(said).value_or(true);
    uid_t owner = 0;
    const bool is_owner = sd_pid_get_owner_uid(0, &owner) < 0 || owner == geteuid();
    return !is_owner || std::getenv("SUDO_UID") != nullptr;
}

/// Whether the shell would find it: else nothing would be shown. A command that begins with more than a plain word is left to the shell.
bool is_there(const std::string& command) {
    const std::size_t begin = std::min(command.find_first_not_of(" \t\n"), command.size());
    const std::string program = command.substr(begin, command.find_first_of(" \t\n;|&<>", begin) - begin);
    if (program.find_first_of("=\"'\\$`~(){}*?[#") != std::string::npos)
        return true;
    return !program.empty() && !search_path(program, executable_path()).empty();
}

/// For a shell; empty: none.
std::string pager_command(bool secure) {
    const char* wanted = secure_getenv("SYSTEMD_PAGER");
    if (wanted == nullptr)
        wanted = secure_getenv("PAGER");
    const std::string said = wanted != nullptr ? wanted : "less";
    if (said.empty() || said == "cat")
        return "";
    const std::string command = secure ? "less" : said;
    return is_there(command) ? command : "";
}

void become(const std::string& command, bool secure) {
    const std::string options = variable("SYSTEMD_LESS");
    const std::string charset = variable("SYSTEMD_LESSCHARSET");
    setenv("LESS", options.empty() ? "FRSXMK" : options.c_str(), 1);
    setenv("LESSCHARSET", charset.empty() ? "utf-8" : charset.c_str(), 1);
    if (secure)
        setenv("LESSSECURE", "1", 1);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
}

}  // namespace

int page(std::string_view text, bool no_pager) {
    const std::string terminal = variable("TERM");
    const bool wanted = !no_pager && isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && !terminal.empty() && terminal != "dumb";
    const bool secure = wanted && must_be_secure();
    const std::string command = wanted ? pager_command(secure) : "";
    const int input = command.empty() ? -1 : memfd_create("vmspawn-text", MFD_CLOEXEC);
    const bool is_ready = input >= 0 && write(input, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                          lseek(input, 0, SEEK_SET) == 0 && dup2(input, STDIN_FILENO) >= 0;
    if (is_ready)
        become(command, secure);
    return print(text);
}

}  // namespace vmspawn
