#include "host/qemu_run.hpp"

#include "base/fd.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmspawn {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t out_limit = 4U << 20U;
constexpr std::size_t err_limit = 4096;

struct Pair {
    Fd ours;
    Fd theirs;
};

/// Above 2, so that placing one of them as 0, 1 or 2 of the child cannot overwrite another.
Fd above_standard(Fd fd) {
    return fd.get() > 2 ? std::move(fd) : Fd(fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
}

Pair socket_pair() {
    std::array<int, 2> ends{-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) < 0)
        return {};
    return {above_standard(Fd(ends[0])), above_standard(Fd(ends[1]))};
}

Pair error_pipe() {
    std::array<int, 2> ends{-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) < 0)
        return {};
    return {above_standard(Fd(ends[0])), above_standard(Fd(ends[1]))};
}

/// The few variables that a child needs.
std::vector<std::string> child_environment() {
    std::vector<std::string> environment{"LANG=C.UTF-8"};
    for (const char* name : {"PATH", "HOME", "TMPDIR"})
        if (const char* value = std::getenv(name))
            environment.push_back(std::string(name) + "=" + value);
    return environment;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> made;
    for (std::string& word : words)
        made.push_back(word.data());
    made.push_back(nullptr);
    return made;
}

/// posix_spawn can set no death signal. None is needed: the last thing in the input, which is written at once, tells the program to quit.
/// A group of its own lets us end whatever a wrapper script started.
int start(const std::string& program, std::vector<std::string> words, int input_output, int errors, pid_t& pid) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, input_output, 0);
    posix_spawn_file_actions_adddup2(&files, input_output, 1);
    posix_spawn_file_actions_adddup2(&files, errors, 2);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    words.insert(words.begin(), program);
    std::vector<std::string> environment = child_environment();
    const int failure = posix_spawn(&pid, program.c_str(), &files, &attributes, pointers(words).data(), pointers(environment).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failure;
}

/// Appends what is there, up to `limit` in all; false at the end of the stream.
bool read_some(int fd, std::string& into, std::size_t limit) {
    std::array<char, 65536> buffer;
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0)
        return errno == EINTR || errno == EAGAIN;
    into.append(buffer.data(), std::min(static_cast<std::size_t>(got), limit - into.size()));
    return got > 0;
}

bool holds(const std::string& text, std::string_view last, std::size_t before) {
    const std::size_t from = before > last.size() ? before - last.size() : 0;
    return text.find(last, from) != std::string::npos;
}

/// Reads both streams until the output ends, holds `last`, is too long, or the time is over.
void listen_to(int out, int err, std::string_view last, Clock::time_point deadline, Conversation& heard) {
    std::array<pollfd, 2> watched{{{out, POLLIN, 0}, {err, POLLIN, 0}}};
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) {
            heard.timed_out = true;
            return;
        }
        if (poll(watched.data(), watched.size(), static_cast<int>(left)) <= 0)
            continue;
        if (watched[1].revents != 0 && !read_some(err, heard.err, err_limit))
            watched[1].fd = -1;
        if (watched[0].revents == 0)
            continue;
        const std::size_t before = heard.out.size();
        if (!read_some(out, heard.out, out_limit) || holds(heard.out, last, before))
            return;
        if (heard.out.size() == out_limit) {
            heard.too_much = true;
            return;
        }
    }
}

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written <= 0 && errno != EINTR)
            return;  // it reads nothing or is gone: what it says, or does not say, will show that
        if (written > 0)
            text.remove_prefix(static_cast<std::size_t>(written));
    }
}

void end(pid_t pid) {
    kill(-pid, SIGKILL);
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace

Conversation converse(const std::string& program, const std::vector<std::string>& arguments, std::string_view input, std::string_view last,
                      std::chrono::milliseconds limit) {
    Conversation heard;
    Pair talk = socket_pair();
    Pair errors = error_pipe();
    if (!talk.ours || !talk.theirs || !errors.ours || !errors.theirs) {
        heard.start_error = errno;
        return heard;
    }
    pid_t pid = -1;
    heard.start_error = start(program, arguments, talk.theirs.get(), errors.theirs.get(), pid);
    if (heard.start_error != 0)
        return heard;
    talk.theirs.reset();
    errors.theirs.reset();
    write_all(talk.ours.get(), input);
    listen_to(talk.ours.get(), errors.ours.get(), last, Clock::now() + limit, heard);
    end(pid);
    // what it wrote there before it ended; a stray child of its own may hold the other end, so do not wait
    fcntl(errors.ours.get(), F_SETFL, O_NONBLOCK);
    while (heard.err.size() < err_limit) {
        const std::size_t before = heard.err.size();
        if (!read_some(errors.ours.get(), heard.err, err_limit) || heard.err.size() == before)
            break;
    }
    return heard;
}

}  // namespace vmspawn
