// Files of a foreign tree: links in it lead to where they would inside it, never out of it.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

class Below {
public:
    /// `root` need not exist: then nothing is found below it.
    explicit Below(std::string root);

    /// The host's path of `path` with every link followed, below `root`. Fails as open does.
    [[nodiscard]] Result<std::string> resolve(std::string_view path) const;
    /// A regular file, at most `limit` bytes from `offset`. Never waits.
    [[nodiscard]] Result<std::string> read(std::string_view path, std::size_t offset, std::size_t limit) const;
    /// The names in a directory, sorted, "." and ".." left out; of more than `limit` only as many. Empty when it cannot be read.
    [[nodiscard]] std::vector<std::string> names(std::string_view path, std::size_t limit) const;
    [[nodiscard]] bool is_file(std::string_view path) const;

private:
    [[nodiscard]] Fd open(std::string_view path, int flags) const;

    std::string root_;
    Fd fd_;
    std::string real_;  ///< what /proc calls the root
};

}  // namespace vmspawn
