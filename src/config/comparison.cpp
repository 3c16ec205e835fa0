#include "config/comparison.hpp"

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "config/difference.hpp"
#include "config/node_json.hpp"
#include "language/formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace vmspawn {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t widest_line = 80;

/// What a change takes, the least first.
enum class Takes { live, restart, new_image };
constexpr std::array<std::string_view, 3> takes_words{"live", "restart", "new image"};
constexpr std::array<std::string_view, 3> takes_json{"live", "restart", "new-image"};

struct PlannedChange {
    Difference difference;
    Takes takes = Takes::restart;
};

bool is_default(const Node& node) {
    return std::holds_alternative<FromDefault>(node.at);
}

/// {"drive","data"} of drive.data.path; empty for a key that is in no named entry.
KeyPath entry_of(const Setting& setting, const KeyPath& key) {
    const auto star = std::ranges::find(setting.key, "*");
    return star == setting.key.end() ? KeyPath() : KeyPath(key.begin(), key.begin() + (star - setting.key.begin()) + 1);
}

std::vector<const MergedValue*> values_below(const KeyPath& entry, const Merged& merged) {
    std::vector<const MergedValue*> all;
    for (const MergedValue& value : merged.values)
        if (value.key.size() >= entry.size() && std::equal(entry.begin(), entry.end(), value.key.begin()))
            all.push_back(&value);
    return all;
}

class Comparison {
public:
    Comparison(const Language& language, const Merged& running, const Merged& wanted)
        : language_(language), running_(running), wanted_(wanted) {}

    [[nodiscard]] std::vector<PlannedChange> changes(const PathBase& base) const {
        std::vector<PlannedChange> all;
        for (Difference& one : differences(language_, running_, wanted_, base))
            if (!goes_without_saying(one)) {
                const Takes takes = what_it_takes(one);
                all.push_back({std::move(one), takes});
            }
        return all;
    }

private:
    const Language& language_;
    const Merged& running_;
    const Merged& wanted_;

    /// The defaults of an entry that only one side has, beside what that side says of it.
    [[nodiscard]] bool goes_without_saying(const Difference& one) const {
        if (one.a && one.b)
            return false;
        if (!is_default(one.a ? *one.a : *one.b))
            return false;
        const KeyPath entry = entry_of(*one.setting, one.key);
        return entry.empty() || std::ranges::any_of(values_below(entry, one.a ? running_ : wanted_),
                                                    [](const MergedValue* value) { return !is_default(value->node); });
    }

    [[nodiscard]] bool can_be_added(const KeyPath& entry) const {
        return values_below(entry, running_).empty() && std::ranges::all_of(values_below(entry, wanted_), [this](const MergedValue* value) {
                   return is_default(value->node) || language_.find(value->key)->change == Change::live;
               });
    }

    [[nodiscard]] bool has_root() const {
        return std::ranges::any_of(std::array{&running_, &wanted_}, [](const Merged* side) {
            return side->find({"image", "path"}) != nullptr || side->find({"image", "directory"}) != nullptr;
        });
    }

    [[nodiscard]] Takes what_it_takes(const Difference& one) const {
        const auto size = [](const std::optional<Node>& node) {
            const auto* text = node ? std::get_if<std::string>(&node->value) : nullptr;
            const auto* number = node ? std::get_if<std::int64_t>(&node->value) : nullptr;
            return text != nullptr ? parse_size(*text).value_or(0) : number != nullptr ? static_cast<std::uint64_t>(*number) : 0;
        };
        switch (one.setting->change) {
            case Change::live:
                return can_be_added(entry_of(*one.setting, one.key)) ? Takes::live : Takes::restart;
            case Change::new_image:
                return has_root() ? Takes::new_image : Takes::restart;  // nothing is kept of a guest without one
            case Change::larger:
                return one.b && size(one.b) < size(one.a) ? Takes::new_image : Takes::restart;
            case Change::restart:
                break;
        }
        return Takes::restart;
    }
};

std::vector<PlannedChange> changes_of(const Language& language, const KeptDefinition& running, const Merged& wanted, const PathBase& base) {
    const KeptDefinition sealed = keep_definition(language, wanted, base, running.seal);
    return Comparison(language, running.merged, sealed.merged).changes(base);
}

