// The schema's flags and verbs hold together.
#include "language/flag_rows.hpp"
#include "language/formats.hpp"
#include "language/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace vmspawn {
namespace {

std::vector<const Flag*> all_flags() {
    std::vector<const Flag*> flags;
    for (const Setting& setting : language().settings())
        for (const Flag& flag : setting.flags)
            flags.push_back(&flag);
    for (const Section& section : language().sections())
        for (const Flag& flag : section.flags)
            flags.push_back(&flag);
    for (const CommonFlag& common : language().common_flags())
        flags.push_back(&common.flag);
    return flags;
}

TEST(Flags, NoTwoShareAName) {
    std::set<std::string> names;
    for (const Flag* flag : all_flags()) {
        EXPECT_TRUE(names.insert(flag->long_name).second) << flag->long_name;
        if (flag->short_name) {
            EXPECT_TRUE(names.insert(std::string(1, flag->short_name)).second) << flag->short_name;
        }
    }
}

TEST(Flags, AnArgumentIsNamedUnlessTheFlagIsConstant) {
    for (const Flag* flag : all_flags()) {
        EXPECT_EQ(flag->argument.empty(), flag->form == Form::constant) << flag->long_name;
        EXPECT_FALSE(flag->long_name.empty());
    }
}

TEST(Flags, WritesAKeyThatExists) {
    for (const Setting& setting : language().settings()) {
        for (const Flag& flag : setting.flags) {
            const bool is_named = std::find(setting.key.begin(), setting.key.end(), "*") != setting.key.end();
            EXPECT_EQ(flag.key.empty(), !is_named || flag.form == Form::compound) << flag.long_name;
            if (flag.key.empty())
                continue;
            const auto key = parse_key(flag.key);
            ASSERT_TRUE(key) << flag.key;
            EXPECT_EQ(language().find(*key), &setting) << flag.long_name;
        }
    }
}

TEST(Flags, AConstantIsGoodForItsKey) {
    for (const Setting& setting : language().settings())
        for (const Flag& flag : setting.flags)
            if (flag.form == Form::constant) {
                EXPECT_TRUE(setting.accepts.boolean ? parse_boolean(flag.constant).has_value()
                                                    : std::count(setting.words.begin(), setting.words.end(), flag.constant) == 1)
                    << flag.long_name;
            }
}

TEST(Flags, AListFlagWritesAList) {
    for (const Setting& setting : language().settings())
        for (const Flag& flag : setting.flags)
            EXPECT_EQ(flag.form == Form::list, setting.accepts.list) << flag.long_name;
}

/// Every option of systemd-vmspawn(1) v259, and of v260 and v261 those of the definition.
TEST(Flags, AllOfSystemdVmspawnAreThere) {
    std::set<std::string> names;
    for (const Flag* flag : all_flags())
        names.insert(flag->long_name);
    for (const char* name : {"help",
                             "version",
                             "quiet",
                             "no-pager",
                             "no-ask-password",
                             "directory",
                             "image",
                             "cpus",
                             "ram",
                             "kvm",
                             "vsock",
                             "vsock-cid",
                             "tpm",
                             "tpm-state",
                             "linux",
                             "initrd",
                             "network-tap",
                             "network-user-mode",
                             "firmware",
                             "discard-disk",
                             "secure-boot",
                             "grow-image",
                             "smbios11",
                             "notify-ready",
                             "machine",
                             "uuid",
                             "slice",
                             "property",
                             "register",
                             "keep-unit",
                             "private-users",
                             "bind",
                             "bind-ro",
                             "extra-drive",
                             "bind-user",
                             "bind-user-shell",
                             "bind-user-group",
                             "forward-journal",
                             "pass-ssh-key",
                             "ssh-key-type",
                             "console",
                             "background",
                             "set-credential",
                             "load-credential",
                             "system",
                             "user",
                             "ephemeral",
                             "image-format",
                             "image-disk-type",
                             "efi-nvram-template",
                             "efi-nvram-state",
                             "firmware-features",
                             "coco",
                             "console-transport",
                             "forward-journal-max-use",
                             "forward-journal-keep-free",
                             "forward-journal-max-file-size",
                             "forward-journal-max-files"})
        EXPECT_EQ(names.count(name), 1U) << name;
}

TEST(Flags, ShortOnesAreSystemdVmspawns) {
    std::string letters;
    for (const Flag* flag : all_flags())
        if (flag->short_name)
            letters += flag->short_name;
    std::sort(letters.begin(), letters.end());
    EXPECT_EQ(letters, "DGMShinqsx");
}

TEST(CommonFlags, NameVerbsThatExist) {
    for (const CommonFlag& common : language().common_flags())
        for (const std::string& verb : common.verbs)
            EXPECT_NE(language().find_verb(verb), nullptr) << common.flag.long_name << " " << verb;
}

TEST(CommonFlags, OverridesGoWhereSettingsGo) {
    for (const CommonFlag& common : language().common_flags()) {
        if (common.flag.long_name != "set" && common.flag.long_name != "unset" && common.flag.long_name != "profile")
            continue;
        for (const VerbEntry& verb : language().verbs())
            EXPECT_EQ(std::count(common.verbs.begin(), common.verbs.end(), verb.name) == 1, verb.takes_settings) << verb.name;
    }
}

TEST(Verbs, FormatsAreThoseOfTheFlag) {
    for (const CommonFlag& common : language().common_flags()) {
        if (common.flag.long_name != "format")
            continue;
        std::set<std::string> words;
        for (const VerbEntry& verb : language().verbs()) {
            EXPECT_EQ(std::count(common.verbs.begin(), common.verbs.end(), verb.name) == 1, !verb.formats.empty()) << verb.name;
            words.insert(verb.formats.begin(), verb.formats.end());
        }
        EXPECT_EQ(words, std::set<std::string>(common.words.begin(), common.words.end()));
    }
}

TEST(Verbs, SayWhatTheyTake) {
    for (const VerbEntry& verb : language().verbs()) {
        EXPECT_FALSE(verb.description.empty()) << verb.name;
        EXPECT_LE(verb.min_files, verb.max_files) << verb.name;
        EXPECT_EQ(verb.max_files == 0, verb.synopsis.empty()) << verb.name;
        EXPECT_EQ(verb.takes_settings, verb.synopsis.find("[FLAGS]") != std::string::npos) << verb.name;
    }
}

TEST(FlagRows, HoldEveryFlagOfASettingOnce) {
    std::set<const Flag*> shown;
    for (const FlagGroup& group : flag_groups(language()))
        for (const FlagRow& row : group.rows) {
            EXPECT_TRUE(shown.insert(row.flag).second) << row.flag->long_name;
            EXPECT_FALSE(row.description.empty()) << row.flag->long_name;
        }
    EXPECT_EQ(shown.size() + language().common_flags().size(), all_flags().size());
}

}  // namespace
}  // namespace vmspawn
