// tests/bad/flags.txt: "$ WORDS" is a command line ('…' groups), the lines below are what vmspawn says of it.
#include "diagnose.hpp"
#include "golden.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

/// Words with blanks between them; 'single quotes' hold blanks.
std::vector<std::string> split_words(const std::string& line) {
    std::vector<std::string> words;
    bool in_quotes = false, is_open = false;
    for (const char c : line) {
        if (c == '\'') {
            in_quotes = !in_quotes;
            if (!is_open)
                words.emplace_back();
            is_open = true;
        } else if (c == ' ' && !in_quotes) {
            is_open = false;
        } else {
            if (!is_open)
                words.emplace_back();
            is_open = true;
            words.back() += c;
        }
    }
    return words;
}

TEST(BadFlags, GiveTheirExactDiagnostics) {
    const auto path = enter_bad_files() / "flags.txt";
    const std::string stored = read_all(path);
    std::istringstream lines(stored);
    std::string said;
    int cases = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("#"))
            said += line + "\n";
        if (!line.starts_with("$"))
            continue;
        const Diagnostics found = judge_command_line(split_words(line.substr(1)));
        EXPECT_TRUE(found.has_errors()) << line;
        said += line + "\n" + render(found, Colour::no) + "\n";
        ++cases;
    }
    EXPECT_GE(cases, 60);
    if (updates_golden())
        write_all(path, said);
    EXPECT_EQ(said, read_all(path)) << "to accept: UPDATE_GOLDEN=1 unit-config";
}

}  // namespace
}  // namespace vmspawn
