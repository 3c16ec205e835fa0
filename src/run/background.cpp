#include "run/background.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

namespace vmspawn {

namespace {

constexpr char escape = '\033';
constexpr std::size_t most_parameters = 256;  ///< parameters of a sequence that are looked at

bool ends_all(char byte) {  // CAN, SUB
    return byte == '\x18' || byte == '\x1a';
}

/// The numbers of "0;38:5:1;49": of each field the first, and whether more follow it behind colons.
struct Field {
    int number = 0;
    bool whole = false;  ///< a colour with its components in one field
};
std::vector<Field> fields_of(std::string_view parameters) {
    std::vector<Field> fields;
    for (;;) {
        const std::size_t end = std::min(parameters.find(';'), parameters.size());
        const std::string_view text = parameters.substr(0, end);
        Field field{.whole = text.find(':') != std::string_view::npos};
        std::from_chars(text.data(), text.data() + text.size(), field.number);
        fields.push_back(field);
        if (end == parameters.size())
            return fields;
        parameters.remove_prefix(end + 1);
    }
}

/// How many fields a colour takes that starts at `at`: 48;5;N or 48;2;R;G;B.
std::size_t fields_of_colour(const std::vector<Field>& fields, std::size_t at) {
    if (fields[at].whole || at + 1 >= fields.size())
        return 1;
    return fields[at + 1].number == 2 ? 5 : 3;
}

/// What SGR does to the background; nothing: it leaves it.
std::optional<bool> makes_default(std::string_view parameters) {
    std::optional<bool> result;
    const std::vector<Field> fields = fields_of(parameters);
    for (std::size_t i = 0; i < fields.size();) {
        const int number = fields[i].number;
        const bool is_colour = number == 38 || number == 48 || number == 58;
        if (number == 0 || number == 49)
            result = true;
        else if ((number >= 40 && number <= 48) || (number >= 100 && number <= 107))
            result = false;
        i += is_colour ? fields_of_colour(fields, i) : 1;
    }
    return result;
}

/// 1 to 4 hexadecimal digits, as a part of the largest such number.
std::optional<std::uint8_t> parse_component(std::string_view text) {
    unsigned value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (failure != std::errc{} || end != text.data() + text.size() || text.size() > 4)
        return std::nullopt;
    const unsigned most = (1U << (4 * text.size())) - 1;
    return static_cast<std::uint8_t>((value * 255 + most / 2) / most);
}

/// "rgb:RRRR/GGGG/BBBB", "rgba:…"
std::optional<Colour8> parse_colour(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || !text.starts_with("rgb"))
        return std::nullopt;
    text.remove_prefix(colon + 1);
    std::array<std::uint8_t, 3> components{};
    for (std::uint8_t& component : components) {
        const std::size_t end = std::min(text.find('/'), text.size());
        const auto value = parse_component(text.substr(0, end));
        if (!value)
            return std::nullopt;
        component = *value;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return Colour8{components[0], components[1], components[2]};
}

struct Match {
    enum class Kind { none, partial, whole } kind = Kind::none;
    std::size_t size = 0;
    std::optional<Colour8> colour{};
};

/// An answer at the start of `text`, which starts with an escape.
Match match_answer(std::string_view text) {
    constexpr std::string_view start = "\033]11;";
    constexpr std::size_t most = 64;
    const std::size_t known = std::min(text.size(), start.size());
    if (text.substr(0, known) != start.substr(0, known))
        return {};
    for (std::size_t i = start.size(); i < text.size() && i < most; ++i) {
        const std::string_view value = text.substr(start.size(), i - start.size());
        if (text[i] == '\a')
            return {Match::Kind::whole, i + 1, parse_colour(value)};
        if (text[i] == escape && i + 1 < text.size())
            return text[i + 1] == '\\' ? Match{Match::Kind::whole, i + 2, parse_colour(value)} : Match{};
        if (text[i] != escape && (text[i] < ' ' || text[i] > '~'))
            return {};
    }
    return text.size() < most ? Match{Match::Kind::partial} : Match{};
}

}  // namespace

void BackgroundFilter::set(std::string parameters) {
    shown_ = parameters.empty() ? "" : "\033[" + std::move(parameters) + "m";
    due_ = true;
}

void BackgroundFilter::pass(std::string_view bytes, std::string& out) {
    while (!bytes.empty()) {
        if (state_ == State::text) {
            bytes = pass_text(bytes, out);
        } else {
            pass_control(bytes.front(), out);
            bytes.remove_prefix(1);
        }
    }
}

/// Returns what comes behind the next escape.
std::string_view BackgroundFilter::pass_text(std::string_view bytes, std::string& out) {
    if (due_) {
        // not into the middle of a character
        const auto whole = std::ranges::find_if(bytes, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; });
        const auto rest = static_cast<std::size_t>(whole - bytes.begin());
        out += bytes.substr(0, rest);
        bytes.remove_prefix(rest);
        if (bytes.empty())
            return bytes;
        due_ = false;
        if (is_default_)
            show_again(out);
        if (untouched_ && !shown_.empty())
            out += "\033[J";  // what is below takes the colour, too
    }
    untouched_ = false;
    const std::size_t end = bytes.find(escape);
    if (end == std::string_view::npos) {
        out += bytes;
        return {};
    }
    out += bytes.substr(0, end + 1);
    state_ = State::escape;
    return bytes.substr(end + 1);
}

