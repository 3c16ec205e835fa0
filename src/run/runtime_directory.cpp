#include "run/runtime_directory.hpp"

#include "base/guest_cid.hpp"
#include "run/machine_ending.hpp"
#include "run/remove_tree.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vmspawn {

namespace {

/// Holds the pid of the vmspawn that made the directory: the proof that it may be cleaned, and a name for messages.
constexpr const char* marker = ".vmspawn-pid";

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

Fd open_directory(int at, const std::string& name, int flags = O_NOFOLLOW) {
    return Fd(openat(at, name.c_str(), directory_flags | flags));
}

bool same_file(const struct stat& a, const struct stat& b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Others may put anything into such a directory (/tmp), so what is found there must be proved to be ours.
bool writable_by_others(const std::filesystem::path& directory) {
    struct stat status {};
    return stat(directory.c_str(), &status) == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

/// The base exists (/run, /run/user/1000) or is our own directory below a temporary one: then 0700, ours, no link.
Result<Fd> open_base(const std::filesystem::path& base) {
    const bool made = mkdir(base.c_str(), 0700) == 0;
    if (!made && errno != EEXIST)
        return failed("make " + base.string());
    const bool exposed = writable_by_others(base.parent_path());
    Fd fd = open_directory(AT_FDCWD, base, exposed ? O_NOFOLLOW : 0);
    struct stat status {};
    if (!fd || fstat(fd.get(), &status) < 0)
        return failed("open " + base.string());
    if (exposed && (status.st_uid != geteuid() || (status.st_mode & 077) != 0))
        return Failure{EPERM, "use " + base.string(), "it must belong to the caller, with mode 0700"};
    return fd;
}

/// `name` below `parent`, made where it is missing.
Result<Fd> open_or_make(int parent, const std::string& name, std::vector<RuntimeDirectory::Made>& made) {
    if (mkdirat(parent, name.c_str(), 0755) == 0) {
        made.push_back({Fd(fcntl(parent, F_DUPFD_CLOEXEC, 3)), name});
        if (fchmodat(parent, name.c_str(), 0755, 0) < 0)  // whatever the caller's umask
            return failed("set the mode of " + name);
    } else if (errno != EEXIST) {
        return failed("make " + name);
    }
    Fd fd = open_directory(parent, name);
    if (!fd)
        return failed("open " + name);
    return fd;
}

pid_t read_marker(int directory) {
    const Fd fd(openat(directory, marker, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    std::array<char, 16> text{};
    const ssize_t size = fd ? read(fd.get(), text.data(), text.size()) : 0;
    pid_t pid = 0;
    std::from_chars(text.data(), text.data() + (size > 0 ? size : 0), pid);
    return pid;
}

Result<void> write_marker(int directory) {
    const Fd fd(openat(directory, marker, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    const std::string text = fmt::format("{}\n", getpid());
    if (!fd || write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return failed("write the pid");
    return {};
}

std::string holder(int directory) {
    const pid_t pid = read_marker(directory);
    return pid > 0 ? fmt::format("in use by vmspawn, pid {}", pid) : "in use by another vmspawn";
}

std::string path_of(const ClaimName& action) {
    return action.base + "/systemd/vmspawn/" + action.name;
}

/// With the lock held nobody lives here: either it is empty, or a killed vmspawn left it.
Result<void> clean(int directory, const std::string& path) {
    if (is_empty_directory(directory))
        return {};
    struct stat status {};
    if (fstatat(directory, marker, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return Failure{EEXIST, "", path + " was not made by vmspawn; remove it, or choose another name"};
    // The marker goes last: should this be cut short, the next run can go on.
    return remove_contents(directory, marker);
}

enum class Attempt { taken, again };

/// Another run may remove the directory between our open and our lock: then its name leads elsewhere, and we start over.
Result<Attempt> take(RuntimeDirectory& claim, const std::string& path) {
    if (mkdirat(claim.parent.get(), claim.name.c_str(), 0700) < 0 && errno != EEXIST)
        return errno == ENOENT ? Result<Attempt>(Attempt::again) : failed("make " + path);
    claim.directory = open_directory(claim.parent.get(), claim.name);
    if (!claim.directory)
        return errno == ENOENT ? Result<Attempt>(Attempt::again) : failed("open " + path);
    if (flock(claim.directory.get(), LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? Failure{EBUSY, "", holder(claim.directory.get())} : failed("lock " + path);
    struct stat locked {};
    struct stat named {};
    if (fstat(claim.directory.get(), &locked) < 0)
        return failed("look at " + path);
    if (fstatat(claim.parent.get(), claim.name.c_str(), &named, AT_SYMLINK_NOFOLLOW) < 0 || !same_file(locked, named))
        return Attempt::again;
    if (locked.st_uid != geteuid())
        return Failure{EPERM, "", path + " belongs to another user"};
    return Attempt::taken;
}

Result<Attempt> try_to_claim(RuntimeDirectory& claim, const ClaimName& action) {
    Result<Fd> at = open_base(action.base);
    for (const char* name : {"systemd", "vmspawn"}) {
        if (!at)
            return at.failure();
        Result<Fd> next = open_or_make(at->get(), name, claim.made);
        if (!next && next.failure().error == ENOENT)
            return Attempt::again;
        at = std::move(next);
    }
    if (!at)
        return at.failure();
    claim.parent = std::move(*at);
    claim.name = action.name;
    const std::string path = path_of(action);
    Result<Attempt> attempt = take(claim, path);
    if (!attempt || *attempt == Attempt::again)
        return attempt;
    fchmod(claim.directory.get(), 0700);
    if (Result<void> cleaned = clean(claim.directory.get(), path); !cleaned)
        return cleaned.failure();
    if (Result<void> written = write_marker(claim.directory.get()); !written) {
        (void)remove_contents(claim.directory.get(), marker);
        unlinkat(claim.parent.get(), claim.name.c_str(), AT_REMOVEDIR);
        return written.failure();
    }
    unlinkat(claim.parent.get(), past_file(claim.name).c_str(), 0);
    return attempt;
}

void remove_made(const std::vector<RuntimeDirectory::Made>& made) {
    for (auto directory = made.rbegin(); directory != made.rend(); ++directory)
        unlinkat(directory->parent.get(), directory->name.c_str(), AT_REMOVEDIR);  // stays when another run uses it
}

/// One that leads here already is of a killed vmspawn; anything else is not ours to remove.
Result<void> link_to(RuntimeDirectory& claim, const ClaimName& action) {
    const std::filesystem::path link = std::filesystem::path(action.linked_in) / action.name;
    std::error_code none;
    if (std::filesystem::read_symlink(link, none) != path_of(action) && symlink(path_of(action).c_str(), link.c_str()) < 0)
        return failed("make the link " + link.string());
    claim.link = link.string();
    return {};
}

/// A host name label with its suffix has 64 characters at most.
std::string with_suffix(const std::string& name) {
    constexpr std::size_t longest = 64 - 17;
    std::uint64_t drawn = 0;
    while (getrandom(&drawn, sizeof drawn, 0) != sizeof drawn) {
    }
    std::string text = name.substr(0, longest);
    while (text.ends_with('-'))
        text.pop_back();
    return fmt::format("{}-{:016x}", text, drawn);
}

}  // namespace

Result<RuntimeDirectory> claim_runtime_directory(const ClaimName& wanted) {
    ClaimName action = wanted;
    if (action.suffixed)
        action.name = with_suffix(action.name);
    constexpr int attempts = 100;
    RuntimeDirectory claim;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        Result<Attempt> taken = try_to_claim(claim, action);
        if (!taken) {
            remove_made(claim.made);
            return taken.failure();
        }
        if (*taken == Attempt::again)
            continue;
        const Result<void> linked = action.linked_in.empty() ? Result<void>() : link_to(claim, action);
        if (linked)
            return claim;
        (void)release_runtime_directory(std::move(claim));
        return linked.failure();
    }
    remove_made(claim.made);
    return Failure{EBUSY, "", "others keep taking and leaving the name"};
}

Result<KeyLink> link_key(const RuntimeDirectory& directory, const std::string& file) {
    KeyLink link{.parent = Fd(fcntl(directory.parent.get(), F_DUPFD_CLOEXEC, 3)),
                 .name = fmt::format("machine-{:08x}-{}-{}", guest_cid(directory.name, 0), directory.name, file)};
    if (char left = 0; link.parent && readlinkat(link.parent.get(), link.name.c_str(), &left, 1) >= 0)
        unlink_key(link);  // of a killed vmspawn: the name is ours now
    if (!link.parent || symlinkat(fmt::format("{}/{}", directory.name, file).c_str(), link.parent.get(), link.name.c_str()) < 0)
        return failed("make " + link.name);
    return link;
}

void unlink_key(const KeyLink& link) {
    unlinkat(link.parent.get(), link.name.c_str(), 0);
}

Result<void> release_runtime_directory(RuntimeDirectory directory) {
    if (!directory.link.empty())
        unlink(directory.link.c_str());
    Result<void> removed = remove_contents(directory.directory.get(), marker);
    // Removed while locked: who opened it meanwhile finds that the name leads elsewhere.
    if (removed && unlinkat(directory.parent.get(), directory.name.c_str(), AT_REMOVEDIR) < 0)
        removed = failed("remove the runtime directory of " + directory.name);
    directory.directory.reset();
    remove_made(directory.made);
    return removed;
}

}  // namespace vmspawn
