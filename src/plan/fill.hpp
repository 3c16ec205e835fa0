// What a program makes once, as a value.
#pragma once

#include "plan/word.hpp"

#include <string>
#include <vector>

namespace vmspawn {

/// What a program makes that ends when it is done: it runs in a new directory inside a KeepDirectory, which gets the files that stay.
struct Fill {
    struct File {
        std::string name;
        std::string text;
    };
    ResourceId directory;
    std::vector<File> reads;         ///< files that are there for it
    std::vector<std::string> keeps;  ///< what stays, in this order. Where the last one is there already, nothing runs
};

}  // namespace vmspawn
