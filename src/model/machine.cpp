#include "model/machine.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace vmspawn {

namespace {

bool is_bare(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) { return is_digit(c) || is_letter(c) || c == '-' || c == '_'; });
}

/// boot.initrd[0] -> boot.initrd -> boot -> nothing. Quoted parts may hold dots and brackets.
std::string_view parent(std::string_view key) {
    std::size_t cut = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < key.size(); ++i) {
        if (quoted && key[i] == '\\')
            ++i;
        else if (key[i] == '"')
            quoted = !quoted;
        else if (!quoted && (key[i] == '.' || key[i] == '['))
            cut = i;
    }
    return key.substr(0, cut);
}

}  // namespace

Origin Machine::origin_of(std::string_view key) const {
    do {
        if (const auto it = origins.find(key); it != origins.end())
            return it->second;
        key = parent(key);
    } while (!key.empty());
    return FromDefault{};
}

bool Machine::said(std::string_view key) const {
    const auto it = origins.find(key);
    return it != origins.end() && !std::holds_alternative<FromDefault>(it->second);
}

std::string entry_key(std::string_view table, std::string_view name, std::string_view leaf) {
    std::string key{table};
    key += '.';
    key += is_bare(name) ? std::string(name) : toml_quote(name);
    if (!leaf.empty()) {
        key += '.';
        key += leaf;
    }
    return key;
}

std::string element_key(std::string_view list, std::size_t index) {
    return std::string(list) + '[' + std::to_string(index) + ']';
}

std::string bound_home(std::string_view user) {
    return "/run/vmhost/home/" + std::string(user);
}

}  // namespace vmspawn
