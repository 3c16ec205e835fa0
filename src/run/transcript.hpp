// The end of what a machine has shown, in its runtime directory: two files, so that the older half can go.
#pragma once

#include "base/fd.hpp"
#include "run/live_entry.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace vmspawn {

/// A failure to write is nobody's end and keeps nobody waiting: what finds no room is lost.
class Transcript {
public:
    /// At most twice `half` bytes are kept.
    explicit Transcript(Fd directory, std::size_t half = std::size_t{2} << 20);

    void add(LiveEntry::Kind kind, std::uint64_t time, std::string_view bytes);
    /// All that is kept: entries.
    [[nodiscard]] std::string content() const;

private:
    Fd directory_;
    std::size_t half_;
    Fd file_;
    std::size_t size_ = 0;

    void begin();
};

/// The transcript in that directory, of whoever writes it: entries. Empty: there is none.
std::string read_transcript(const std::string& directory);

}  // namespace vmspawn
