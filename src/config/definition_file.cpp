#include "config/definition_file.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <sys/stat.h>

namespace vmspawn {

namespace {

/// What toml++ 3.3 can take: its stack use grows with the parts of a key and with the depth of the tree.
constexpr std::ptrdiff_t most_dots_in_line = 512;
constexpr std::ptrdiff_t most_dots = 8192;

struct Refusal {
    std::string why;
    std::string hint;
    int error;
};

Refusal system_refusal(int error) {
    return {fmt::format("cannot be read: {}", std::strerror(error)), "", error};
}

Refusal missing(const std::filesystem::path& path) {
    Refusal refusal = system_refusal(ENOENT);
    if (const std::string near = nearly_named(path); !near.empty())
        refusal.hint = fmt::format("did you mean '{}'?", near);
    return refusal;
}

std::optional<Refusal> refuse_kind(mode_t mode) {
    if (S_ISREG(mode))
        return std::nullopt;
    if (S_ISDIR(mode))
        return Refusal{"is a directory, not a definition file", "a root directory is given with --directory=", EISDIR};
    if (S_ISBLK(mode))
        return Refusal{"is a block device, not a definition file", "a disk is given with --image=", EINVAL};
    const char* kind = S_ISFIFO(mode) ? "a FIFO" : S_ISSOCK(mode) ? "a socket" : "a device";
    return Refusal{fmt::format("is {}, not a definition file", kind), "", EINVAL};
}

/// The text, or why not. What is no regular file is not even opened: opening a device can have effects.
std::variant<std::string, Refusal> read_bounded(const std::filesystem::path& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) < 0)
        return errno == ENOENT ? missing(path) : system_refusal(errno);
    if (auto refusal = refuse_kind(status.st_mode))
        return *std::move(refusal);
    auto text = read_file(path, most_definition_bytes);
    if (text)
        return *std::move(text);
    if (text.failure().error == EFBIG)
        return Refusal{"is too large for a definition: 64 KiB at most", "a disk image is given with --image=", EFBIG};
    return system_refusal(text.failure().error);
}

Origin place(const std::shared_ptr<const Source>& source, Position at) {
    return FromFile{source, {at, {at.line, at.column + 1}}};
}

/// The first byte that is no UTF-8, or that is NUL.
std::optional<Position> find_bad_byte(std::string_view text, bool& is_nul) {
    Position at{1, 1};
    while (!text.empty()) {
        const CodePoint point = decode_utf8(text);
        if (!point.valid || point.value == 0) {
            is_nul = point.valid;
            return at;
        }
        at = point.value == '\n' ? Position{at.line + 1, 1} : Position{at.line, at.column + 1};
        text.remove_prefix(point.bytes);
    }
    return std::nullopt;
}

/// The number of the first line with too many dots; 1 when the file as a whole has too many.
std::optional<std::uint32_t> find_dots(std::string_view text) {
    if (std::ranges::count(text, '.') > most_dots)
        return 1;
    for (std::uint32_t line = 1; !text.empty(); ++line) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1);
        if (std::ranges::count(text.substr(0, end + 1), '.') > most_dots_in_line)
            return line;
        text.remove_prefix(end + 1);
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> read_definition_file(const std::filesystem::path& path, const std::string& name, const Origin& mentioned,
                                                Diagnostics& found) {
    auto outcome = read_bounded(path);
    if (const Refusal* refusal = std::get_if<Refusal>(&outcome)) {
        const bool is_mentioned = !std::holds_alternative<FromDefault>(mentioned);
        const Origin at = is_mentioned ? mentioned : FromFile{std::make_shared<Source>(Source{name, path, ""}), {}};
        const std::string summary = is_mentioned ? fmt::format("'{}' {}", name, refusal->why) : refusal->why;
        found.add(error(summary, at).with_hint(refusal->hint).with_error(refusal->error));
        return std::nullopt;
    }
    std::string text = std::get<std::string>(std::move(outcome));
    if (text.starts_with("\xEF\xBB\xBF"))
        text.erase(0, 3);
    return text;
}

bool check_text(const std::shared_ptr<const Source>& source, Diagnostics& found) {
    const std::string_view text = source->text;
    if (text.size() > most_definition_bytes) {
        found.add(error("is too large for a definition: 64 KiB at most", FromFile{source, {}}).with_error(EFBIG));
        return false;
    }
    bool is_nul = false;
    if (const auto at = find_bad_byte(text, is_nul)) {
        found.add(error(is_nul ? "a NUL byte in the text" : "the text is not valid UTF-8", place(source, *at))
                      .with_hint("a definition is a text file in UTF-8; a disk image is given with --image="));
        return false;
    }
    if (const auto line = find_dots(text)) {
        found.add(error("too many dots for a definition", place(source, {*line, 1}))
                      .with_hint(fmt::format("at most {} in a line and {} in a file", most_dots_in_line, most_dots)));
        return false;
    }
    return true;
}

}  // namespace vmspawn
