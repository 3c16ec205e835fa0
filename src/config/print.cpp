#include "config/print.hpp"

#include "base/text.hpp"
#include "config/decode.hpp"
#include "config/node_json.hpp"
#include "config/shown.hpp"
#include "language/formats.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

using Json = nlohmann::ordered_json;

/// A value ready to be printed, paths made absolute. A default is not printed, but it tells that its entry is there.
struct Shown {
    KeyPath key;
    Node node;
    bool is_default = false;
};

void make_absolute(Node& node, const PathBase& base) {
    auto* text = std::get_if<std::string>(&node.value);
    if (text == nullptr)
        return;
    if (const auto path = resolve_path(*text, node.at, base))
        *text = path->string();
}

}  // namespace

Node shown_value(const Setting& setting, Node node, const PathBase& base) {
    if (auto* table = std::get_if<Table>(&node.value))
        for (Entry& entry : table->entries)
            if (entry.name == "file")
                make_absolute(entry.node, base);
    const bool words_too = setting.format == "state" || setting.format == "firmware" || setting.format == "shell";
    const auto* text = std::get_if<std::string>(&node.value);
    if (setting.format == "path" || (words_too && text != nullptr && is_explicit_path(*text))) {
        make_absolute(node, base);
        if (auto* list = std::get_if<List>(&node.value))
            for (Node& element : *list)
                make_absolute(element, base);
    }
    return node;
}

Derived derived_values(const Merged& merged, const PathBase& base) {
    Derived derived;
    Diagnostics ignored;  // only the derived values are wanted; who decodes for the machine sees the problems
    const Machine machine = decode(merged, base, ignored).machine;
    if (merged.find({"name"}) == nullptr && !machine.name.empty())
        derived.name = Node{machine.name, FromDefault{}};
    if (default_root(merged) == DefaultRoot::working_directory)
        derived.root = Node{base.working_directory.string(), FromDefault{}};
    return derived;
}

namespace {

void add_derived(const Merged& merged, const PathBase& base, std::vector<Shown>& all) {
    const Derived derived = derived_values(merged, base);
    if (derived.name)
        all.insert(all.begin(), {{"name"}, *derived.name});
    if (derived.root)
        all.push_back({{"image", "directory"}, *derived.root});
}

std::vector<Shown> shown(const Language& language, const Merged& merged, const PathBase& base, Defaults defaults) {
    std::vector<Shown> all;
    for (const MergedValue& value : merged.values) {
        const bool is_default = std::holds_alternative<FromDefault>(value.node.at);
        if (const Setting* setting = language.find(value.key);
            setting != nullptr && (!is_default || value.key.size() > 2 || defaults == Defaults::shown))
            all.push_back({value.key, shown_value(*setting, value.node, base), is_default});
    }
    add_derived(merged, base, all);
    return all;
}

/// One table: [mount.src] and its lines. A table of credentials holds its entries as lines.
struct Block {
    KeyPath table;
    std::string lines;
};

/// A credential that vmspawn itself is given, which only a flag can ask for.
bool is_inherited(const Node& node) {
    const auto* table = std::get_if<Table>(&node.value);
    return table != nullptr && table->find("inherited") != nullptr;
}

KeyPath table_of(const KeyPath& key) {
    return {key.begin(), key.end() - 1};
}

Block& block_of(std::vector<Block>& blocks, const KeyPath& table) {
    for (Block& block : blocks)
        if (block.table == table)
            return block;
    return blocks.emplace_back(Block{table, {}});
}

std::vector<Block> blocks_of(const std::vector<Shown>& all, Defaults defaults) {
    std::vector<Block> blocks{{{}, {}}};
    for (const Shown& value : all) {
        Block& block = block_of(blocks, table_of(value.key));
        if (is_inherited(value.node))
            block.lines += fmt::format("# {} is passed on by --load-credential; a definition cannot say so\n", to_string(value.key));
        else if (!value.is_default || defaults == Defaults::shown)
            block.lines +=
                (value.is_default ? "# " : "") + fmt::format("{} = {}\n", to_string(KeyPath{value.key.back()}), to_toml(value.node));
    }
    return blocks;
}

}  // namespace

std::string show_toml(const Language& language, const Merged& merged, const PathBase& base, Defaults defaults) {
    std::string text;
    for (const Block& block : blocks_of(shown(language, merged, base, defaults), defaults)) {
        if (!block.table.empty())
            text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", to_string(block.table));
        text += block.lines;
    }
    return text;
}

std::string show_json(const Language& language, const Merged& merged, const PathBase& base, Defaults defaults) {
    Json definition = Json::object();
    for (const Shown& value : shown(language, merged, base, defaults)) {
        Json* place = &definition;
        for (const std::string& part : table_of(value.key))
            place = &(*place)[part];
        if (place->is_null())
            *place = Json::object();
        if (!value.is_default || defaults == Defaults::shown)
            (*place)[value.key.back()] = to_json(*language.find(value.key), value.node);
    }
    return Json{{"version", 1}, {"definition", std::move(definition)}}.dump(2) + "\n";
}

}  // namespace vmspawn
