#include "host/version_order.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace vmspawn {

namespace {

bool counts(char c) {
    return is_digit(c) || is_letter(c) || c == '~' || c == '-' || c == '^' || c == '.';
}

char first_of(std::string_view text) {
    return text.empty() ? '\0' : text.front();
}

int sign(int value) {
    return (value > 0) - (value < 0);
}

template <class Is>
std::string_view take_while(std::string_view& text, Is is) {
    const auto* const end = std::find_if_not(text.begin(), text.end(), is);
    const std::string_view taken = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(taken.size());
    return taken;
}

int compare_sizes(std::string_view a, std::string_view b) {
    return (a.size() > b.size()) - (a.size() < b.size());
}

/// Numbers of any length: a missing one is the oldest, leading zeros do not count.
int compare_numbers(std::string_view& a, std::string_view& b) {
    std::string_view left = take_while(a, is_digit);
    std::string_view right = take_while(b, is_digit);
    if (left.empty() != right.empty())
        return left.empty() ? -1 : 1;
    left.remove_prefix(std::min(left.find_first_not_of('0'), left.size()));
    right.remove_prefix(std::min(right.find_first_not_of('0'), right.size()));
    const int by_size = compare_sizes(left, right);
    return by_size != 0 ? by_size : sign(left.compare(right));
}

int compare_words(std::string_view& a, std::string_view& b) {
    const std::string_view left = take_while(a, is_letter);
    const std::string_view right = take_while(b, is_letter);
    const std::size_t common = std::min(left.size(), right.size());
    const int by_text = sign(left.substr(0, common).compare(right.substr(0, common)));
    return by_text != 0 ? by_text : compare_sizes(left, right);
}

/// The one that goes on with `mark` is the older; when both do, the mark is passed.
int compare_mark(std::string_view& a, std::string_view& b, char mark) {
    const bool left = first_of(a) == mark;
    const bool right = first_of(b) == mark;
    if (left != right)
        return left ? -1 : 1;
    if (left) {
        a.remove_prefix(1);
        b.remove_prefix(1);
    }
    return 0;
}

}  // namespace

int compare_versions(std::string_view a, std::string_view b) {
    while (true) {
        take_while(a, [](char c) { return !counts(c); });
        take_while(b, [](char c) { return !counts(c); });
        if (const int order = compare_mark(a, b, '~'))
            return order;
        if (a.empty() || b.empty())
            return compare_sizes(a, b);
        for (const char mark : {'-', '^', '.'})
            if (const int order = compare_mark(a, b, mark))
                return order;
        const bool number = is_digit(first_of(a)) || is_digit(first_of(b));
        if (const int order = number ? compare_numbers(a, b) : compare_words(a, b))
            return order;
    }
}

}  // namespace vmspawn
