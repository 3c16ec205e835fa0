#include "config/document.hpp"

#include "config/definition_file.hpp"
#include "config/syntax.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

namespace vmspawn {

namespace {

/// Deeper than any definition; the walk below and all later ones recurse.
constexpr int most_levels = 32;

Position position(const toml::source_position& at, std::uint32_t shift = 0) {
    return {at.line, at.line == 1 ? at.column - std::min(shift, at.column) : at.column};
}

std::string foreign_name(const toml::node& node) {
    if (node.is_floating_point())
        return "a floating-point number";
    return node.is_date() ? "a date" : node.is_time() ? "a time" : "a date and time";
}

/// toml++'s tree to ours. Of a value after "--set KEY=" the columns of the first line are moved back by `shift`.
class Converter {
public:
    Converter(std::shared_ptr<const Source> source, std::uint32_t shift, Diagnostics& found)
        : source_(std::move(source)), shift_(shift), found_(found) {}

    Table table(const toml::table& from, int level) {
        Table out;
        for (auto&& [key, node] : from)
            out.entries.push_back({std::string(key.str()), origin(key.source()), this->node(node, level)});
        std::ranges::stable_sort(out.entries, {}, [](const Entry& entry) { return std::get<FromFile>(entry.at).span; });
        return out;
    }

private:
    [[nodiscard]] Origin origin(const toml::source_region& region) const {
        return FromFile{source_, {position(region.begin, shift_), position(region.end, shift_)}};
    }

    Node node(const toml::node& from, int level) {
        const Origin at = origin(from.source());
        if (const auto* value = from.as_boolean())
            return {value->get(), at};
        if (const auto* value = from.as_integer())
            return {value->get(), at};
        if (const auto* value = from.as_string())
            return {value->get(), at};
        if (level == most_levels) {
            if (!too_deep_)
                found_.add(error(fmt::format("nested more than {} levels deep", most_levels), at));
            too_deep_ = true;
            return {Foreign{"too deep"}, at};
        }
        if (const auto* value = from.as_table())
            return {table(*value, level + 1), at};
        if (const auto* value = from.as_array())
            return {list(*value, level + 1), at};
        return {Foreign{foreign_name(from)}, at};
    }

    List list(const toml::array& from, int level) {
        List out;
        for (const toml::node& element : from)
            out.push_back(node(element, level));
        return out;
    }

    std::shared_ptr<const Source> source_;
    std::uint32_t shift_;
    Diagnostics& found_;
    bool too_deep_ = false;
};

std::optional<Table> parse(const std::shared_ptr<const Source>& source, std::uint32_t shift, Diagnostics& found) {
    if (!check_text(source, found))
        return std::nullopt;
    try {
        const toml::table parsed = toml::parse(std::string_view(source->text), std::string_view());
        const std::size_t before = found.size();
        Table root = Converter(source, shift, found).table(parsed, 0);
        return found.size() == before ? std::optional(std::move(root)) : std::nullopt;
    } catch (const toml::parse_error& problem) {
        found.add(syntax_error(source, position(problem.source().begin), problem.description()));
        return std::nullopt;
    }
}

}  // namespace

std::optional<Document> read_document(const std::filesystem::path& path, const std::string& name, const Origin& mentioned,
                                      Diagnostics& found) {
    auto text = read_definition_file(path, name, mentioned, found);
    if (!text)
        return std::nullopt;
    return parse_document(std::make_shared<Source>(Source{name, path, *std::move(text)}), found);
}

std::optional<Document> parse_document(std::shared_ptr<const Source> source, Diagnostics& found) {
    auto root = parse(source, 0, found);
    return root ? std::optional(Document{std::move(source), *std::move(root)}) : std::nullopt;
}

std::optional<Node> parse_value(std::string_view text, std::string& problem) {
    constexpr std::string_view key = "v=";
    const auto source = std::make_shared<Source>(Source{"value", {}, std::string(key) + std::string(text)});
    Diagnostics found;
    auto root = parse(source, key.size(), found);
    if (!root) {
        const Diagnostic& first = *found.begin();
        problem = first.summary + (first.hint.empty() ? "" : "; " + first.hint);
        return std::nullopt;
    }
    if (root->entries.size() != 1) {
        problem = "more than one value";
        return std::nullopt;
    }
    return std::move(root->entries.front().node);
}

}  // namespace vmspawn
