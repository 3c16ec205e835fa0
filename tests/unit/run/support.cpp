#include "support.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace vmspawn::test {

TemporaryDirectory::TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "vmspawn-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void write_text(const std::filesystem::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
}

std::string read_text(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string read_all(int fd) {
    std::string all;
    std::array<char, 4096> buffer;
    for (ssize_t size = 0; (size = read(fd, buffer.data(), buffer.size())) > 0;)
        all.append(buffer.data(), static_cast<std::size_t>(size));
    return all;
}

std::string read_some(int fd) {
    std::string text(1 << 20, '\0');
    const ssize_t size = read(fd, text.data(), text.size());
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
}

void write_to(int fd, std::string_view text) {
    ASSERT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

void settle(EventLoop& loop) {
    bool quiet = false;
    const EventSource timer = loop.on_timer(std::chrono::milliseconds(20), [&] { quiet = true; });
    while (!quiet)
        ASSERT_TRUE(loop.turn());
}

Pipe make_pipe() {
    std::array<int, 2> ends{-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) < 0)
        std::abort();
    return {Fd(ends[0]), Fd(ends[1])};
}

bool eventually(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done()) {
        if (std::chrono::steady_clock::now() > until)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

bool process_exists(pid_t pid) {
    return std::filesystem::exists("/proc/" + std::to_string(pid));
}

pid_t run_in_child(int input, int output, int error, const std::function<int()>& body) {
    const pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP})
        sigaddset(&blocked, number);
    sigprocmask(SIG_SETMASK, &blocked, nullptr);
    dup2(input, 0);
    dup2(output, 1);
    dup2(error, 2);
    close_range(3, ~0U, 0);
    _exit(body());
}

int wait_for(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

std::string boot_sector(Guest guest) {
    using namespace std::string_literals;
    const auto out = [](unsigned port, unsigned char value) {  // mov dx, port; mov al, value; out dx, al
        return "\xBA"s + static_cast<char>(port & 0xFF) + static_cast<char>(port >> 8) + "\xB0"s + static_cast<char>(value) + "\xEE"s;
    };
    const std::string power_off = "\xBA\x04\x06\xB8\x00\x20\xEF"s;  // mov dx, 0x604; mov ax, 0x2000; out dx, ax
    std::string greeting;
    for (const char letter : "HELLO\r\n"s)
        greeting += out(0x3F8, static_cast<unsigned char>(letter));
    std::string code;
    switch (guest) {
        case Guest::power_off:
            code = power_off;
            break;
        case Guest::panic:
            code = out(0x505, 1);
            break;
        case Guest::reset_once:
            code = out(0xCF9, 6);
            break;
        case Guest::greet:
            code = greeting + power_off;
            break;
        case Guest::greet_and_idle:
            code = greeting;
            break;
        case Guest::idle:
            break;
    }
    code += "\xF4\xEB\xFD"s;  // hlt, again and again
    code.resize(510);
    code += "\x55\xAA"s;
    code.resize(1 << 20);
    return code;
}

std::string find_program(const std::string& name) {
    const char* path = std::getenv("PATH");
    std::istringstream directories(path != nullptr ? path : "");
    for (std::string directory; std::getline(directories, directory, ':');) {
        if (const std::string candidate = directory + "/" + name; access(candidate.c_str(), X_OK) == 0)
            return candidate;
    }
    return "";
}

Spawn& qemu_of(Plan& plan) {
    return std::get<Spawn>(plan.resources.back().up);
}

Plan tiny_machine(const std::filesystem::path& directory, Guest guest) {
    write_text(directory / "disk.raw", boot_sector(guest));
    Plan plan;
    plan.machine = "tiny";
    plan.directory = directory.string();
    plan.console = {ConsoleKind::read_only, "terminal"};
    const auto add = [&plan](ResourceId id, Action up) -> Resource& {
        return plan.resources.emplace_back(Resource{.id = std::move(id), .needs = {}, .up = std::move(up)});
    };
    add("name", ClaimName{.base = (directory / "run").string(), .name = "tiny"});
    add("image", OpenFile{.path = (directory / "disk.raw").string(), .writable = true, .lock = OpenFile::Lock::qemu});
    plan.resources.back().because_key = "image.path";
    add("qmp", MakeQmpSocket{});
    add("terminal", MakeTerminal{});
    Spawn qemu;
    qemu.program = find_program("qemu-system-x86_64");
    for (const char* word : {"-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35", "-accel", "tcg", "-m", "64",
                             "-device", "pvpanic", "-mon", "chardev=qmp,mode=control", "-serial", "chardev:console"})
        qemu.arguments.emplace_back(word);
    const auto option = [&qemu](const char* flag, const char* text, Late late, const char* rest) {
        qemu.arguments.emplace_back(flag);
        Word word(text);
        word += std::move(late);
        word += std::string(rest);
        qemu.arguments.push_back(std::move(word));
    };
    option("-chardev", "socket,id=qmp,", {"qmp", Late::What::chardev}, "");
    option("-chardev", "serial,id=console,", {"terminal", Late::What::chardev}, "");
    option("-add-fd", "fd=", {"image", Late::What::fd}, ",set=1");
    for (const char* word :
         {"-blockdev", R"({"driver":"file","filename":"/dev/fdset/1","node-name":"image-file"})", "-blockdev",
          R"({"driver":"raw","file":"image-file","node-name":"image"})", "-device", "virtio-blk-pci,drive=image,bootindex=1"})
        qemu.arguments.emplace_back(word);
    Resource& resource = add("qemu", std::move(qemu));
    resource.needs = {"name", "image", "qmp", "terminal"};
    resource.ready = Readiness::greeting;
    return plan;
}

}  // namespace vmspawn::test
