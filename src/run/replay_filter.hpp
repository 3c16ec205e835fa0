// What a guest printed earlier, less its questions to the terminal: the guest would hear the answers as typed now.
#pragma once

#include <string>
#include <string_view>

namespace vmspawn {

/// Sequences may come in pieces. Pure.
class ReplayFilter {
public:
    std::string pass(std::string_view bytes);
    /// What was held back as it might become a question.
    std::string rest();

    static constexpr std::size_t longest_sequence = 4096;

private:
    std::string sequence_;  ///< that is not complete yet

    void add(char byte, std::string& shown);
};

}  // namespace vmspawn
