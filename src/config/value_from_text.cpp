#include "base/text.hpp"
#include "config/document.hpp"
#include "config/validate.hpp"
#include "language/formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vmspawn {

namespace {

std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    return problem == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// Byte offset of a position in `text`.
std::size_t offset_of(std::string_view text, Position at) {
    std::size_t offset = 0;
    for (std::uint32_t line = 1; line < at.line; ++line)
        offset = std::min(text.find('\n', offset), text.size() - 1) + 1;
    for (std::uint32_t column = 1; column < at.column && offset < text.size(); ++column)
        do
            ++offset;
        while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xC0U) == 0x80U);
    return std::min(offset, text.size());
}

/// Turns origins in a value's own text into origins in the argument that holds it.
class Mover {
public:
    Mover(std::string_view text, const Origin& argument) : text_(text), argument_(argument) {}

    void move(Origin& at) const {
        const auto* file = std::get_if<FromFile>(&at);
        const auto* argument = std::get_if<FromArgument>(&argument_);
        if (file == nullptr || argument == nullptr) {
            at = argument_;
            return;
        }
        FromArgument part = *argument;
        part.end = std::min(part.begin + offset_of(text_, file->span.end), argument->end);
        part.begin = std::min(part.begin + offset_of(text_, file->span.begin), part.end);
        at = part;
    }

    void move(Node& node) const {
        move(node.at);
        if (auto* list = std::get_if<List>(&node.value))
            for (Node& element : *list)
                move(element);
        if (auto* table = std::get_if<Table>(&node.value))
            for (Entry& entry : table->entries) {
                move(entry.at);
                move(entry.node);
            }
    }

private:
    std::string_view text_;
    const Origin& argument_;
};

/// One bare word stands for a list of one; anything else is TOML.
std::optional<Node> list_from_text(const KeyPath& key, const std::string& text, const Origin& at, Diagnostics& found) {
    const bool is_quoted = text.starts_with('"') || text.starts_with('\'');
    if (!text.starts_with('[') && !is_quoted)
        return Node{List{Node{text, at}}, at};
    auto node = toml_from_text(key, text, at, found);
    if (node && is_quoted)
        return Node{List{*std::move(node)}, at};
    return node;
}

Node scalar_from_text(const Setting& setting, const std::string& text, const Origin& at) {
    const Accepts& accepts = setting.accepts;
    const auto boolean = parse_boolean(text);
    if (boolean && setting.format == "state")  // as in systemd: --tpm-state=no
        return {std::string(*boolean ? "auto" : "off"), at};
    if (boolean && accepts.boolean)
        return {*boolean, at};
    if (const auto number = parse_integer(text); number && accepts.integer)
        return {*number, at};
    return {text, at};
}

}  // namespace

std::optional<Node> toml_from_text(const KeyPath& key, const std::string& text, const Origin& at, Diagnostics& found) {
    std::string problem;
    auto node = parse_value(text, problem);
    if (!node) {
        found.add(error(fmt::format("the value of {} is no TOML", to_string(key)), at).with_hint(problem));
        return std::nullopt;
    }
    Mover(text, at).move(*node);
    return node;
}

std::optional<Node> value_from_text(const Setting& setting, const KeyPath& key, const std::string& text, const Origin& at,
                                    Diagnostics& found) {
    const Accepts& accepts = setting.accepts;
    std::optional<Node> node;
    if (!is_utf8(text)) {
        found.add(error(fmt::format("the value of {} is not valid UTF-8", to_string(key)), at));
        return std::nullopt;
    }
    if (accepts.list)
        node = list_from_text(key, text, at, found);
    else if (accepts.table && text.starts_with('{'))
        node = toml_from_text(key, text, at, found);
    else
        node = scalar_from_text(setting, text, at);
    if (!node)
        return std::nullopt;
    if (!accepts.text && !accepts.list && std::holds_alternative<std::string>(node->value)) {
        const std::string hint = accepts.boolean ? "expected yes or no" : "expected " + setting.expect;
        found.add(
            error(fmt::format("{} = {} is not {}", to_string(key), to_toml(*node), accepts.boolean ? "a boolean" : "a whole number"), at)
                .with_hint(hint));
        return std::nullopt;
    }
    return validate_value(setting, key, *node, found) ? node : std::nullopt;
}

}  // namespace vmspawn
