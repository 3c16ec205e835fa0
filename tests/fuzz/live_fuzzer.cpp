// What a watcher sends, and what a guest prints: any bytes, in any pieces, end as the same entries and the same harmless text.
#include "base/plain_text.hpp"
#include "run/live_entry.hpp"
#include "run/replay_filter.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace vmspawn;

std::string entries_in(std::string_view bytes, std::size_t piece) {
    EntryReader reader;
    std::string all;
    for (std::size_t begin = 0; begin < bytes.size(); begin += piece) {
        reader.feed(bytes.substr(begin, piece));
        while (const auto entry = reader.take())
            all += packed(entry->kind, entry->time, entry->bytes);
    }
    if (!std::string_view(bytes).starts_with(all))
        std::abort();
    return all;
}

std::string replayed(std::string_view bytes, std::size_t piece) {
    ReplayFilter filter;
    std::string all;
    for (std::size_t begin = 0; begin < bytes.size(); begin += piece)
        all += filter.pass(bytes.substr(begin, piece));
    return all + filter.rest();
}

std::string plain(std::string_view bytes, std::size_t piece) {
    PlainText text;
    std::string all;
    for (std::size_t begin = 0; begin < bytes.size(); begin += piece)
        all += text.pass(bytes.substr(begin, piece));
    if (all.find('\033') != std::string::npos)
        std::abort();
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    const std::size_t piece = 1 + data[0] % 16U;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (entries_in(bytes, piece) != entries_in(bytes, size) || replayed(bytes, piece) != replayed(bytes, size) ||
        plain(bytes, piece) != plain(bytes, size))
        std::abort();
    return 0;
}
