// One flag with its value as it was typed, and origins for its parts.
#pragma once

#include "base/origin.hpp"

#include <string>
#include <string_view>

namespace vmspawn {

struct Typed {
    int index = 0;               ///< in argv
    std::string text;            ///< "--cpus=4", "-M dev"
    std::size_t name_begin = 0;  ///< "--cpus", or the letter of a short flag
    std::size_t name_end = 0;
    std::size_t value_begin = 0;  ///< text.size() without a value

    [[nodiscard]] std::string value() const { return text.substr(value_begin); }
    [[nodiscard]] std::string name_text() const { return text.substr(name_begin, name_end - name_begin); }
    [[nodiscard]] Origin name_at() const { return FromArgument{index, text, name_begin, name_end}; }
    [[nodiscard]] Origin value_at() const { return FromArgument{index, text, value_begin, text.size()}; }
    /// Of the bytes [begin, end) of the value.
    [[nodiscard]] Origin part_at(std::size_t begin, std::size_t end) const {
        return FromArgument{index, text, value_begin + begin, value_begin + end};
    }
    /// The same with the value from byte `keep` on replaced by an ellipsis: a secret goes into no message, plan or record.
    [[nodiscard]] Typed without_secret(std::size_t keep) const {
        Typed out = *this;
        out.text = text.substr(0, value_begin + keep) + "…";
        return out;
    }
};

}  // namespace vmspawn
