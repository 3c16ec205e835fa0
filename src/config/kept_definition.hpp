// What a machine was started with, kept while it runs for those who compare a definition with it.
#pragma once

#include "config/merge.hpp"
#include "config/paths.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmspawn {

/// The key of the hashes that stand for secrets, drawn for each machine that starts: equal ones of two machines have nothing in common.
struct Seal {
    std::uint64_t first = 0, second = 0;
};

/// Every value: built-in defaults and derived ones too, paths absolute, none of those that were hidden. No secret.
struct KeptDefinition {
    Merged merged;
    Seal seal;
};

KeptDefinition keep_definition(const Language& language, const Merged& merged, const PathBase& base, Seal seal);

std::string to_json(const KeptDefinition& kept);
/// Nothing of it is believed to be well formed; a key that this language does not know is left out. Nothing: it is no such record.
std::optional<KeptDefinition> read_kept(const Language& language, std::string_view json);

}  // namespace vmspawn
