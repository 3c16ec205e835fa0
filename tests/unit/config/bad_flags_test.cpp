// tests/bad/flags.txt: "$ WORDS" is a command line ('…' groups), the lines below are what vmspawn says of it. systemd-vmspawn.txt is the
// same for that name, with the exit status of each.
#include "diagnose.hpp"
#include "golden.hpp"

#include <fmt/format.h>
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

/// The stored file holds what `judge` says of each of its command lines.
template <class Judge>
void compare(const char* file, Judge judge) {
    const auto path = enter_bad_files() / file;
    const std::string stored = read_all(path);
    std::istringstream lines(stored);
    std::string said;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("#"))
            said += line + "\n";
        if (!line.starts_with("$"))
            continue;
        said += line + "\n" + judge(line) + "\n";
    }
    if (updates_golden())
        write_all(path, said);
    EXPECT_EQ(said, read_all(path)) << "to accept: UPDATE_GOLDEN=1 unit-config";
}

TEST(BadFlags, GiveTheirExactDiagnostics) {
    int cases = 0;
    compare("flags.txt", [&cases](const std::string& line) {
        const Diagnostics found = judge_command_line(split_words(line.substr(1)));
        EXPECT_TRUE(found.has_errors()) << line;
        ++cases;
        return render(found, Colour::no);
    });
    EXPECT_GE(cases, 60);
}

/// Reference B.2: each option error of systemd-vmspawn, and what it takes although it has no effect.
TEST(BadFlags, OfSystemdVmspawnGiveTheirExactDiagnostics) {
    int errors = 0, warnings = 0;
    compare("systemd-vmspawn.txt", [&](const std::string& line) {
        const Diagnostics found = judge_command_line(split_words(line.substr(1)), "systemd-vmspawn");
        EXPECT_FALSE(found.empty()) << line;
        ++(found.has_errors() ? errors : warnings);
        return fmt::format("status {}\n{}", found.status(), render(found, Colour::no));
    });
    EXPECT_GE(errors, 65);
    EXPECT_GE(warnings, 20);
}

}  // namespace
}  // namespace vmspawn
