#include "host/routes.hpp"

#include "base/file.hpp"

#include <charconv>
#include <net/route.h>
#include <vector>

namespace vmspawn {

namespace {

std::vector<std::string_view> fields_of(std::string_view line) {
    std::vector<std::string_view> fields;
    while (true) {
        const std::size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string_view::npos)
            return fields;
        line.remove_prefix(begin);
        const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
        fields.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
}

bool leads_somewhere(std::string_view flags) {
    unsigned value = 0;
    std::from_chars(flags.data(), flags.data() + flags.size(), value, 16);
    return (value & RTF_UP) != 0 && (value & RTF_REJECT) == 0;
}

template <class Test>
bool any_line(std::string_view table, Test test) {
    while (!table.empty()) {
        const std::size_t end = std::min(table.find('\n'), table.size());
        if (test(fields_of(table.substr(0, end))))
            return true;
        table.remove_prefix(std::min(end + 1, table.size()));
    }
    return false;
}

std::string table_at(const char* path) {
    constexpr std::size_t most = 1 << 20;
    const Result<std::string> text = read_file(path, most);
    return text ? *text : std::string();
}

}  // namespace

// Iface Destination Gateway Flags RefCnt Use Metric Mask …
bool has_default_ipv4(std::string_view table) {
    return any_line(table, [](const std::vector<std::string_view>& fields) {
        return fields.size() >= 8 && fields[1] == "00000000" && fields[7] == "00000000" && leads_somewhere(fields[3]);
    });
}

// destination prefix source prefix gateway metric refcnt use flags iface
bool has_default_ipv6(std::string_view table) {
    return any_line(table, [](const std::vector<std::string_view>& fields) {
        return fields.size() >= 10 && fields[0] == "00000000000000000000000000000000" && fields[1] == "00" && leads_somewhere(fields[8]);
    });
}

std::set<std::string> default_routes() {
    std::set<std::string> families;
    if (has_default_ipv4(table_at("/proc/net/route")))
        families.insert("ipv4");
    if (has_default_ipv6(table_at("/proc/net/ipv6_route")))
        families.insert("ipv6");
    return families;
}

}  // namespace vmspawn
