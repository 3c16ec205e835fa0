// Reads the leaves of one table of a merged definition into typed fields, and notes each: the pattern read and the value's origin.
#pragma once

#include "base/diagnostic.hpp"
#include "config/merge.hpp"
#include "config/paths.hpp"
#include "model/machine.hpp"

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace vmspawn {

struct Reading {
    const Merged& merged;
    const PathBase& base;
    Machine& machine;            ///< its origins are filled
    std::vector<KeyPath>& read;  ///< patterns
    Diagnostics& found;

    /// An absolute path; a problem is added where "~/" has no meaning.
    [[nodiscard]] Path path(const std::string& text, const Origin& at) const;
};

/// Each gives false when the node is not of the field's kind, which validation has ruled out before.
bool from_node(const Reading&, const Node&, bool&);
bool from_node(const Reading&, const Node&, std::uint32_t&);
bool from_node(const Reading&, const Node&, std::uint64_t&);  ///< an integer or a size
bool from_node(const Reading&, const Node&, std::string&);
bool from_node(const Reading&, const Node&, Path&);
bool from_node(const Reading&, const Node&, Want&);
bool from_node(const Reading&, const Node&, State&);
bool from_node(const Reading&, const Node&, IdShift&);
bool from_node(const Reading&, const Node&, Forward&);
bool from_node(const Reading&, const Node&, UnitProperty&);  ///< what is wrong with it is among those found
bool from_node(const Reading&, const Node&, std::array<std::uint8_t, 16>&);
bool from_node(const Reading&, const Node&, std::array<std::uint8_t, 6>&);
bool from_node(const Reading&, const Node&, std::variant<bool, Path>&);

template <class E>
requires std::is_enum_v<E>
bool from_node(const Reading&, const Node& node, E& field) {
    const auto* word = std::get_if<std::string>(&node.value);
    const auto value = word != nullptr ? from_word<E>(*word) : std::nullopt;
    field = value.value_or(field);
    return value.has_value();
}

template <class T>
bool from_node(const Reading& reading, const Node& node, std::optional<T>& field) {
    return from_node(reading, node, field.emplace());
}

template <class T>
bool from_node(const Reading& reading, const Node& node, std::vector<T>& field) {
    const auto* list = std::get_if<List>(&node.value);
    if (list == nullptr)
        return false;
    field.resize(list->size());
    for (std::size_t i = 0; i < list->size(); ++i)
        if (!from_node(reading, (*list)[i], field[i]))
            return false;
    return true;
}

class TableReader {
public:
    /// Of a table such as "image"; "" is the top level.
    TableReader(Reading& reading, std::string_view table);
    /// Of an entry that the user named: mount.src.
    TableReader(Reading& reading, std::string_view table, std::string_view name);

    /// The field stays as it is when the key has no value.
    template <class T>
    void get(std::string_view key, T& field) {
        if (const Node* node = take(key); node != nullptr && !from_node(reading_, *node, field))
            mistyped(key, *node);
    }
    /// A time span in microseconds.
    void get_span(std::string_view key, std::optional<std::uint64_t>& field);
    /// A word, or the path of a descriptor.
    void get_firmware(std::string_view key, FirmwareKind& kind, Path& descriptor);

private:
    const Node* take(std::string_view key);
    void mistyped(std::string_view key, const Node& node);

    Reading& reading_;
    KeyPath table_;
    KeyPath pattern_;
};

}  // namespace vmspawn