void BackgroundFilter::pass_control(char byte, std::string& out) {
    out += byte;
    if (ends_all(byte)) {
        state_ = State::text;
    } else if (byte == escape) {
        const bool in_text = state_ == State::text_of_sequence || state_ == State::end_of_text;
        state_ = in_text ? State::end_of_text : State::escape;
    } else if (state_ == State::text_of_sequence) {
        if (byte == '\a')
            state_ = State::text;
    } else if (state_ == State::sequence) {
        if (byte >= '@' && byte <= '~')
            end_sequence(byte, out);
        else if (parameters_.size() < most_parameters)
            parameters_ += byte;
    } else {
        leave_escape(byte, out);
    }
}

/// The byte behind an escape; behind one that ends the text of a sequence all but a backslash start something new.
void BackgroundFilter::leave_escape(char byte, std::string& out) {
    constexpr std::string_view with_text = "]PX^_";
    if (byte >= ' ' && byte <= '/')
        return;  // more is to come
    state_ = State::text;
    if (byte == '[') {
        state_ = State::sequence;
        parameters_.clear();
    } else if (with_text.find(byte) != std::string_view::npos) {
        state_ = State::text_of_sequence;
    } else if (byte == 'c') {  // a reset of all
        is_default_ = true;
        show_again(out);
    }
}

void BackgroundFilter::end_sequence(char final, std::string& out) {
    state_ = State::text;
    const bool is_plain = parameters_.find_first_not_of("0123456789;:") == std::string::npos;
    const bool soft_reset = final == 'p' && parameters_ == "!";
    const std::optional<bool> now = final == 'm' && is_plain ? makes_default(parameters_) : soft_reset ? std::optional(true) : std::nullopt;
    if (!now)
        return;
    is_default_ = *now;
    if (is_default_ && !due_)
        show_again(out);
}

void BackgroundFilter::show_again(std::string& out) {
    out += shown_;
}

std::string green_tint(Colour8 own) {
    constexpr double towards_blue = 130.0 / 60 - 2;  // a hue of 130 degrees, counted in sixths from green
    constexpr double least = 0.16;
    const double own_value = std::max({own.red, own.green, own.blue}) / 255.0;
    const bool is_dark = own_value <= 0.5;
    const double value = is_dark ? std::max(own_value, least) : own_value;
    const double chroma = value * (is_dark ? 0.75 : 0.25);
    const double low = value - chroma;
    const double between = low + chroma * towards_blue;
    return fmt::format("48;2;{:.0f};{:.0f};{:.0f}", low * 255, value * 255, between * 255);
}

std::optional<Colour8> BackgroundAnswer::typed(std::string& bytes) {
    if (answered_)
        return std::nullopt;
    bytes.insert(0, std::exchange(held_, ""));
    for (std::size_t at = bytes.find(escape); at != std::string::npos; at = bytes.find(escape, at + 1)) {
        const Match match = match_answer(std::string_view(bytes).substr(at));
        if (match.kind == Match::Kind::whole) {
            answered_ = true;
            bytes.erase(at, match.size);
            return match.colour;
        }
        if (match.kind == Match::Kind::partial && waits_) {
            held_ = bytes.substr(at);
            bytes.erase(at);
            return std::nullopt;
        }
    }
    return std::nullopt;
}

std::string BackgroundAnswer::stop_waiting() {
    waits_ = false;
    return std::exchange(held_, "");
}

}  // namespace vmspawn
