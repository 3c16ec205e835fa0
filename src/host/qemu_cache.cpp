#include "host/qemu_cache.hpp"

#include "base/fd.hpp"
#include "base/file.hpp"
#include "host/json.hpp"
#include "host/qemu_features.hpp"
#include "host/seed.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vmspawn {

namespace {

using nlohmann::json;

constexpr std::size_t cache_file_limit = 64U << 10U;

/// Asks for nothing: a kernel that allows io_uring stumbles over the missing parameters, others say so first.
bool kernel_has_io_uring() {
    return syscall(SYS_io_uring_setup, 0, nullptr) < 0 && errno == EFAULT;
}

bool is_mine(const struct stat& found) {
    return found.st_uid == geteuid() && (found.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::string file_of(const std::string& directory, const QemuKey& key) {
    return fmt::format("{}/qemu-{:016x}.json", directory, hash_text(key.path, 0));
}

/// Only a file of our own: as root with the home of another user we believe nothing that they wrote.
std::string read_own_file(const std::string& path) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    struct stat found {};
    if (!file || fstat(file.get(), &found) < 0 || !S_ISREG(found.st_mode) || !is_mine(found) ||
        static_cast<std::size_t>(found.st_size) > cache_file_limit)
        return {};
    std::string text(static_cast<std::size_t>(found.st_size), '\0');
    const ssize_t got = pread(file.get(), text.data(), text.size(), 0);
    return got == found.st_size ? text : std::string();
}

json key_record(const QemuKey& key) {
    return {{"digest", features_digest()}, {"path", key.path}, {"size", key.size}, {"changed", key.changed}, {"io_uring", key.io_uring}};
}

bool make_directory(const std::string& directory) {
    const std::string parent = std::filesystem::path(directory).parent_path().string();
    if (mkdir(parent.c_str(), 0700) < 0 && errno != EEXIST)
        return false;
    return mkdir(directory.c_str(), 0700) == 0 || errno == EEXIST;
}

}  // namespace

std::optional<QemuKey> qemu_key(const std::string& binary) {
    char* resolved = realpath(binary.c_str(), nullptr);
    if (resolved == nullptr)
        return std::nullopt;
    QemuKey key;
    key.path = resolved;
    free(resolved);  // NOLINT: realpath's own memory
    struct stat found {};
    if (stat(key.path.c_str(), &found) < 0)
        return std::nullopt;
    key.size = static_cast<std::uint64_t>(found.st_size);
    key.changed = std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec;
    key.io_uring = kernel_has_io_uring();
    return key;
}

std::string cache_directory() {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    const bool has_cache = cache != nullptr && cache[0] == '/';
    if (!has_cache && (home == nullptr || home[0] != '/'))
        return {};
    struct stat found {};
    if (!has_cache && (stat(home, &found) < 0 || found.st_uid != geteuid()))
        return {};
    return (has_cache ? std::string(cache) : std::string(home) + "/.cache") + "/vmspawn";
}

std::optional<ProbedQemu> load_cached(const std::string& directory, const QemuKey& key) {
    const auto record = parse_json(read_own_file(file_of(directory, key)), 4);
    if (!record || !record->is_object() || record->value("key", json()) != key_record(key))
        return std::nullopt;
    try {
        ProbedQemu probed;
        probed.target = record->at("target").get<std::string>();
        probed.facts.version = record->at("version").get<std::string>();
        probed.facts.features = record->at("features").get<std::set<std::string>>();
        probed.facts.machines = record->at("machines").get<std::map<std::string, std::string>>();
        return probed;
    } catch (const json::exception&) {
        return std::nullopt;
    }
}

void store_cached(const std::string& directory, const QemuKey& key, const ProbedQemu& probed) {
    if (!make_directory(directory))
        return;
    const json record = {{"key", key_record(key)},
                         {"target", probed.target},
                         {"version", probed.facts.version},
                         {"features", probed.facts.features},
                         {"machines", probed.facts.machines}};
    const std::string text = record.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
    (void)write_file(file_of(directory, key), text, Existing::replace, 0600);  // without a cache the next start only takes longer
}

}  // namespace vmspawn
