// Bytes that wait for a reader who is slower than their writer: the first in memory, more in a file without a name.
#pragma once

#include "base/fd.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace vmspawn {

class Backlog {
public:
    static constexpr std::size_t most_in_memory = std::size_t{1} << 20;  ///< what is beyond goes to the file
    static constexpr off_t longest_file = off_t{1} << 30;

    /// Keeps all of them, also when is_full(): who can wait asks that before.
    void add(std::string_view bytes);
    /// The first of them: some, unless it is empty.
    [[nodiscard]] std::string_view front();
    void drop(std::size_t size);  ///< of front()
    void clear();

    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] std::size_t size() const { return head_.size() - dropped_ + static_cast<std::size_t>(written_ - read_) + tail_.size(); }
    /// The file is as long as it may become, or takes no more.
    [[nodiscard]] bool is_full() const { return !tail_.empty(); }

private:
    std::string head_;
    std::size_t dropped_ = 0;  ///< of head_
    Fd file_;                  ///< what follows head_
    off_t read_ = 0;
    off_t written_ = 0;
    std::string tail_;  ///< what follows that

    std::size_t write_out(std::string_view bytes);
    void fetch();
};

}  // namespace vmspawn
