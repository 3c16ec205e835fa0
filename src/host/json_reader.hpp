// Readers of recorded hosts: each member once, a complaint that names it. Private to this folder.
#pragma once

#include "base/text.hpp"
#include "host/json.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn::recorded {

using nlohmann::json;

/// What is wrong, thrown by the readers and caught in host_from_json only.
struct Malformed {
    std::string text;
};

[[noreturn]] inline void refuse(std::string_view where, std::string_view what) {
    throw Malformed{fmt::format("{} {}", printable(where), what)};
}

/// One object, read member by member; finish() refuses a member that nobody read.
class ObjectReader {
public:
    ObjectReader(const json& value, std::string where) : value_(value), where_(std::move(where)) {
        if (!value.is_object())
            refuse(where_, "is not an object");
    }

    [[nodiscard]] const json* find(const std::string& key) {
        read_.insert(key);
        const auto found = value_.find(key);
        return found == value_.end() ? nullptr : &*found;
    }

    const json& at(const std::string& key) {
        const json* found = find(key);
        if (found == nullptr)
            refuse(name(key), "is missing");
        return *found;
    }

    void read(const std::string& key, std::string& into) {
        if (!at(key).is_string())
            refuse(name(key), "is not a string");
        into = at(key).get<std::string>();
    }

    void read_if_there(const std::string& key, std::string& into) {
        if (find(key) != nullptr)
            read(key, into);
    }

    void read(const std::string& key, bool& into) {
        if (!at(key).is_boolean())
            refuse(name(key), "is not true or false");
        into = at(key).get<bool>();
    }

    template <class Integer>
    void read_number(const std::string& key, Integer& into) {
        const json& number = at(key);
        if (!number.is_number_unsigned() || number.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<Integer>::max()))
            refuse(name(key), "is not a number in range");
        into = static_cast<Integer>(number.get<std::uint64_t>());
    }

    [[nodiscard]] std::vector<std::string> read_strings(const std::string& key) {
        const json& list = at(key);
        if (!list.is_array())
            refuse(name(key), "is not a list");
        std::vector<std::string> strings;
        for (const json& element : list) {
            if (!element.is_string())
                refuse(name(key), "holds what is not a string");
            strings.push_back(element.get<std::string>());
        }
        return strings;
    }

    /// Each member of the object `key`, by name.
    void each(const std::string& key,
              const std::function<void(const std::string& name, const json& value, const std::string& where)>& use) {
        const json& members = at(key);
        if (!members.is_object())
            refuse(name(key), "is not an object");
        for (const auto& [member, value] : members.items())
            use(member, value, name(key) + "." + member);
    }

    void finish() const {
        for (const auto& [key, value] : value_.items())
            if (!read_.contains(key))
                refuse(name(key), "is not known to this version");
    }

    [[nodiscard]] std::string name(const std::string& key) const { return where_.empty() ? key : where_ + "." + key; }

private:
    const json& value_;
    std::string where_;
    std::set<std::string> read_;
};

class PathReader {
public:
    PathReader(const std::filesystem::path& directory, const std::filesystem::path& home) : directory_(directory), home_(home) {}

    [[nodiscard]] std::string read(const std::string& text, const std::string& where) const {
        if (text == "." || text.starts_with("./"))
            return join(directory_, text.substr(1), where);
        if (text == "~" || text.starts_with("~/"))
            return join(home_, text.substr(1), where);
        if (!text.empty() && !text.starts_with('/'))
            refuse(where, "is a path that starts with none of /, ./ and ~/");
        return text;
    }

private:
    static std::string join(const std::filesystem::path& base, const std::string& rest, const std::string& where) {
        if (base.empty())
            refuse(where, "is below a directory that is not known here");
        std::string text = base.lexically_normal().string();
        if (text.ends_with('/') && (!rest.empty() || text.size() > 1))
            text.pop_back();
        return text + rest;
    }

    const std::filesystem::path& directory_;
    const std::filesystem::path& home_;
};

}  // namespace vmspawn::recorded
