#include "config/not_yet.hpp"

#include "definition.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cerrno>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Keys under the carets of what is refused.
std::vector<std::string> refused(const std::string& text, const std::vector<std::string>& flags = {}) {
    Diagnostics found;
    refuse_not_yet(merged(text, flags), found);
    std::vector<std::string> keys;
    for (const Diagnostic& problem : found) {
        EXPECT_NE(problem.summary.find("not supported yet"), std::string::npos) << problem.summary;
        EXPECT_NE(problem.hint, "");
        EXPECT_EQ(problem.error, EOPNOTSUPP);
        keys.push_back(problem.summary.substr(0, problem.summary.find(' ')));
    }
    return keys;
}

// The list that each later issue shortens. A key that works is taken out here and in not_yet.cpp.
TEST(NotYet, TheseKeysWaitForLaterIssues) {
    std::vector<std::string> keys;
    for (const NotYet& row : not_yet())
        keys.emplace_back(row.key);
    EXPECT_THAT(keys, ElementsAre("console.background"));
}

TEST(NotYet, EachRowIsAKeyAndItsWordsAreGood) {
    for (const NotYet& row : not_yet()) {
        KeyPath key = *parse_key([&row] {
            std::string text(row.key);
            std::ranges::replace(text, '*', 'a');
            return text;
        }());
        const Setting* setting = language().find(key);
        ASSERT_NE(setting, nullptr) << row.key;
        for (const std::string_view word : row.allowed) {
            Diagnostics found;
            EXPECT_TRUE(value_from_text(*setting, key, std::string(word), FromDefault{}, found)) << row.key << " = " << word;
        }
    }
}

TEST(NotYet, DefaultsAreNeverRefused) {
    EXPECT_THAT(refused("[image]\npath = \"a\"\n[network.n]\n[drive.d]\npath = \"b\"\n"), IsEmpty());
}

TEST(NotYet, ValuesThatAskForNothingMissingAreFine) {
    EXPECT_THAT(refused(R"(
arch = "native"
[image]
path = "a"
format = "qcow2"
disk-type = "nvme"
ephemeral = true
[boot]
firmware = "bios"
secure-boot = false
nvram-state = "off"
confidential = "no"
[tpm]
enabled = "auto"
state = "off"
[vsock]
enabled = false
[network.n]
kind = "user"
[console]
mode = "native"
background = ""
[unit]
register = false
[ready]
notify = false
)"),
                IsEmpty());
}

TEST(NotYet, AllOfAFullDefinitionIsRefusedAtOnce) {
    EXPECT_THAT(refused(std::string(full_definition)), ElementsAre("console.background"));
}

TEST(NotYet, TheCaretIsUnderTheValue) {
    Diagnostics found;
    refuse_not_yet(merged("[console]\nbackground = \"41\"\n"), found);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.begin()->summary, "console.background = \"41\" is not supported yet");
    EXPECT_EQ(std::get<FromFile>(found.begin()->at).span, (Span{{2, 14}, {2, 18}}));
}

}  // namespace
}  // namespace vmspawn
