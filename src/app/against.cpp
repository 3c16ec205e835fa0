// A definition and the machine that runs: what is kept of the one for the other, and plan --against.
#include "app/machines.hpp"
#include "app/output.hpp"
#include "app/verbs.hpp"
#include "base/file.hpp"
#include "config/comparison.hpp"
#include "plan/record.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <sys/random.h>

namespace vmspawn {

namespace {

constexpr std::size_t longest_definition = std::size_t{64} << 20;

/// Nothing where the kernel gives no random bytes: then nothing is kept either.
std::optional<Seal> draw_seal() {
    Seal seal;
    return getrandom(&seal, sizeof seal, 0) == sizeof seal ? std::optional(seal) : std::nullopt;
}

/// As somebody would type it who is there.
std::string typed_path(const std::string& file, const PathBase& base) {
    const std::filesystem::path near = std::filesystem::path(file).lexically_relative(base.working_directory);
    return near.empty() || *near.begin() == ".." ? file : near.string();
}

}  // namespace

std::function<std::string()> definition_to_keep(const Merged& merged, const PathBase& base) {
    return [&merged, &base] {
        const std::optional<Seal> seal = draw_seal();
        return seal ? to_json(keep_definition(language(), merged, base, *seal)) : "";
    };
}

int compare(const Invocation& said, const PathBase& base, Diagnostics found) {
    if (found.has_errors())
        return report(std::move(found), said.format);
    const Result<ListedMachine> machine = find_listed(bases(), *said.against);
    if (!machine)
        return refuse_unknown(said.verb, *said.against);
    if (said.files.empty() && machine->definition.empty() && said.overrides.empty())
        return complain(fmt::format("{} was started without a definition: name one, or the flags, to compare it with", machine->name),
                        ENOENT);
    const std::string file = said.files.empty() ? typed_path(machine->definition, base) : said.files.front();
    const Merged merged = merged_of(file, said, base, found);
    if (!found.has_errors())
        decode(merged, base, found);
    if (const int status = report(std::move(found), said.format); status != 0)
        return status;
    const auto text = read_file(machine->path + "/" + definition_file, longest_definition);
    const auto running = text ? read_kept(language(), *text) : std::nullopt;
    if (!running)
        return complain(
            fmt::format("{} keeps nothing to compare with: it is about to start, or another version of vmspawn runs it", machine->name),
            ENODATA);
    return print(said.format == "json" ? comparison_json(language(), *running, merged, base, machine->name)
                                       : comparison_text(language(), *running, merged, base));
}

}  // namespace vmspawn
