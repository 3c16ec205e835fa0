#include "config/node_json.hpp"

#include "base/text.hpp"

namespace vmspawn {

namespace {

using Json = nlohmann::ordered_json;

struct Spell {
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

}  // namespace

bool is_secret(const Setting& setting, const Node& node) {
    const auto* table = std::get_if<Table>(&node.value);
    return setting.accepts.table && (table == nullptr || table->find("base64") != nullptr);
}

Json to_json(const Setting& setting, const Node& node) {
    return is_secret(setting, node) ? Json{{"redacted", true}} : std::visit(Spell{}, node.value);
}

nlohmann::ordered_json origin_json(const Origin& at) {
    if (const auto* file = std::get_if<FromFile>(&at))
        return {{"kind", "file"}, {"file", file->source->name}, {"line", file->span.begin.line}, {"column", file->span.begin.column}};
    if (const auto* argument = std::get_if<FromArgument>(&at))
        return {{"kind", "argument"}, {"index", argument->index}, {"argument", printable(argument->text)}};
    return {{"kind", "default"}};
}

}  // namespace vmspawn
