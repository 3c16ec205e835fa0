// A command line of any words, separated by NUL: overrides with their origins, or problems whose carets lie inside the word.
#include "base/render.hpp"
#include "config/arguments.hpp"
#include "config/merge.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vmspawn;
    std::string text(reinterpret_cast<const char*>(data), size);
    std::vector<const char*> argv{"vmspawn", "run"};
    for (std::size_t at = 0; at < text.size() && argv.size() < 64; at += std::char_traits<char>::length(text.c_str() + at) + 1)
        argv.push_back(text.c_str() + at);
    Diagnostics found;
    const Invocation said = parse_arguments(language(), argv, found);
    for (const Diagnostic& diagnostic : found)
        if (const auto* argument = std::get_if<FromArgument>(&diagnostic.at);
            argument != nullptr && (argument->begin > argument->end || argument->end > argument->text.size()))
            std::abort();
    (void)render(found, Colour::no);
    if (!found.has_errors())
        (void)merge(language(), {}, said, found);
    return 0;
}
