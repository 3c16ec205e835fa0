#include "base/text.hpp"
#include "language/render_help.hpp"
#include "language/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace vmspawn {
namespace {

using testing::HasSubstr;
using testing::Not;

void expect_narrow(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(display_width(line), 80U) << line;
        EXPECT_TRUE(line.empty() || line.back() != ' ') << line;
    }
}

TEST(Help, FitsEightyColumns) {
    expect_narrow(help_text(language()));
    for (const VerbEntry& verb : language().verbs())
        expect_narrow(help_text(language(), verb.name));
}

TEST(Help, NamesEveryVerbAndFlag) {
    const std::string text = help_text(language());
    for (const VerbEntry& verb : language().verbs())
        EXPECT_THAT(text, HasSubstr("\n  " + verb.name));
    for (const Setting& setting : language().settings())
        for (const Flag& flag : setting.flags)
            EXPECT_THAT(text, HasSubstr("--" + flag.long_name + (flag.argument.empty() ? "" : "=")));
}

TEST(Help, OfAVerbHoldsWhatTheVerbTakes) {
    const std::string plan = help_text(language(), "plan");
    EXPECT_THAT(plan, HasSubstr("vmspawn plan [FILE] [FLAGS]\n"));
    EXPECT_THAT(plan, HasSubstr("One of text, json, dot,\n                              script."));
    EXPECT_THAT(plan, HasSubstr("--cpus=N"));
    const std::string check = help_text(language(), "check");
    EXPECT_THAT(check, HasSubstr("One of text, json."));
    EXPECT_THAT(check, Not(HasSubstr("--cpus")));
    EXPECT_THAT(help_text(language(), "completion"), HasSubstr("SHELL is one of bash, zsh, fish."));
    EXPECT_EQ(help_text(language(), "nonsense"), help_text(language()));
}

TEST(Help, AlignsDescriptions) {
    EXPECT_THAT(help_text(language(), "run"), HasSubstr("\n  -q --quiet                  Print no status lines; warnings stay.\n"));
}

}  // namespace
}  // namespace vmspawn
