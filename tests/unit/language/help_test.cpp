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
    EXPECT_THAT(plan, HasSubstr("vmspawn plan [FILE] [--against=NAME] [FLAGS]\n"));
    EXPECT_THAT(plan, HasSubstr("One of text, tree, json, dot,\n                              svg, script."));
    EXPECT_THAT(plan, HasSubstr("--cpus=N"));
    const std::string check = help_text(language(), "check");
    EXPECT_THAT(check, HasSubstr("One of text, json, github,\n                              sarif."));
    EXPECT_THAT(check, Not(HasSubstr("--cpus")));
    EXPECT_THAT(help_text(language(), "completion"), HasSubstr("SHELL is one of bash, zsh, fish."));
    EXPECT_EQ(help_text(language(), "nonsense"), help_text(language()));
}

TEST(Help, OfEveryVerbHasAnExample) {
    for (const VerbEntry& verb : language().verbs()) {
        ASSERT_FALSE(verb.examples.empty()) << verb.name;
        for (const std::string& example : verb.examples) {
            EXPECT_THAT(example, HasSubstr("vmspawn " + verb.name));
            EXPECT_THAT(help_text(language(), verb.name), HasSubstr("\n  " + example + "\n"));
        }
    }
}

TEST(Help, OfSystemdVmspawnHoldsItsOwnFlags) {
    const std::string text = help_text_of_systemd_vmspawn(language());
    expect_narrow(text);
    EXPECT_TRUE(text.starts_with("systemd-vmspawn [FLAGS] [WORD…]\n"));
    for (const Setting& setting : language().settings())
        for (const Flag& flag : setting.flags)
            EXPECT_EQ(text.find(" --" + flag.long_name + (flag.argument.empty() ? "" : "=")) != std::string::npos, setting.since != "new")
                << flag.long_name;
    EXPECT_THAT(text, HasSubstr("\n  -h --help "));
    EXPECT_THAT(text, HasSubstr("\n  --bind-ro=SRC[:DST] "));
    for (const char* other : {"--set=", "--format=", "--qemu-smp", "\nVerbs:"})
        EXPECT_THAT(text, Not(HasSubstr(other)));
}

TEST(Help, AlignsDescriptions) {
    EXPECT_THAT(help_text(language(), "run"), HasSubstr("\n  -q --quiet                  Print no status lines; warnings stay.\n"));
}

}  // namespace
}  // namespace vmspawn
