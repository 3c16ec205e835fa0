#include "run/namespace.hpp"

#include "base/fd.hpp"
#include "run/spawn.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmspawn {

namespace {

/// One byte each way: "I am in my user namespace", "you have your ids".
bool tell(int peer) {
    return send(peer, "", 1, MSG_NOSIGNAL) == 1;
}
bool hear(int peer) {
    char byte = 0;
    ssize_t size = 0;
    do {
        size = recv(peer, &byte, 1, 0);
    } while (size < 0 && errno == EINTR);
    return size == 1;
}

/// With all that is mounted below it.
int make_read_only(const char* target) {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    return static_cast<int>(syscall(SYS_mount_setattr, AT_FDCWD, target, AT_RECURSIVE, &attributes, sizeof attributes));
}

int make_file(const char* target) {
    const int fd = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    return fd < 0 ? -1 : close(fd);
}

int make_directory(const char* target) {
    return mkdir(target, 0755) < 0 && errno != EEXIST ? -1 : 0;
}

/// With the owner and the mode of another one.
int make_directory_like(const char* model, const char* target) {
    struct stat status {};
    if (stat(model, &status) < 0 || mkdir(target, 0700) < 0)
        return -1;
    // An owner that the user namespace does not know cannot be given.
    if (chown(target, status.st_uid, status.st_gid) < 0 && errno != EINVAL)
        return -1;
    return chmod(target, status.st_mode & 07777);
}

const char* become_root(int peer) {
    if (!tell(peer) || !hear(peer))
        return "get its ids";
    // A namespace with a single id must not let go of groups, and has none to let go of: that failure says nothing.
    (void)syscall(SYS_setgroups, 0, nullptr);
    // The bare calls: those of glibc take locks, which a forked child must not.
    if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0)
        return "become root of its user namespace";
    return nullptr;
}

Result<void> write_text(const std::string& path, const std::string& text) {
    const Fd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return failed("write " + path);
    return {};
}

std::string map_text(const std::vector<IdSpan>& ranges) {
    std::string text;
    for (const IdSpan& range : ranges)
        text += fmt::format("{} {} {}\n", range.inside, range.outside, range.count);
    return text;
}