/// Lines of at most 80 columns: a part that does not fit goes to a line of its own, and one too long even for that is cut.
std::string filled(std::size_t indent, std::string_view gap, const std::vector<std::string>& parts) {
    std::string text;
    std::size_t column = 0;
    const auto break_line = [&] {
        text += (text.empty() ? "" : "\n") + std::string(indent, ' ');
        column = indent;
    };
    for (const std::string& part : parts) {
        const std::size_t width = display_width(part);
        if (text.empty() || column + gap.size() + width > widest_line)
            break_line();
        else if (column > indent) {
            text += gap;
            column += gap.size();
        }
        for (std::string_view rest = part; !rest.empty();) {
            const CodePoint point = decode_utf8(rest);
            const std::size_t columns = column_width(point.value);
            if (column + columns > widest_line)
                break_line();
            text += rest.substr(0, point.bytes);
            column += columns;
            rest.remove_prefix(point.bytes);
        }
    }
    return text + "\n";
}

std::string value_text(const Setting& setting, const std::optional<Node>& node) {
    return !node ? "not set" : is_secret(setting, *node) ? "(not shown)" : printable(to_toml(*node));
}

/// Where the wanted value stands; of one that is said no more, where that was.
std::string place_text(const Difference& one) {
    if (one.b && !is_default(*one.b))
        return printable(to_string(one.b->at));
    return one.a && !is_default(*one.a) ? "was " + printable(to_string(one.a->at)) : "";
}

std::string count_text(const std::vector<PlannedChange>& changes) {
    std::string text;
    for (std::size_t takes = takes_words.size(); takes-- > 0;) {
        const auto count = std::ranges::count(changes, static_cast<Takes>(takes), &PlannedChange::takes);
        if (count > 0)
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, takes_words[takes]);
    }
    if (std::ranges::find(changes, Takes::live, &PlannedChange::takes) != changes.end())
        text += "\nlive: by AddStorage of the control socket, if qemu.hotplug-ports left a port";
    return fmt::format("{} {}: {}\n", changes.size(), changes.size() == 1 ? "difference" : "differences", text);
}

}  // namespace

std::string comparison_text(const Language& language, const KeptDefinition& running, const Merged& wanted, const PathBase& base) {
    const std::vector<PlannedChange> changes = changes_of(language, running, wanted, base);
    constexpr std::size_t widest_key = 36;
    std::size_t width = 0;
    for (const PlannedChange& change : changes)
        width = std::max(width, std::min(widest_key, display_width(to_string(change.difference.key))));
    std::string text;
    for (const PlannedChange& change : changes) {
        const Difference& one = change.difference;
        std::string key = printable(to_string(one.key));
        key.append(width - std::min(width, display_width(key)), ' ');
        const std::string_view takes = takes_words[static_cast<std::size_t>(change.takes)];
        const std::string place = place_text(one);
        std::vector<std::string> head{std::move(key), fmt::format("{:<{}}", takes, place.empty() ? 0 : 9)};
        if (!place.empty())
            head.push_back(place);
        text += filled(0, "  ", head);
        text += filled(4, " ", {value_text(*one.setting, one.a), "-> " + value_text(*one.setting, one.b)});
    }
    return changes.empty() ? text : text + count_text(changes);
}

std::string comparison_json(const Language& language, const KeptDefinition& running, const Merged& wanted, const PathBase& base,
                            const std::string& machine) {
    Json all = Json::array();
    for (const PlannedChange& change : changes_of(language, running, wanted, base)) {
        const Difference& one = change.difference;
        all.push_back({{"key", to_string(one.key)},
                       {"takes", takes_json[static_cast<std::size_t>(change.takes)]},
                       {"from", side_json(*one.setting, one.a)},
                       {"to", side_json(*one.setting, one.b)}});
    }
    return Json{{"version", 1}, {"machine", machine}, {"definition", wanted.file_name}, {"changes", std::move(all)}}.dump(
               2, ' ', false, Json::error_handler_t::replace) +
           "\n";
}

}  // namespace vmspawn
