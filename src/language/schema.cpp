#include "language/schema.hpp"

#include "language/rows.hpp"

#include <algorithm>

namespace vmspawn {

namespace {

bool matches(const KeyPath& pattern, const KeyPath& key) {
    return std::equal(pattern.begin(), pattern.end(), key.begin(), key.end(),
                      [](const std::string& expected, const std::string& part) { return expected == "*" || expected == part; });
}

template <class Row>
const Row* find_row(const std::vector<Row>& rows, const KeyPath& key) {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& candidate) { return matches(candidate.key, key); });
    return row == rows.end() ? nullptr : &*row;
}

}  // namespace

const VerbEntry* Language::find_verb(std::string_view name) const {
    const auto verb =
        std::find_if(rows_.verbs.begin(), rows_.verbs.end(), [&](const VerbEntry& candidate) { return candidate.name == name; });
    return verb == rows_.verbs.end() ? nullptr : &*verb;
}

const Setting* Language::find(const KeyPath& key) const {
    return find_row(rows_.settings, key);
}

const Section* Language::find_section(const KeyPath& key) const {
    return find_row(rows_.sections, key);
}

const Language& language() {
    static const Language embedded{unpack_rows(packed_rows())};
    return embedded;
}

}  // namespace vmspawn