/// newuidmap or newgidmap: it needs the rights that its file gives.
Result<void> run_tool(const std::string& program, const std::vector<IdSpan>& ranges, pid_t child) {
    std::vector<std::string> arguments{std::to_string(child)};
    for (const IdSpan& range : ranges)
        for (const std::uint32_t number : {range.inside, range.outside, range.count})
            arguments.push_back(std::to_string(number));
    const Fd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
    Result<Child> tool = spawn_child({.program = program,
                                      .arguments = std::move(arguments),
                                      .environment = {},
                                      .input = nothing.get(),
                                      .output = nothing.get(),
                                      .descriptors = {},
                                      .no_new_privileges = false});
    if (!tool)
        return tool.failure();
    int status = 0;
    while (waitpid(tool->pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return {};
    return Failure{EPERM, "give it its ids by " + program, "/etc/subuid and /etc/subgid must grant them"};
}

Result<void> write_maps(const Namespace& space, pid_t child) {
    if (!space.uid_tool.empty()) {
        Result<void> done = run_tool(space.uid_tool, space.uids, child);
        return done ? run_tool(space.gid_tool, space.gids, child) : done;
    }
    const std::string proc = fmt::format("/proc/{}", child);
    Result<void> done;
    if (geteuid() != 0)  // the kernel's condition for a gid map that no privileged process writes
        done = write_text(proc + "/setgroups", "deny");
    if (done)
        done = write_text(proc + "/uid_map", map_text(space.uids));
    return done ? write_text(proc + "/gid_map", map_text(space.gids)) : done;
}

}  // namespace

PreparedSpace::PreparedSpace(const Namespace& space) : space_(space) {
    if (space.stage.empty())
        return;
    steps_.push_back({Step::Kind::stage, "", space.stage, "make a private directory at " + space.stage + " for"});
    for (const BindMount& mount : space.mounts) {
        const std::filesystem::path target = std::filesystem::path(space.stage) / mount.name;
        if (mount.file)
            steps_.push_back({Step::Kind::directory, "", target.parent_path(), "make a mount point for"});
        steps_.push_back({mount.file ? Step::Kind::file : Step::Kind::directory, "", target, "make a mount point for"});
        steps_.push_back({Step::Kind::bind, mount.source, target, "bind " + mount.source + " for"});
        if (mount.throw_away)
            add_overlay(target, mount.source);
        if (mount.read_only)
            steps_.push_back({Step::Kind::read_only, "", target, "make " + mount.source + " read-only for"});
    }
}

/// Over what `target` shows: itself below, and beside it in the stage what is written.
void PreparedSpace::add_overlay(const std::string& target, const std::string& source) {
    const std::string upper = target + ".upper";
    const std::string work = target + ".work";
    const std::string doing = "make a throw-away layer over " + source + " for";
    steps_.push_back({Step::Kind::like, target, upper, doing});
    steps_.push_back({Step::Kind::directory, "", work, doing});
    // In a user namespace overlayfs has to use the extended attributes of users.
    const char* user = space_.uids.empty() || space_.mounts_first ? "" : ",userxattr";
    steps_.push_back({Step::Kind::overlay, fmt::format("lowerdir={},upperdir={},workdir={}{}", target, upper, work, user), target, doing});
}

const char* PreparedSpace::mount_all() const {
    if (steps_.empty())
        return nullptr;
    // What is mounted here stays here; what goes on the host goes here too.
    if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) < 0)
        return "make the mounts private of";
    umask(0);
    for (const Step& step : steps_) {
        int result = 0;
        switch (step.kind) {
            case Step::Kind::stage:
                result = mount("stage", step.target.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
                break;
            case Step::Kind::directory:
                result = make_directory(step.target.c_str());
                break;
            case Step::Kind::like:
                result = make_directory_like(step.source.c_str(), step.target.c_str());
                break;
            case Step::Kind::overlay:
                result = mount("overlay", step.target.c_str(), "overlay", 0, step.source.c_str());
                break;
            case Step::Kind::file:
                result = make_file(step.target.c_str());
                break;
            case Step::Kind::bind:
                result = mount(step.source.c_str(), step.target.c_str(), nullptr, MS_BIND | MS_REC, nullptr);
                break;
            case Step::Kind::read_only:
                result = make_read_only(step.target.c_str());
                break;
        }
        if (result < 0)
            return step.doing.c_str();
    }
    return nullptr;
}

const char* PreparedSpace::enter(int peer) const {
    const int mounts = steps_.empty() ? 0 : CLONE_NEWNS;
    const int ids = space_.uids.empty() ? 0 : CLONE_NEWUSER;
    if (unshare(space_.mounts_first ? mounts : mounts | ids) < 0)
        return "make the namespaces of";
    if (space_.mounts_first) {
        if (const char* wrong = mount_all())
            return wrong;
        if (ids != 0 && unshare(ids) < 0)
            return "make the user namespace of";
    }
    const char* wrong = ids != 0 ? become_root(peer) : nullptr;
    if (wrong != nullptr || space_.mounts_first)
        return wrong;
    return mount_all();
}

Result<void> write_ids(const Namespace& space, pid_t child, int peer) {
    if (!hear(peer))
        return {};  // it failed before, and says so itself
    Result<void> done = write_maps(space, child);
    if (done)
        (void)tell(peer);
    return done;
}

Result<Fd> make_user_namespace() {
    const Namespace space{
        .uids = {{0, geteuid(), 1}}, .gids = {{0, getegid(), 1}}, .uid_tool = {}, .gid_tool = {}, .stage = {}, .mounts = {}};
    const Fd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
    Result<Child> child = spawn_child({.program = {},
                                       .arguments = {},
                                       .environment = {},
                                       .input = nothing.get(),
                                       .output = nothing.get(),
                                       .descriptors = {},
                                       .space = &space});
    if (!child)
        return child.failure();
    // It has ended or is about to; until it is waited for, its namespace is there.
    Fd made(open(fmt::format("/proc/{}/ns/user", child->pid).c_str(), O_RDONLY | O_CLOEXEC));
    const Failure not_there = failed("open a user namespace");
    while (waitpid(child->pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (!made)
        return not_there;
    return made;
}

}  // namespace vmspawn
