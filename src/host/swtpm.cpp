#include "host/swtpm.hpp"

#include "host/qemu_cache.hpp"
#include "host/qemu_run.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>

namespace vmspawn {

namespace {

constexpr const char* cached_setup = "swtpm_setup 1";  // another number for another question

}  // namespace

std::string newest_profile(std::string_view list) {
    constexpr std::string_view family = "\"default-v";
    std::uint32_t newest = 0;
    for (std::size_t at = list.find(family); at != std::string_view::npos; at = list.find(family)) {
        list.remove_prefix(at + family.size());
        std::uint32_t version = 0;
        const auto [end, problem] = std::from_chars(list.data(), list.data() + list.size(), version);
        if (problem == std::errc() && end != list.data() + list.size() && *end == '"' && version > newest)
            newest = version;
    }
    return newest == 0 ? "" : "default-v" + std::to_string(newest);
}

std::string probe_tpm_profile(const std::string& swtpm_setup) {
    if (swtpm_setup.empty())
        return {};
    const std::string directory = cache_directory();
    const auto key = qemu_key(swtpm_setup);
    if (key && !directory.empty())
        if (const auto cached = load_cached(directory, *key); cached && cached->target == cached_setup)
            return cached->facts.version;
    const Conversation heard =
        converse(swtpm_setup, {"--tpm2", "--print-profiles"}, "", std::string_view("\0", 1), std::chrono::seconds(5));
    ProbedQemu probed{.target = cached_setup};
    probed.facts.version = newest_profile(heard.out);
    if (key && !directory.empty())
        store_cached(directory, *key, probed);
    return probed.facts.version;
}

}  // namespace vmspawn
