// What a running machine shows, in pieces: as they stand in its transcript and on the connection of who watches it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmspawn {

struct LiveEntry {
    enum class Kind : char {
        output = 'o',    ///< bytes of the guest's console
        said = 'm',      ///< by vmspawn: a digit, the level of syslog(3), and the lines
        live = 'l',      ///< what follows happens now; before it came what was kept
        detached = 'd',  ///< on request of this watcher's keys
        ended = 'e',     ///< there is no more
        typed = 'i',     ///< from a watcher, for the guest
        size = 's',      ///< of a watcher's terminal: "ROWS COLUMNS"
    };
    Kind kind = Kind::output;
    std::uint64_t time = 0;  ///< microseconds since 1970
    std::string bytes{};
    friend bool operator==(const LiveEntry&, const LiveEntry&) = default;
};

/// What stands before the bytes of an entry of that length.
std::string entry_head(LiveEntry::Kind kind, std::uint64_t time, std::size_t size);
std::string packed(LiveEntry::Kind kind, std::uint64_t time, std::string_view bytes);

/// Bytes into entries.
class EntryReader {
public:
    void feed(std::string_view bytes) { pending_ += bytes; }
    /// The next whole entry.
    std::optional<LiveEntry> take();
    /// It is longer than any: these are no entries.
    [[nodiscard]] bool broken() const { return broken_; }

    static constexpr std::size_t longest = std::size_t{1} << 20;

private:
    std::string pending_;
    std::size_t begin_ = 0;
    bool broken_ = false;
};

}  // namespace vmspawn
