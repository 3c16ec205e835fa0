#include "host/boot_entry.hpp"

#include "host/version_order.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <tuple>

namespace vmspawn {

namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n\v\f";
    const std::size_t begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos)
        return {};
    return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

/// Calls use(line) for every line, without its end.
template <class Use>
void each_line(std::string_view text, Use use) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        use(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

/// "key value": calls use(key, value) for every line that is neither empty nor a comment.
template <class Use>
void each_setting(std::string_view text, Use use) {
    each_line(text, [&](std::string_view line) {
        line = trimmed(line);
        if (line.empty() || line.front() == '#')
            return;
        const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
        use(line.substr(0, end), trimmed(line.substr(end)));
    });
}

void add_words(std::string& options, std::string_view more) {
    if (!options.empty() && !more.empty())
        options += ' ';
    options += more;
}

void set_text(EntryText& read, std::string_view key, std::string_view value) {
    BootEntry& entry = read.entry;
    const std::pair<std::string_view, std::string*> texts[] = {
        {"title", &entry.title},      {"sort-key", &entry.sort_key},
        {"version", &entry.version},  {"machine-id", &entry.machine_id},
        {"linux", &read.linux_image}, {"efi", &read.efi},
        {"uki", &read.efi},           {"devicetree", &read.devicetree},
    };
    for (const auto& [name, into] : texts)
        if (key == name)
            *into = value;
}

/// Digits up to the limit that boot loaders have, a signed number of 32 bits; none when it is not such a number.
std::optional<unsigned> read_counter(std::string_view digits) {
    unsigned value = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (problem != std::errc() || end != digits.data() + digits.size() || value > unsigned{std::numeric_limits<int>::max()})
        return std::nullopt;
    return value;
}

/// A value of os-release: quotes of either kind around it, and backslashes before what a shell would take.
std::string unquoted(std::string_view value) {
    value = trimmed(value);
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
        value = value.substr(1, value.size() - 2);
    std::string text;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\' && i + 1 < value.size())
            ++i;
        text += value[i];
    }
    return text;
}

std::string first_known(const std::map<std::string, std::string, std::less<>>& fields, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names)
        if (const auto found = fields.find(name); found != fields.end() && !found->second.empty())
            return found->second;
    return {};
}

bool comes_first(const BootEntry& a, const BootEntry& b) {
    const auto rank = [](const BootEntry& entry) {
        return std::tuple(entry.kind == BootEntry::Kind::package, entry.tries_left == 0U, entry.sort_key.empty());
    };
    if (rank(a) != rank(b))
        return rank(a) < rank(b);
    if (!a.sort_key.empty()) {
        if (std::tie(a.sort_key, a.machine_id) != std::tie(b.sort_key, b.machine_id))
            return std::tie(a.sort_key, a.machine_id) < std::tie(b.sort_key, b.machine_id);
        if (const int order = compare_versions(a.version, b.version))
            return order > 0;
    }
    if (const int order = compare_versions(a.id, b.id))
        return order > 0;
    if (a.tries_left != b.tries_left)
        return a.tries_left.value_or(0) > b.tries_left.value_or(0);
    return a.tries_done.value_or(0) < b.tries_done.value_or(0);
}

}  // namespace

EntryText parse_boot_entry(std::string_view text) {
    EntryText read;
    each_setting(text, [&](std::string_view key, std::string_view value) {
        if (value.empty())
            return;
        if (key == "options")
            add_words(read.entry.options, value);
        else if (key == "initrd")
            read.initrds.emplace_back(value);
        else if (key == "architecture")
            read.entry.architecture = arch_of_efi_name(value);
        else
            set_text(read, key, value);
    });
    return read;
}

std::string default_of_loader(std::string_view text) {
    std::string pattern;
    each_setting(text, [&](std::string_view key, std::string_view value) {
        if (key == "default")
            pattern = value;
    });
    return pattern;
}

void read_entry_name(std::string_view name, BootEntry& entry) {
    entry.id = name;
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos)
        return;
    const std::string_view stem = name.substr(0, dot);
    const std::size_t plus = stem.rfind('+');
    if (plus == std::string_view::npos)
        return;
    const std::string_view counters = stem.substr(plus + 1);
    const std::size_t minus = counters.find('-');
    const std::optional<unsigned> left = read_counter(counters.substr(0, minus));
    const std::optional<unsigned> done = minus == std::string_view::npos ? std::nullopt : read_counter(counters.substr(minus + 1));
    if (!left || (minus != std::string_view::npos && !done))
        return;
    entry.id = std::string(stem.substr(0, plus)) + std::string(name.substr(dot));
    entry.tries_left = left;
    entry.tries_done = done;
}

void read_os_release(std::string_view text, BootEntry& entry) {
    std::map<std::string, std::string, std::less<>> fields;
    each_line(text, [&](std::string_view line) {
        line = trimmed(line);
        const std::size_t equals = line.find('=');
        if (equals != std::string_view::npos && line.front() != '#')
            fields[std::string(line.substr(0, equals))] = unquoted(line.substr(equals + 1));
    });
    entry.title = first_known(fields, {"PRETTY_NAME", "IMAGE_ID", "NAME", "ID"});
    entry.version = first_known(fields, {"IMAGE_VERSION", "VERSION", "VERSION_ID", "BUILD_ID"});
    entry.sort_key = first_known(fields, {"IMAGE_ID", "ID"});
}

void sort_boot_entries(std::vector<BootEntry>& entries) {
    std::ranges::stable_sort(entries, comes_first);
}

std::string arch_of_efi_name(std::string_view name) {
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    constexpr std::pair<std::string_view, std::string_view> names[] = {{"x64", "x86_64"}, {"aa64", "aarch64"}, {"ia32", "i386"}};
    for (const auto& [efi, ours] : names)
        if (lower == efi)
            return std::string(ours);
    return lower;
}

}  // namespace vmspawn
