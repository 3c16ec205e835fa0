// What a guest prints and what comes from a terminal, in pieces: of the first only colours are added, and of the second one answer taken.
#include "run/background.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace vmspawn;

std::string without_colour(std::string text, std::string_view colour) {
    for (std::size_t at = text.find(colour); at != std::string::npos; at = text.find(colour, at))
        text.erase(at, colour.size());
    return text;
}

void print(std::string_view bytes, std::size_t piece) {
    constexpr std::string_view colour = "\033[48;2;9;8;7;6;5;4;3m";  // which no input is likely to hold
    if (bytes.find(colour) != std::string_view::npos)
        return;
    BackgroundFilter whole;
    BackgroundFilter filter;
    whole.set("48;2;9;8;7;6;5;4;3");
    filter.set("48;2;9;8;7;6;5;4;3");
    std::string at_once;
    std::string in_pieces;
    whole.pass(bytes, at_once);
    for (std::size_t at = 0; at < bytes.size(); at += piece)
        filter.pass(bytes.substr(at, piece), in_pieces);
    if (in_pieces != at_once)
        std::abort();
    std::string given = without_colour(at_once, colour);
    const std::size_t erased = at_once.find(std::string(colour) + "\033[J");
    if (erased != std::string::npos && given.size() == bytes.size() + 3)
        given.erase(erased, 3);
    if (given != bytes)
        std::abort();
}

void type(std::string_view bytes, std::size_t piece) {
    BackgroundAnswer waiting;
    std::string got;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        std::string typed(bytes.substr(at, piece));
        if (const auto colour = waiting.typed(typed); colour && green_tint(*colour).empty())
            std::abort();
        got += typed;
    }
    got += waiting.stop_waiting();
    // All but one stretch that starts as an answer does.
    if (got.size() > bytes.size())
        std::abort();
    std::size_t same = 0;
    while (same < got.size() && got[same] == bytes[same])
        same++;
    const std::size_t taken = bytes.size() - got.size();
    for (std::size_t at = 0; at <= same; ++at)
        if (std::string(bytes.substr(0, at)) + std::string(bytes.substr(at + taken)) == got &&
            (taken == 0 || bytes.substr(at).starts_with("\033]11;")))
            return;
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t piece = data[0] % 16U + 1;
    print(bytes, piece);
    type(bytes, piece);
    return 0;
}
