#include "language/rows.hpp"

#include <cstring>
#include <type_traits>

namespace vmspawn {

namespace {

class Packer {
public:
    template <class T>
    void operator()(const T& value);

    std::string bytes;
};

class Unpacker {
public:
    explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

    template <class T>
    void operator()(T& value);

private:
    std::string_view rest_;

    std::string_view take(std::size_t size) {
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
};

// --- the fields of each row, once for both ways: `row` is const for the Packer ---

template <class Archive>
void fields(Archive& archive, auto& row, const Accepts&) {
    archive(row.boolean), archive(row.integer), archive(row.text), archive(row.list), archive(row.table);
}

template <class Archive>
void fields(Archive& archive, auto& row, const Flag&) {
    archive(row.long_name), archive(row.short_name), archive(row.argument), archive(row.form), archive(row.constant);
    archive(row.description), archive(row.key), archive(row.separator), archive(row.complete);
    archive(row.since);
}

template <class Archive>
void fields(Archive& archive, auto& row, const Setting&) {
    archive(row.key), archive(row.section), archive(row.description), archive(row.what), archive(row.expect), archive(row.format);
    archive(row.accepts), archive(row.words), archive(row.suggestions), archive(row.minimum), archive(row.maximum);
    archive(row.max_length), archive(row.default_json), archive(row.since), archive(row.flags), archive(row.old_flags),
        archive(row.complete);
    archive(row.choices), archive(row.change), archive(row.required);
}

template <class Archive>
void fields(Archive& archive, auto& row, const Section&) {
    archive(row.key), archive(row.title), archive(row.description), archive(row.names), archive(row.name_format);
    archive(row.name_expect), archive(row.flags);
}

template <class Archive>
void fields(Archive& archive, auto& row, const CommonFlag&) {
    archive(row.flag), archive(row.verbs), archive(row.words);
}

template <class Archive>
void fields(Archive& archive, auto& row, const VerbEntry&) {
    archive(row.name), archive(row.synopsis), archive(row.description), archive(row.examples), archive(row.min_files),
        archive(row.max_files);
    archive(row.argument), archive(row.takes_command), archive(row.takes_settings), archive(row.formats), archive(row.words);
}

template <class Archive>
void fields(Archive& archive, auto& rows, const LanguageRows&) {
    archive(rows.settings), archive(rows.sections), archive(rows.common_flags), archive(rows.verbs);
}

template <class T>
constexpr bool is_list = false;
template <class T>
constexpr bool is_list<std::vector<T>> = true;

template <class T>
constexpr bool is_optional = false;
template <class T>
constexpr bool is_optional<std::optional<T>> = true;

template <class T>
constexpr bool is_plain = std::is_arithmetic_v<T> || std::is_enum_v<T>;

using Length = std::uint32_t;

template <class T>
void Packer::operator()(const T& value) {
    if constexpr (is_plain<T>) {
        bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    } else if constexpr (std::is_same_v<T, std::string>) {
        (*this)(static_cast<Length>(value.size()));
        bytes += value;
    } else if constexpr (is_list<T>) {
        (*this)(static_cast<Length>(value.size()));
        for (const auto& each : value)
            (*this)(each);
    } else if constexpr (is_optional<T>) {
        (*this)(value.has_value());
        if (value)
            (*this)(*value);
    } else {
        fields(*this, value, value);
    }
}

template <class T>
void Unpacker::operator()(T& value) {
    if constexpr (is_plain<T>) {
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
    } else if constexpr (std::is_same_v<T, std::string>) {
        Length size = 0;
        (*this)(size);
        value = take(size);
    } else if constexpr (is_list<T>) {
        Length size = 0;
        (*this)(size);
        value.resize(size);
        for (auto& each : value)
            (*this)(each);
    } else if constexpr (is_optional<T>) {
        bool there = false;
        (*this)(there);
        if (there)
            (*this)(value.emplace());
    } else {
        fields(*this, value, value);
    }
}

}  // namespace

std::string pack_rows(const LanguageRows& rows) {
    Packer packer;
    packer(rows);
    return std::move(packer.bytes);
}

LanguageRows unpack_rows(std::string_view bytes) {
    LanguageRows rows;
    Unpacker unpacker(bytes);
    unpacker(rows);
    return rows;
}

}  // namespace vmspawn
