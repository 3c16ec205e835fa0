// A definition of any bytes: problems with a caret, or a machine; and what `show` prints of it is a definition again.
#include "base/render.hpp"
#include "config/decode.hpp"
#include "config/document.hpp"
#include "config/merge.hpp"
#include "config/print.hpp"
#include "config/validate.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace vmspawn;

std::optional<Document> valid_document(std::string text, Diagnostics& found) {
    const auto source = std::make_shared<const Source>(Source{"fuzz.vmspawn", "/fuzz/fuzz.vmspawn", std::move(text)});
    std::optional<Document> document = parse_document(source, found);
    if (document)
        validate(language(), document->root, found);
    return found.has_errors() ? std::nullopt : std::move(document);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Diagnostics found;
    std::optional<Document> document = valid_document(std::string(reinterpret_cast<const char*>(data), size), found);
    if (render(found, Colour::yes).empty() != found.empty() || render_json(found).empty())
        std::abort();
    if (!document)
        return 0;
    // Files are not opened here: what a definition includes is another definition.
    std::erase_if(document->root.entries, [](const Entry& entry) { return entry.name == "include" || entry.name == "profile"; });
    const PathBase base{"/work", "/home/fuzz"};
    const Merged merged = merge(language(), {{std::move(document->root)}, "/fuzz/fuzz.vmspawn", "fuzz.vmspawn"}, {}, found);
    (void)decode(merged, base, found);
    (void)render(found, Colour::no);
    (void)show_json(language(), merged, base);
    const std::string shown = show_toml(language(), merged, base);
    Diagnostics again;
    constexpr std::size_t largest = 65536;  // of a definition; absolute paths may make it longer than it was
    if (shown.size() <= largest && !valid_document(shown, again)) {
        std::fprintf(stderr, "%s%s", shown.c_str(), render(again, Colour::no).c_str());
        std::abort();
    }
    return 0;
}
