#include "run/lines.hpp"

#include "base/text.hpp"

namespace vmspawn {

std::optional<std::string> LineSplitter::take() {
    const std::size_t end = pending_.find('\n', searched_);
    if (end == std::string::npos) {
        pending_.erase(0, begin_);
        begin_ = 0;
        searched_ = pending_.size();
        return std::nullopt;
    }
    std::string line = pending_.substr(begin_, end - begin_);
    if (line.ends_with('\r'))
        line.pop_back();
    begin_ = searched_ = end + 1;
    return line;
}

std::string LineSplitter::rest() {
    std::string line = pending_.substr(begin_);
    pending_.clear();
    begin_ = searched_ = 0;
    return line;
}

void LastWords::add(std::string_view line) {
    if (line.empty())
        return;
    std::string shown = printable(line.substr(0, longest_line));
    if (line.size() > longest_line)
        shown += " …";
    lines_.push_back(std::move(shown));
    if (lines_.size() > most_lines)
        lines_.pop_front();
}

std::string LastWords::text() const {
    std::string all;
    for (const std::string& line : lines_)
        all += (all.empty() ? "" : "\n") + line;
    return all;
}

}  // namespace vmspawn
