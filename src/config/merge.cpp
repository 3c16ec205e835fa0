#include "config/merge.hpp"

#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace vmspawn {

namespace {

bool starts_with(const KeyPath& key, const KeyPath& prefix) {
    return key.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), key.begin());
}

Node node_of(const nlohmann::json& json) {
    if (json.is_boolean())
        return {json.get<bool>(), FromDefault{}};
    if (json.is_number_integer())
        return {json.get<std::int64_t>(), FromDefault{}};
    if (json.is_string())
        return {json.get<std::string>(), FromDefault{}};
    List list;
    for (const nlohmann::json& element : json)
        list.push_back(node_of(element));
    return {std::move(list), FromDefault{}};
}

std::optional<Node> default_of(const Setting& setting) {
    if (setting.default_json.empty())
        return std::nullopt;
    return node_of(nlohmann::json::parse(setting.default_json));
}

/// The part of a setting's key before "*": {"mount"} of mount.*.source; empty when there is none.
KeyPath table_of(const Setting& setting) {
    const auto star = std::ranges::find(setting.key, "*");
    return star == setting.key.end() ? KeyPath{} : KeyPath(setting.key.begin(), star);
}

KeyPath concrete(const Setting& setting, const std::string& name) {
    KeyPath key = setting.key;
    std::ranges::replace(key, std::string("*"), name);
    return key;
}

class Merger {
public:
    explicit Merger(const Language& language) : language_(language) {}

    void layer(const KeyPath& at, const Table& table) {
        const bool is_named = names_entries(at);
        for (const Entry& entry : table.entries) {
            const KeyPath key = below(at, entry.name);
            if (is_named)
                note_entry(at, entry.name, entry.at);
            if (language_.find(key) != nullptr)
                set(key, entry.at, entry.node);
            else if (const auto* inner = std::get_if<Table>(&entry.node.value))
                layer(key, *inner);
            else
                damaged_.insert({at, key});
        }
    }

    void apply(const Override& change) {
        switch (change.how) {
            case Override::How::set:
                note_entries_above(change);
                if (language_.find(change.key) != nullptr)
                    set(change.key, change.key_at, change.value);
                else if (const auto* table = std::get_if<Table>(&change.value.value))
                    layer(change.key, *table);
                break;
            case Override::How::append:
                note_entries_above(change);
                append(change);
                break;
            case Override::How::clear:
                if (language_.find(change.key) != nullptr)
                    set(change.key, change.key_at, {List{}, change.key_at});
                else
                    drop(change);
                break;
            case Override::How::unset:
                drop(change);
                break;
        }
    }

    Merged finish(Diagnostics& found) {
        Merged merged;
        std::vector<KeyPath> done;
        for (const Setting& setting : language_.settings()) {
            const KeyPath table = table_of(setting);
            if (table.empty())
                row(setting, setting.key, merged);
            else if (std::ranges::find(done, table) == done.end()) {
                done.push_back(table);
                entries(table, merged, found);
            }
        }
        merged.entries = std::move(entries_);
        return merged;
    }

private:
    struct Slot {
        Origin key_at;
        Node node;
        std::vector<Node> hidden;
    };

    bool names_entries(const KeyPath& at) const {
        const Section* section = language_.find_section(at);
        return section != nullptr && section->names == std::vector<std::string>{"*"};
    }

    void note_entry(const KeyPath& table, const std::string& name, const Origin& at) {
        auto& all = entries_[to_string(table)];
        if (std::ranges::find(all, name, &MergedEntry::name) == all.end())
            all.push_back({name, at});
    }

    void note_entries_above(const Override& change) {
        for (std::size_t length = 1; length < change.key.size(); ++length) {
            const KeyPath table(change.key.begin(), change.key.begin() + static_cast<std::ptrdiff_t>(length));
            if (names_entries(table))
                note_entry(table, change.key[length], change.key_at);
        }
    }

    void set(const KeyPath& key, const Origin& key_at, const Node& node) {
        auto [slot, is_new] = slots_.try_emplace(key, Slot{key_at, node, {}});
        if (is_new)
            return;
        slot->second.hidden.insert(slot->second.hidden.begin(), std::exchange(slot->second.node, node));
        slot->second.key_at = key_at;
    }

    /// What was there stays and hides nothing: the list only grows.
    void append(const Override& change) {
        auto [slot, is_new] = slots_.try_emplace(change.key, Slot{change.key_at, Node{List{}, change.value.at}, {}});
        auto* list = std::get_if<List>(&slot->second.node.value);
        const auto* more = std::get_if<List>(&change.value.value);
        if (list == nullptr || more == nullptr)
            return;
        list->insert(list->end(), more->begin(), more->end());
        slot->second.node.at = change.value.at;
        slot->second.key_at = change.key_at;
    }

