#include "run/live_entry.hpp"

namespace vmspawn {

namespace {

constexpr std::size_t time_size = 8;
constexpr std::size_t length_size = 4;
constexpr std::size_t head_size = 1 + time_size + length_size;

/// Little end first, so that a transcript can be read elsewhere.
void put(std::string& to, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        to += static_cast<char>(value >> (8 * i) & 0xFF);
}

std::uint64_t get(std::string_view from) {
    std::uint64_t value = 0;
    for (std::size_t i = from.size(); i-- > 0;)
        value = value << 8 | static_cast<unsigned char>(from[i]);
    return value;
}

}  // namespace

std::string entry_head(LiveEntry::Kind kind, std::uint64_t time, std::size_t size) {
    std::string head(1, static_cast<char>(kind));
    put(head, time, time_size);
    put(head, size, length_size);
    return head;
}

std::string packed(LiveEntry::Kind kind, std::uint64_t time, std::string_view bytes) {
    return entry_head(kind, time, bytes.size()).append(bytes);
}

std::optional<LiveEntry> EntryReader::take() {
    const std::string_view rest = std::string_view(pending_).substr(begin_);
    const std::size_t size = rest.size() < head_size ? 0 : get(rest.substr(1 + time_size, length_size));
    broken_ = broken_ || size > longest;
    if (broken_ || rest.size() < head_size + size) {
        pending_.erase(0, begin_);
        begin_ = 0;
        return std::nullopt;
    }
    begin_ += head_size + size;
    return LiveEntry{.kind = static_cast<LiveEntry::Kind>(rest[0]),
                     .time = get(rest.substr(1, time_size)),
                     .bytes = std::string(rest.substr(head_size, size))};
}

}  // namespace vmspawn
