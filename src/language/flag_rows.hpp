// The flags of settings in the order in which people read them: what help, completions and the manual share.
#pragma once

#include "language/schema.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

struct FlagRow {
    const Flag* flag = nullptr;
    std::string description;         ///< the flag's own, else its key's
    std::string key;                 ///< what it writes: network.default.kind, mount.NAME
    std::vector<std::string> words;  ///< to offer after "=", "yes" and "no" included
    bool is_closed = false;          ///< nothing but `words` is taken
    bool repeats = false;            ///< may be given several times, each time adding something
};

struct FlagGroup {
    std::string title;
    std::vector<FlagRow> rows;
};

/// By section of the schema; sections without flags are left out.
std::vector<FlagGroup> flag_groups(const Language& language);

/// The flags that are no keys and that `verb` takes, with its own words for --format. Empty `verb`: all of them.
std::vector<FlagRow> common_rows(const Language& language, std::string_view verb);

/// "network.NAME.kind": a pattern as people write it.
std::string printed_key(const KeyPath& pattern);

}  // namespace vmspawn
