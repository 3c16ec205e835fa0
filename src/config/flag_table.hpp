// The flags of one command line in a list, in the shape that getopt_long wants.
#pragma once

#include "base/called_as.hpp"
#include "language/schema.hpp"

#include <getopt.h>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// A flag and whose it is: exactly one of the three owners is set.
struct TypedFlag {
    const Flag* flag = nullptr;
    const Setting* setting = nullptr;
    const Section* section = nullptr;
    const CommonFlag* common = nullptr;
};

/// vmspawn has every flag, systemd-vmspawn those that it always had, old names among them.
class FlagTable {
public:
    FlagTable(const Language& language, CalledAs called);

    [[nodiscard]] const std::vector<TypedFlag>& rows() const { return rows_; }
    /// The row of getopt_long's answer; nullptr if it is none.
    [[nodiscard]] const TypedFlag* row(int answer) const;
    [[nodiscard]] const option* options() const { return options_.data(); }
    /// Begins with "-:", so words that are no flags come in order and a missing argument is told from an unknown flag.
    [[nodiscard]] const char* short_options() const { return short_options_.c_str(); }
    /// Long names that begin with `prefix`.
    [[nodiscard]] std::vector<std::string> starting_with(std::string_view prefix) const;

private:
    static constexpr int first_answer_ = 256;  ///< above every letter
    void add(TypedFlag row, CalledAs called);

    std::vector<TypedFlag> rows_;
    std::vector<option> options_;
    std::string short_options_ = "-:";
};

}  // namespace vmspawn
