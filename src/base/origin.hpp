// Where a value comes from. Every value, problem and planned resource carries one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>

namespace vmspawn {

/// A place in a text: line and column count from 1, columns in code points. 0:0 is "the file as a whole".
struct Position {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    friend auto operator<=>(const Position&, const Position&) = default;
};

/// From `begin` up to, not including, `end`.
struct Span {
    Position begin;
    Position end;
    friend auto operator<=>(const Span&, const Span&) = default;
};

/// The text of one definition file, kept so that a message can show the line.
struct Source {
    std::string name;            ///< as the user typed it; what messages print
    std::filesystem::path path;  ///< absolute; relative paths in the file start at its parent
    std::string text;
};

struct FromDefault {};

struct FromFile {
    std::shared_ptr<const Source> source;
    Span span;
};

/// A flag. `text` is the flag with its value as typed ("--cpus=0"; a value in a word of its own is joined by a blank).
struct FromArgument {
    int index = 0;  ///< position in argv, program name = 0
    std::string text;
    std::size_t begin = 0;  ///< bytes of `text` that are meant, [begin, end)
    std::size_t end = 0;
};

/// A fact of the host, such as "/dev/kvm".
struct FromHost {
    std::string fact;
};

using Origin = std::variant<FromDefault, FromFile, FromArgument, FromHost>;

/// "dev.vmspawn:7:8", "--cpus=0", "built-in default" or "host: /dev/kvm".
std::string to_string(const Origin& origin);

}  // namespace vmspawn