    void drop(const Override& change) {
        auto slot = slots_.lower_bound(change.key);
        while (slot != slots_.end() && starts_with(slot->first, change.key)) {
            Slot& old = slot->second;
            old.hidden.insert(old.hidden.begin(), std::move(old.node));
            dropped_[slot->first] = {change.key_at, {}, std::move(old.hidden)};
            slot = slots_.erase(slot);
        }
        if (names_entries(change.key))
            entries_.erase(to_string(change.key));
        if (change.key.empty())
            return;
        const KeyPath table(change.key.begin(), change.key.end() - 1);
        if (names_entries(table))
            std::erase_if(entries_[to_string(table)], [&change](const MergedEntry& entry) { return entry.name == change.key.back(); });
    }

    void entries(const KeyPath& table, Merged& merged, Diagnostics& found) {
        const auto all = entries_.find(to_string(table));
        if (all == entries_.end())
            return;
        for (const MergedEntry& entry : all->second)
            for (const Setting& setting : language_.settings()) {
                if (table_of(setting) != table)
                    continue;
                const bool is_there = row(setting, concrete(setting, entry.name), merged);
                if (!is_there && setting.required && !damaged_.contains(below(table, entry.name)))
                    found.add(error(fmt::format("[{}] has no '{}'", to_string(below(table, entry.name)), setting.key.back()), entry.at)
                                  .with_hint(fmt::format("add {}: {}", setting.key.back(), setting.description)));
            }
    }

    bool row(const Setting& setting, const KeyPath& key, Merged& merged) {
        auto standard = default_of(setting);
        if (const auto slot = slots_.find(key); slot != slots_.end()) {
            MergedValue value{key, std::move(slot->second.key_at), std::move(slot->second.node), std::move(slot->second.hidden)};
            if (standard)
                value.hidden.push_back(*std::move(standard));
            merged.values.push_back(std::move(value));
            return true;
        }
        if (!standard)
            return false;
        MergedValue value{key, FromDefault{}, *std::move(standard), {}};
        if (const auto slot = dropped_.find(key); slot != dropped_.end()) {
            value.key_at = slot->second.key_at;
            value.hidden = std::move(slot->second.hidden);
        }
        merged.values.push_back(std::move(value));
        return true;
    }

    const Language& language_;
    std::map<KeyPath, Slot> slots_;
    std::map<KeyPath, Slot> dropped_;  ///< by --unset; shown as what the default hides
    std::map<std::string, std::vector<MergedEntry>, std::less<>> entries_;
    std::set<KeyPath> damaged_;  ///< tables with a key that is not known: what they lack may be that key, misspelt
};

}  // namespace

const MergedValue* Merged::find(const KeyPath& key) const {
    const auto found = std::ranges::find(values, key, &MergedValue::key);
    return found == values.end() ? nullptr : &*found;
}

std::vector<std::string> Merged::names(std::string_view table) const {
    std::vector<std::string> out;
    if (const auto all = entries.find(table); all != entries.end())
        for (const MergedEntry& entry : all->second)
            out.push_back(entry.name);
    return out;
}

Merged merge(const Language& language, Layers layers, const Invocation& invocation, Diagnostics& found) {
    Merger merger(language);
    for (const Table& tree : layers.trees)
        merger.layer({}, tree);
    for (const Override& change : invocation.overrides)
        merger.apply(change);
    Merged merged = merger.finish(found);
    merged.file = std::move(layers.file);
    merged.file_name = std::move(layers.name);
    merged.called_as = invocation.called_as;
    return merged;
}

Merged without(Merged merged, const std::vector<std::string>& keys) {
    for (const std::string& text : keys) {
        const KeyPath key = *parse_key(text);
        if (const auto entries = merged.entries.find(key.front()); entries != merged.entries.end() && key.size() == 2) {
            std::erase_if(entries->second, [&key](const MergedEntry& entry) { return entry.name == key.back(); });
            std::erase_if(merged.values, [&key](const MergedValue& value) { return starts_with(value.key, key); });
        }
    }
    const auto is_meant = [&keys](const MergedValue& value) {
        return std::ranges::any_of(keys, [&value](const std::string& key) { return starts_with(value.key, *parse_key(key)); });
    };
    const auto has_default = [](const MergedValue& value) {
        return !value.hidden.empty() && std::holds_alternative<FromDefault>(value.hidden.back().at);
    };
    std::erase_if(merged.values, [&](const MergedValue& value) {
        return is_meant(value) && !std::holds_alternative<FromDefault>(value.node.at) && !has_default(value);
    });
    for (MergedValue& value : merged.values)
        if (is_meant(value) && has_default(value)) {
            value.node = std::move(value.hidden.back());
            value.key_at = FromDefault{};
            value.hidden.clear();
        }
    return merged;
}

}  // namespace vmspawn
