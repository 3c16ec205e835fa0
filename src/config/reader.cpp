#include "config/reader.hpp"

#include "language/formats.hpp"
#include "language/key.hpp"
#include "language/unit_property.hpp"

#include <fmt/format.h>

#include <limits>

namespace vmspawn {

namespace {

const std::string* text_of(const Node& node) {
    return std::get_if<std::string>(&node.value);
}

template <class T, class Parsed>
bool keep(T& field, const std::optional<Parsed>& value) {
    if (value)
        field = *value;
    return value.has_value();
}

}  // namespace

Path Reading::path(const std::string& text, const Origin& at) const {
    const auto resolved = resolve_path(text, at, base);
    if (!resolved)
        found.add(error(fmt::format("{} has no meaning here", text), at).with_hint("the home directory is not known: set HOME"));
    return resolved.value_or(Path{});
}

bool from_node(const Reading&, const Node& node, bool& field) {
    const auto* value = std::get_if<bool>(&node.value);
    field = value != nullptr ? *value : field;
    return value != nullptr;
}

bool from_node(const Reading&, const Node& node, std::uint32_t& field) {
    const auto* value = std::get_if<std::int64_t>(&node.value);
    if (value == nullptr || *value < 0 || *value > std::numeric_limits<std::uint32_t>::max())
        return false;
    field = static_cast<std::uint32_t>(*value);
    return true;
}

bool from_node(const Reading&, const Node& node, std::uint64_t& field) {
    if (const std::string* text = text_of(node))
        return keep(field, parse_size(*text));
    const auto* value = std::get_if<std::int64_t>(&node.value);
    if (value == nullptr || *value < 0)
        return false;
    field = static_cast<std::uint64_t>(*value);
    return true;
}

bool from_node(const Reading&, const Node& node, std::string& field) {
    const std::string* text = text_of(node);
    field = text != nullptr ? *text : field;
    return text != nullptr;
}

bool from_node(const Reading& reading, const Node& node, Path& field) {
    const std::string* text = text_of(node);
    if (text != nullptr)
        field = reading.path(*text, node.at);
    return text != nullptr;
}

bool from_node(const Reading&, const Node& node, Want& field) {
    if (const auto* value = std::get_if<bool>(&node.value)) {
        field = *value ? Want::yes : Want::no;
        return true;
    }
    const std::string* text = text_of(node);
    return text != nullptr && keep(field, from_word<Want>(*text));
}

bool from_node(const Reading& reading, const Node& node, State& field) {
    const std::string* text = text_of(node);
    if (text != nullptr && is_explicit_path(*text)) {
        field = {StateKind::at, reading.path(*text, node.at)};
        return true;
    }
    return text != nullptr && keep(field.kind, from_word<StateKind>(*text));
}

bool from_node(const Reading&, const Node& node, IdShift& field) {
    const std::string* text = text_of(node);
    const auto range = text != nullptr ? parse_id_range(*text) : std::nullopt;
    if (range)
        field = {range->shift, range->range};
    return range.has_value();
}

bool from_node(const Reading&, const Node& node, Forward& field) {
    const std::string* text = text_of(node);
    const auto forward = text != nullptr ? parse_forward(*text) : std::nullopt;
    if (forward)
        field = {forward->bind, forward->host, forward->guest, forward->udp, forward->count};
    return forward.has_value();
}

bool from_node(const Reading& reading, const Node& node, UnitProperty& field) {
    const std::string* text = text_of(node);
    if (text == nullptr)
        return false;
    std::string problem, hint;
    const auto property = parse_unit_property(*text, problem, hint);
    if (property)
        field = *property;
    else
        reading.found.add(error("unit.properties: " + problem, node.at).with_hint(std::move(hint)));
    return true;
}

bool from_node(const Reading&, const Node& node, std::array<std::uint8_t, 16>& field) {
    const std::string* text = text_of(node);
    return text != nullptr && keep(field, parse_uuid(*text));
}

bool from_node(const Reading&, const Node& node, std::array<std::uint8_t, 6>& field) {
    const std::string* text = text_of(node);
    return text != nullptr && keep(field, parse_mac(*text));
}

bool from_node(const Reading& reading, const Node& node, std::variant<bool, Path>& field) {
    if (const auto* value = std::get_if<bool>(&node.value)) {
        field = *value;
        return true;
    }
    return from_node(reading, node, field.emplace<Path>());
}

TableReader::TableReader(Reading& reading, std::string_view table) : reading_(reading) {
    if (!table.empty())
        table_.emplace_back(table);
    pattern_ = table_;
}

TableReader::TableReader(Reading& reading, std::string_view table, std::string_view name) : TableReader(reading, table) {
    table_.emplace_back(name);
    pattern_.emplace_back("*");
}

void TableReader::get_span(std::string_view key, std::optional<std::uint64_t>& field) {
    const Node* node = take(key);
    if (node == nullptr)
        return;
    const std::string* text = text_of(*node);
    field = text != nullptr ? parse_span(*text) : std::nullopt;
    if (!field)
        mistyped(key, *node);
}

void TableReader::get_firmware(std::string_view key, FirmwareKind& kind, Path& descriptor) {
    const Node* node = take(key);
    if (node == nullptr)
        return;
    const std::string* text = text_of(*node);
    if (text != nullptr && is_explicit_path(*text)) {
        kind = FirmwareKind::descriptor;
        descriptor = reading_.path(*text, node->at);
    } else if (!from_node(reading_, *node, kind)) {
        mistyped(key, *node);
    }
}

const Node* TableReader::take(std::string_view key) {
    KeyPath pattern = pattern_;
    pattern.emplace_back(key);
    reading_.read.push_back(std::move(pattern));
    KeyPath path = table_;
    path.emplace_back(key);
    const MergedValue* value = reading_.merged.find(path);
    if (value == nullptr)
        return nullptr;
    const std::string printed = to_string(path);
    reading_.machine.origins[printed] = value->node.at;
    if (const auto* list = std::get_if<List>(&value->node.value))
        for (std::size_t i = 0; i < list->size(); ++i)
            reading_.machine.origins[element_key(printed, i)] = (*list)[i].at;
    return &value->node;
}

void TableReader::mistyped(std::string_view key, const Node& node) {
    KeyPath path = table_;
    path.emplace_back(key);
    reading_.found.add(error(fmt::format("{} = {} cannot be read", to_string(path), to_toml(node)), node.at));
}

}  // namespace vmspawn
