#include "config/node_json.hpp"

#include "base/text.hpp"

namespace vmspawn {

namespace {

using Json = nlohmann::ordered_json;

struct JsonValue {
    Json operator()(bool value) const { return value; }
    Json operator()(std::int64_t value) const { return value; }
    Json operator()(const std::string& value) const { return is_utf8(value) ? value : printable(value); }
    Json operator()(const Foreign& value) const { return value.what; }
    Json operator()(const List& list) const {
        Json all = Json::array();
        for (const Node& node : list)
            all.push_back(std::visit(*this, node.value));
        return all;
    }
    Json operator()(const Table& table) const {
        Json all = Json::object();
        for (const Entry& entry : table.entries)
            all[entry.name] = std::visit(*this, entry.node.value);
        return all;
    }
};

std::optional<Node> scalar_from_json(const Json& json, const Origin& at) {
    if (json.is_boolean())
        return Node{json.get<bool>(), at};
    if (json.is_number_integer())
        return Node{json.get<std::int64_t>(), at};
    return json.is_string() ? std::optional(Node{json.get<std::string>(), at}) : std::nullopt;
}

std::string text_in(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint32_t number_in(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number_unsigned() ? found->get<std::uint32_t>() : 0;
}

}  // namespace

Json to_json(const Node& node) {
    return std::visit(JsonValue{}, node.value);
}

std::optional<Node> node_from_json(const Json& json, const Origin& at) {
    if (!json.is_structured())
        return scalar_from_json(json, at);
    List list;
    Table table;
    for (const auto& [name, element] : json.items()) {
        std::optional<Node> node = scalar_from_json(element, at);
        if (!node)
            return std::nullopt;
        if (json.is_array())
            list.push_back(*std::move(node));
        else
            table.entries.push_back({name, at, *std::move(node)});
    }
    return json.is_array() ? Node{std::move(list), at} : Node{std::move(table), at};
}

bool is_secret(const Setting& setting, const Node& node) {
    const auto* table = std::get_if<Table>(&node.value);
    return setting.accepts.table && (table == nullptr || table->find("base64") != nullptr);
}

Json to_json(const Setting& setting, const Node& node) {
    return is_secret(setting, node) ? Json{{"redacted", true}} : to_json(node);
}

nlohmann::ordered_json origin_json(const Origin& at) {
    if (const auto* file = std::get_if<FromFile>(&at))
        return {{"kind", "file"}, {"file", file->source->name}, {"line", file->span.begin.line}, {"column", file->span.begin.column}};
    if (const auto* argument = std::get_if<FromArgument>(&at))
        return {{"kind", "argument"}, {"index", argument->index}, {"argument", printable(argument->text)}};
    return {{"kind", "default"}};
}

Origin origin_from_json(const Json& json) {
    const std::string kind = json.is_object() ? text_in(json, "kind") : "";
    if (kind == "file") {
        const Position begin{number_in(json, "line"), number_in(json, "column")};
        return FromFile{std::make_shared<const Source>(Source{text_in(json, "file"), {}, {}}), {begin, begin}};
    }
    const std::string text = text_in(json, "argument");
    if (kind == "argument")
        return FromArgument{static_cast<int>(number_in(json, "index")), text, 0, text.size()};
    return FromDefault{};
}

}  // namespace vmspawn
