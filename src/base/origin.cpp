#include "base/origin.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

struct Spell {
    std::string operator()(const FromDefault&) const { return "built-in default"; }
    std::string operator()(const FromFile& file) const {
        if (file.span.begin.line == 0)
            return file.source->name;
        return fmt::format("{}:{}:{}", file.source->name, file.span.begin.line, file.span.begin.column);
    }
    std::string operator()(const FromArgument& argument) const { return argument.text; }
    std::string operator()(const FromHost& host) const { return "host: " + host.fact; }
};

}  // namespace

std::string to_string(const Origin& origin) {
    return std::visit(Spell{}, origin);
}

}  // namespace vmspawn
