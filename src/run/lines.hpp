// Bytes into lines, with bounded memory.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace vmspawn {

/// Collects bytes and yields whole lines without their ends (\n or \r\n). A line beyond the limit is no line: see overlong().
class LineSplitter {
public:
    explicit LineSplitter(std::size_t limit) : limit_(limit) {}

    void feed(std::string_view bytes) { pending_ += bytes; }
    /// The next whole line.
    std::optional<std::string> take();
    /// What waits is already longer than the limit.
    [[nodiscard]] bool overlong() const { return pending_.size() - begin_ > limit_; }
    /// The unfinished last line; empties the splitter.
    std::string rest();

private:
    std::size_t limit_;
    std::string pending_;
    std::size_t begin_ = 0;     ///< of what was not taken yet
    std::size_t searched_ = 0;  ///< no newline before here
};

/// The last words of a child: its last lines, each made printable and cut.
class LastWords {
public:
    void add(std::string_view line);
    [[nodiscard]] std::string text() const;
    void clear() { lines_.clear(); }

    static constexpr std::size_t most_lines = 20;
    static constexpr std::size_t longest_line = 1000;

private:
    std::deque<std::string> lines_;
};

}  // namespace vmspawn
