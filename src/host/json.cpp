#include "host/json.hpp"

namespace vmspawn {

std::optional<nlohmann::json> parse_json(std::string_view text, int depth) {
    // the parser takes a NUL for the end of the text
    if (text.size() > json_size_limit || text.find('\0') != std::string_view::npos)
        return std::nullopt;
    struct TooDeep {};
    const auto bound = [depth](int level, nlohmann::json::parse_event_t, nlohmann::json&) {
        if (level > depth)
            throw TooDeep{};
        return true;
    };
    try {
        auto parsed = nlohmann::json::parse(text, bound, false);
        if (parsed.is_discarded())
            return std::nullopt;
        return parsed;
    } catch (const TooDeep&) {
        return std::nullopt;
    } catch (const nlohmann::json::exception&) {  // a number too large for a double is thrown all the same
        return std::nullopt;
    }
}

}  // namespace vmspawn
