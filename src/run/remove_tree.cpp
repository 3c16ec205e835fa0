#include "run/remove_tree.hpp"

#include "base/fd.hpp"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <optional>
#include <unistd.h>
#include <vector>

namespace vmspawn {

namespace {

constexpr int deepest_tree = 64;

std::optional<std::vector<std::string>> names_in(int directory) {
    Fd again(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    DIR* stream = again ? fdopendir(again.get()) : nullptr;
    if (stream == nullptr)
        return std::nullopt;
    [[maybe_unused]] const int owned_by_stream = again.release();
    std::vector<std::string> names;
    while (const dirent* entry = readdir(stream)) {
        const std::string name = entry->d_name;
        if (name != "." && name != "..")
            names.push_back(name);
    }
    closedir(stream);
    return names;
}

Result<void> remove_entries(int directory, const std::string& last, int depth);

Result<void> remove_entry(int directory, const std::string& name, int depth) {
    if (unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT)
        return {};
    if (errno != EISDIR && errno != EPERM)
        return failed("remove " + name);
    const Fd inner(openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!inner)
        return failed("open " + name);
    if (Result<void> emptied = remove_entries(inner.get(), "", depth + 1); !emptied)
        return emptied;
    return unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0 ? Result<void>() : failed("remove " + name);
}

Result<void> remove_entries(int directory, const std::string& last, int depth) {
    if (depth > deepest_tree)
        return Failure{ELOOP, "remove a directory tree", "it is too deep"};
    const auto names = names_in(directory);
    if (!names)
        return failed("list a directory");
    for (const std::string& name : *names) {
        if (name == last)
            continue;
        if (Result<void> removed = remove_entry(directory, name, depth); !removed)
            return removed;
    }
    return last.empty() ? Result<void>() : remove_entry(directory, last, depth);
}

}  // namespace

Result<void> remove_contents(int directory, const std::string& last) {
    return remove_entries(directory, last, 0);
}

bool is_empty_directory(int directory) {
    const auto names = names_in(directory);
    return names && names->empty();
}

}  // namespace vmspawn
