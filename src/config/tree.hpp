// A definition as a tree of our own, every key and value with its origin.
#pragma once

#include "base/origin.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace vmspawn {

struct Node;
struct Entry;

using List = std::vector<Node>;

/// Keys in the order of the text; no name twice.
struct Table {
    std::vector<Entry> entries;
    [[nodiscard]] const Entry* find(std::string_view name) const;
};

/// TOML has dates, times and floats; the language does not. Kept so that validation can point at them.
struct Foreign {
    std::string what;  ///< "a date", "a floating-point number"
};

struct Node {
    std::variant<bool, std::int64_t, std::string, Foreign, List, Table> value;
    Origin at;  ///< the value; of a table its header or its first key
};

struct Entry {
    std::string name;
    Origin at;  ///< the key
    Node node;
};

/// "true", 4, "text" in quotes, […], {…}: as TOML on one line.
std::string to_toml(const Node& node);

}  // namespace vmspawn
