// Layers and flags -> one value per key, with its origin and what it hid. Tables merge, everything else is replaced.
#pragma once

#include "config/arguments.hpp"
#include "config/layers.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

struct MergedValue {
    KeyPath key;
    Origin key_at;  ///< where the key of the winning value stands; of a default that --unset brought back, that flag
    Node node;
    std::vector<Node> hidden;  ///< nearest first; the built-in default last
};

/// An entry that the user named: [mount.src]. It may be empty.
struct MergedEntry {
    std::string name;
    Origin at;  ///< of its first mention
};

/// Leaves only, in the order of the schema; entries of a named table in order of first mention.
/// Holds a row for every leaf that has a value, built-in defaults included (also for each named entry: mount.src.read-only).
struct Merged {
    std::vector<MergedValue> values;
    std::map<std::string, std::vector<MergedEntry>, std::less<>> entries;  ///< by table: entries["mount"]
    std::filesystem::path file;                                            ///< of the definition; empty when there is none
    std::string file_name;                                                 ///< as typed
    CalledAs called_as = CalledAs::vmspawn;                                ///< whose defaults and whose leniency hold

    [[nodiscard]] const MergedValue* find(const KeyPath& key) const;
    /// Names that the user gave below a table of named entries: names("mount") -> {"src", "cli0"}.
    [[nodiscard]] std::vector<std::string> names(std::string_view table) const;
};

/// An entry that lacks a key it needs is an error here, since any layer can give it.
Merged merge(const Language& language, Layers layers, const Invocation& invocation, Diagnostics& found);

/// The same as if nobody had set `keys` ("vsock.cid", or all below "journal", or an entry "mount.src").
Merged without(Merged merged, const std::vector<std::string>& keys);

}  // namespace vmspawn
