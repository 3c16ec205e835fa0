#include "config/tree.hpp"

#include "base/text.hpp"
#include "language/key.hpp"

#include <algorithm>

namespace vmspawn {

namespace {

std::string list_to_toml(const List& list) {
    std::string out = "[";
    for (const Node& node : list)
        out += (out.size() > 1 ? ", " : "") + to_toml(node);
    return out + "]";
}

std::string table_to_toml(const Table& table) {
    if (table.entries.empty())
        return "{}";
    std::string out;
    for (const Entry& entry : table.entries)
        out += (out.empty() ? "{ " : ", ") + to_string(KeyPath{entry.name}) + " = " + to_toml(entry.node);
    return out + " }";
}

struct TomlText {
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(const std::string& value) const { return toml_quote(value); }
    std::string operator()(const Foreign& value) const { return value.what; }
    std::string operator()(const List& value) const { return list_to_toml(value); }
    std::string operator()(const Table& value) const { return table_to_toml(value); }
};

}  // namespace

const Entry* Table::find(std::string_view name) const {
    const auto found = std::ranges::find(entries, name, &Entry::name);
    return found == entries.end() ? nullptr : &*found;
}

std::string to_toml(const Node& node) {
    return std::visit(TomlText{}, node.value);
}

}  // namespace vmspawn
