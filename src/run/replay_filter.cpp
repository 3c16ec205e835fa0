#include "run/replay_filter.hpp"

#include <utility>

namespace vmspawn {

namespace {

constexpr char escape_byte = '\033';
constexpr char bell = '\a';
constexpr char enquiry = '\005';

/// Of a control sequence: reports of status, position, size, attributes, modes, version.
bool is_asking(char final) {
    return std::string_view("cnptqx").find(final) != std::string_view::npos;
}

bool is_string(char second) {
    return std::string_view("]PX^_").find(second) != std::string_view::npos;
}

bool is_whole(std::string_view sequence) {
    const char last = sequence.back();
    if (sequence.size() < 2)
        return false;
    if (sequence[1] == '[')
        return sequence.size() > 2 && last >= 0x40 && last <= 0x7E;
    if (is_string(sequence[1]))
        return last == bell || (sequence.size() > 3 && sequence.ends_with("\033\\"));
    return last < 0x20 || last > 0x2F;
}

bool is_question(std::string_view sequence) {
    const char second = sequence[1];
    if (second == '[')
        return is_asking(sequence.back()) && !sequence.ends_with(" q") && !sequence.ends_with("!p");  // cursor's shape, soft reset
    if (second == ']')
        return sequence.find('?') != std::string_view::npos;
    return second == 'P' || second == 'Z';
}

}  // namespace

void ReplayFilter::add(char byte, std::string& shown) {
    const bool may_end_string = sequence_.size() > 1 && is_string(sequence_[1]);
    if (byte == escape_byte && !may_end_string)
        shown += rest();  // another sequence broke this one off
    sequence_ += byte;
    if (is_whole(sequence_)) {
        const std::string whole = rest();
        shown += is_question(whole) ? "" : whole;
    } else if (sequence_.size() > longest_sequence) {
        shown += rest();
    }
}

std::string ReplayFilter::pass(std::string_view bytes) {
    std::string shown;
    for (const char byte : bytes) {
        if (!sequence_.empty() || byte == escape_byte)
            add(byte, shown);
        else if (byte != enquiry)
            shown += byte;
    }
    return shown;
}

std::string ReplayFilter::rest() {
    return std::exchange(sequence_, {});
}

}  // namespace vmspawn
