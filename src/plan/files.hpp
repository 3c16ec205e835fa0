// Judges what the host answered about a path that the user named.
#pragma once

#include "plan/contributors.hpp"

#include <string_view>

namespace vmspawn {

/// A file that the plan will open.
struct WantedFile {
    Path path;
    std::string key;  ///< "boot.linux": who wants it
    bool writable = false;
    bool block = false;      ///< a block device serves as well
    std::string read_only;   ///< the key that would do without writing; empty: there is none
    std::string called;      ///< how messages call it before its path: "the backing file"
    bool directory = false;  ///< a directory serves as well
    bool regular = true;     ///< a file serves
    bool socket = false;     ///< a stream socket serves as well: who listens there gives the content
};

/// What is there when it can be used; null after adding the problem: 2 missing, 13 no permission, 22 not a file.
const FileAnswer* judge_file(Planning& planning, const WantedFile& wanted);

}  // namespace vmspawn
