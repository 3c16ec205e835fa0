#include "config/kept_definition.hpp"

#include "base/siphash.hpp"
#include "config/node_json.hpp"
#include "config/shown.hpp"
#include "model/credential.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

using Json = nlohmann::ordered_json;
constexpr int kept_version = 1;

std::string hash_of(const std::string& bytes, Seal seal) {
    return fmt::format("{:016x}", siphash(seal.first, seal.second, bytes));
}

/// A flag is typed with its value.
Origin without_value(const Origin& at) {
    const auto* argument = std::get_if<FromArgument>(&at);
    if (argument == nullptr)
        return at;
    const std::string flag = argument->text.substr(0, argument->text.find_first_of("= ")) + "=…";
    return FromArgument{argument->index, flag, 0, flag.size()};
}

/// The string's credential keeps its name.
bool seal_string(Node& node, Seal seal) {
    auto* text = std::get_if<std::string>(&node.value);
    if (text == nullptr || !holds_credential(*text))
        return false;
    *text = text->substr(0, text->find('=')) + "=…" + hash_of(*text, seal);
    return true;
}

/// A secret's place is taken by its hash, as a text: that of a credential is a secret for who prints it.
void seal_secrets(const Setting& setting, Node& node, Seal seal) {
    bool sealed = is_secret(setting, node);
    if (sealed)
        node.value = hash_of(to_toml(node), seal);
    else if (auto* list = std::get_if<List>(&node.value); list != nullptr && setting.format == "smbios")
        for (Node& element : *list)
            sealed |= seal_string(element, seal);
    if (sealed)
        node.at = without_value(node.at);
}

void add_derived(Merged& merged, const KeyPath& key, std::optional<Node> node) {
    if (node)
        merged.values.push_back({key, FromDefault{}, *std::move(node), {}});
}

std::uint64_t seal_part(const Json& record, std::size_t index) {
    const auto found = record.find("seal");
    const bool is_there = found != record.end() && found->is_array() && index < found->size() && (*found)[index].is_number_unsigned();
    return is_there ? (*found)[index].get<std::uint64_t>() : 0;
}

std::optional<MergedValue> value_from_json(const Language& language, const Json& row) {
    if (!row.is_object() || !row.contains("key") || !row.contains("value") || !row["key"].is_string())
        return std::nullopt;
    auto key = parse_key(row["key"].get<std::string>());
    if (!key || language.find(*key) == nullptr)
        return std::nullopt;
    const Origin at = origin_from_json(row.value("origin", Json()));
    auto node = node_from_json(row["value"], at);
    return node ? std::optional(MergedValue{*std::move(key), at, *std::move(node), {}}) : std::nullopt;
}

}  // namespace

KeptDefinition keep_definition(const Language& language, const Merged& merged, const PathBase& base, Seal seal) {
    KeptDefinition kept{.merged = {}, .seal = seal};
    Derived derived = derived_values(merged, base);
    add_derived(kept.merged, {"name"}, std::move(derived.name));
    add_derived(kept.merged, {"image", "directory"}, std::move(derived.root));
    for (const MergedValue& value : merged.values)
        if (const Setting* setting = language.find(value.key)) {
            Node node = shown_value(*setting, value.node, base);
            seal_secrets(*setting, node, seal);
            kept.merged.values.push_back({value.key, node.at, std::move(node), {}});
        }
    kept.merged.file_name = merged.file_name;
    return kept;
}

std::string to_json(const KeptDefinition& kept) {
    Json values = Json::array();
    for (const MergedValue& value : kept.merged.values)
        values.push_back({{"key", to_string(value.key)}, {"value", to_json(value.node)}, {"origin", origin_json(value.node.at)}});
    const Json record{{"version", kept_version}, {"seal", {kept.seal.first, kept.seal.second}}, {"values", std::move(values)}};
    return record.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<KeptDefinition> read_kept(const Language& language, std::string_view json) {
    const Json record = Json::parse(json, nullptr, false);
    if (!record.is_object() || record.value("version", Json()) != kept_version || !record.contains("values"))
        return std::nullopt;
    KeptDefinition kept{.merged = {}, .seal = {seal_part(record, 0), seal_part(record, 1)}};
    for (const Json& row : record["values"])
        if (auto value = value_from_json(language, row))
            kept.merged.values.push_back(*std::move(value));
    return kept;
}

}  // namespace vmspawn
