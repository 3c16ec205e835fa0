// A command line of any words, separated by NUL, under both names of the program: overrides with their origins, or problems whose carets
// lie inside the word.
#include "base/render.hpp"
#include "config/arguments.hpp"
#include "config/decode.hpp"
#include "config/merge.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace vmspawn;

void judge(std::vector<const char*> argv, const std::string& text) {
    for (std::size_t at = 0; at < text.size() && argv.size() < 64; at += std::char_traits<char>::length(text.c_str() + at) + 1)
        argv.push_back(text.c_str() + at);
    Diagnostics found;
    const Invocation said = parse_arguments(language(), argv, found);
    if (!found.has_errors())
        (void)decode(merge(language(), {}, said, found), {"/somewhere", "/home"}, found);
    for (const Diagnostic& diagnostic : found)
        if (const auto* argument = std::get_if<FromArgument>(&diagnostic.at);
            argument != nullptr && (argument->begin > argument->end || argument->end > argument->text.size()))
            std::abort();
    (void)render(found, Colour::no);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    judge({"vmspawn", "run"}, text);
    judge({"/usr/bin/systemd-vmspawn"}, text);
    return 0;
}
