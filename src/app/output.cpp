#include "app/output.hpp"

#include "base/result.hpp"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace vmspawn {

Colour wanted_colour(int fd) {
    if (const char* said = std::getenv("SYSTEMD_COLORS"))
        return std::string_view(said) == "0" || std::string_view(said) == "no" || std::string_view(said) == "false" ? Colour::no
                                                                                                                    : Colour::yes;
    const char* no_colour = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    const bool plain = (no_colour != nullptr && *no_colour != '\0') || terminal == nullptr || std::string_view(terminal) == "dumb";
    return !plain && ::isatty(fd) == 1 ? Colour::yes : Colour::no;
}

int print(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
        return 0;
    const Failure failure = failed("write standard output");
    return complain(to_string(failure), failure.error);
}

int report(Diagnostics found, std::string_view format) {
    found.sort_by_place();
    if (format == "json")
        std::fputs(found.empty() ? "" : render_json(found).c_str(), stderr);
    else
        std::fputs(render(found, wanted_colour(STDERR_FILENO)).c_str(), stderr);
    return found.status();
}

int complain(std::string_view text, int status) {
    std::fprintf(stderr, "vmspawn: %.*s\n", static_cast<int>(text.size()), text.data());
    return status;
}

}  // namespace vmspawn
