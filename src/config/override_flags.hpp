// Flags that change the definition, made into overrides.
#pragma once

#include "config/arguments.hpp"
#include "config/typed.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace vmspawn {

/// What the flags so far have made.
struct OverrideFlags {
    const Language& language;
    std::vector<Override>& overrides;
    Diagnostics& found;
    std::map<std::string, int> entries = {};  ///< by table: how many were named cli0, cli1, …
    std::set<std::string> credentials = {};   ///< ids given by flags
    CalledAs called_as = CalledAs::vmspawn;   ///< who reads a value as its own program does

    void add(Override::How how, KeyPath key, Origin key_at, Node value) {
        overrides.push_back({how, std::move(key), std::move(key_at), std::move(value)});
    }
};

/// --cpus=4, --initrd=PATH, --network-tap: the flag of one setting.
void apply_setting_flag(OverrideFlags& state, const Setting& setting, const Flag& flag, const Typed& typed);

/// --bind=SRC:DST and the like: one argument, several values.
void apply_compound_flag(OverrideFlags& state, const Flag& flag, const Typed& typed);

/// --set KEY=VALUE, --set KEY+=VALUE
void apply_set(OverrideFlags& state, const Typed& typed);
/// --unset KEY
void apply_unset(OverrideFlags& state, const Typed& typed);

/// One value for one key: an empty one clears a list, else brings back the default; but where nothing is a value of its own it is set.
void apply_value(OverrideFlags& state, const Setting& setting, const KeyPath& key, const std::string& text, const Origin& key_at,
                 const Origin& value_at);

}  // namespace vmspawn
