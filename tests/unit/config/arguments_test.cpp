#include "config/arguments.hpp"

#include "base/render.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Parsed {
    Invocation invocation;
    Diagnostics found;
};

Parsed parse(std::vector<const char*> words) {
    words.insert(words.begin(), "vmspawn");
    Parsed out;
    out.invocation = parse_arguments(language(), words, out.found);
    EXPECT_TRUE(out.found.empty()) << render(out.found, Colour::no);
    return out;
}

/// "set cpus = 4", one line each
std::vector<std::string> overrides(std::vector<const char*> flags) {
    flags.insert(flags.begin(), "run");
    std::vector<std::string> out;
    for (const Override& each : parse(flags).invocation.overrides) {
        const char* how[] = {"set ", "append ", "clear ", "unset "};
        const bool has_value = each.how == Override::How::set || each.how == Override::How::append;
        out.push_back(how[static_cast<int>(each.how)] + to_string(each.key) + (has_value ? " = " + to_toml(each.value) : ""));
    }
    return out;
}

/// The marked part of an origin.
std::string marked(const Origin& at) {
    const auto& argument = std::get<FromArgument>(at);
    return argument.text.substr(argument.begin, argument.end - argument.begin);
}

TEST(Arguments, VerbAndFile) {
    const Invocation got = parse({"run", "dev.vmspawn"}).invocation;
    EXPECT_EQ(got.verb, "run");
    EXPECT_THAT(got.files, ElementsAre("dev.vmspawn"));
    EXPECT_THAT(got.overrides, IsEmpty());
}

/// As a shell does with blanks, single quotes and what goes to a file.
std::vector<std::string> words_of_shell(std::string line) {
    line.resize(std::min(line.find(" >"), line.size()));
    std::vector<std::string> words(1);
    bool is_quoted = false;
    for (const char letter : line) {
        if (letter == '\'')
            is_quoted = !is_quoted;
        else if (letter == ' ' && !is_quoted)
            words.emplace_back();
        else
            words.back() += letter;
    }
    return words;
}

TEST(Arguments, ExamplesOfTheHelpAreTaken) {
    for (const VerbEntry& verb : language().verbs())
        for (const std::string& example : verb.examples) {
            const std::vector<std::string> words = words_of_shell(example.substr(example.find("vmspawn " + verb.name)));
            if (!example.starts_with("vmspawn"))
                continue;  // another program's line that has one of ours in it
            std::vector<const char*> argv;
            for (std::size_t i = 1; i < words.size(); ++i)
                argv.push_back(words[i].c_str());
            EXPECT_EQ(parse(argv).invocation.verb, verb.name == "help" ? "run" : verb.name) << example;
        }
}

TEST(Arguments, FileStandsBeforeOrAfterFlags) {
    EXPECT_THAT(parse({"run", "--cpus=4", "dev.vmspawn", "-q"}).invocation.files, ElementsAre("dev.vmspawn"));
    EXPECT_THAT(parse({"check", "a", "-q", "b", "c"}).invocation.files, ElementsAre("a", "b", "c"));
    EXPECT_THAT(parse({"run", "-q", "-"}).invocation.files, ElementsAre("-"));
}

TEST(Arguments, QuestionsNeedNoVerb) {
    EXPECT_TRUE(parse({"--help"}).invocation.help);
    EXPECT_TRUE(parse({"-h"}).invocation.help);
    EXPECT_TRUE(parse({"--version"}).invocation.version);
    EXPECT_EQ(parse({"--help"}).invocation.verb, "");
}

TEST(Arguments, HelpOfAVerb) {
    for (const auto& words : {std::vector{"help", "run"}, std::vector{"run", "--help"}, std::vector{"run", "-h", "a", "b", "c"}}) {
        const Invocation got = parse(words).invocation;
        EXPECT_TRUE(got.help);
        EXPECT_EQ(got.verb, "run");
    }
    EXPECT_TRUE(parse({"help"}).invocation.help);
    EXPECT_EQ(parse({"help"}).invocation.verb, "");
}

TEST(Arguments, CommonFlags) {
    const Invocation got = parse({"plan", "-q", "--no-pager", "--format=json", "--host", "h.json", "--profile=ci", "a"}).invocation;
    EXPECT_TRUE(got.quiet && got.no_pager);
    EXPECT_FALSE(got.no_ask_password);
    EXPECT_EQ(got.format, "json");
    EXPECT_EQ(got.host, "h.json");
    EXPECT_EQ(got.profile, "ci");
    EXPECT_EQ(marked(got.profile_at), "ci");
    EXPECT_EQ(parse({"run", "--profile=a", "--profile=b"}).invocation.profile, "b");
}

TEST(Arguments, AnExportHasATarget) {
    const Invocation got = parse({"export", "a", "--to=libvirt", "--strict", "--cpus=2"}).invocation;
    EXPECT_EQ(got.target, "libvirt");
    EXPECT_TRUE(got.strict);
    EXPECT_FALSE(parse({"export", "a", "--to", "libvirt"}).invocation.strict);
    EXPECT_TRUE(parse({"show", "--effective"}).invocation.effective);
    EXPECT_EQ(parse({"init", "a", "--template=ci"}).invocation.definition_kind, "ci");
}

TEST(Arguments, AbbreviationsThatAreUnique) {
    EXPECT_THAT(overrides({"--cpu=4", "--dir=x"}), ElementsAre("set cpus = 4", "set image.directory = \"x\""));
    EXPECT_THAT(overrides({"--bind=/a"}), ElementsAre("set mount.cli0.source = \"/a\""));
}

TEST(Arguments, ShortFlags) {
    EXPECT_THAT(overrides({"-Mdev", "-i", "a.raw", "-xn", "-qG2G"}),
                ElementsAre("set name = \"dev\"", "set image.path = \"a.raw\"", "set image.ephemeral = true",
                            "set network.default.kind = \"tap\"", "set image.grow = \"2G\""));
}

TEST(Arguments, SomeWordsOfFlagsAskInsteadOfSetting) {
    EXPECT_EQ(parse({"run", "--cpus=2"}).invocation.inquiry, Inquiry::none);
    EXPECT_EQ(parse({"run", "--firmware=list"}).invocation.inquiry, Inquiry::firmware_list);
    EXPECT_EQ(parse({"run", "--firmware-features", "list"}).invocation.inquiry, Inquiry::firmware_features);
    const Invocation described = parse({"run", "--secure-boot=yes", "--firmware=describe", "--firmware=uefi"}).invocation;
    EXPECT_EQ(described.inquiry, Inquiry::firmware_description);
    EXPECT_EQ(described.overrides.size(), 2U);
}

TEST(Arguments, ConstantFlags) {
    EXPECT_THAT(overrides({"--system", "--user", "--keep-unit", "--network-user-mode"}),
                ElementsAre("set unit.scope = \"system\"", "set unit.scope = \"user\"", "set unit.keep = true",
                            "set network.default.kind = \"user\""));
}

TEST(Arguments, WordsAfterTheDashesAreForTheKernel) {
    const Invocation got = parse({"run", "a", "--", "quiet", "--cpus=3", "a b", "--"}).invocation;
    EXPECT_THAT(got.files, ElementsAre("a"));
    EXPECT_EQ(got.overrides.size(), 4U);
    EXPECT_THAT(overrides({"--", "quiet", "-x"}), ElementsAre("append boot.cmdline = [\"quiet\"]", "append boot.cmdline = [\"-x\"]"));
    EXPECT_THAT(overrides({"--"}), IsEmpty());
}

TEST(Arguments, OriginsMarkTheValue) {
    const Invocation got = parse({"run", "--cpus", "4", "--ram=1G:2G:3", "-Mdev"}).invocation;
    ASSERT_EQ(got.overrides.size(), 5U);
    EXPECT_EQ(marked(got.overrides[0].key_at), "--cpus");
    EXPECT_EQ(marked(got.overrides[0].value.at), "4");
    EXPECT_EQ(std::get<FromArgument>(got.overrides[0].value.at).text, "--cpus 4");
    EXPECT_EQ(std::get<FromArgument>(got.overrides[0].value.at).index, 2);
    EXPECT_EQ(marked(got.overrides[2].value.at), "2G");
    EXPECT_EQ(marked(got.overrides[3].value.at), "3");
    EXPECT_EQ(marked(got.overrides[4].value.at), "dev");
    EXPECT_EQ(std::get<FromArgument>(got.overrides[4].value.at).index, 5);
}

TEST(Arguments, AnEmptyValueBringsTheDefaultBack) {
    EXPECT_THAT(overrides({"--image=", "--kvm=", "--vsock-cid=", "--grow-image=", "--machine=", "--cpus="}),
                ElementsAre("unset image.path", "unset kvm", "unset vsock.cid", "unset image.grow", "unset name", "unset cpus"));
    EXPECT_THAT(overrides({"--background="}), ElementsAre("set console.background = \"\""));
}

TEST(Arguments, AnEmptyValueClearsAList) {
    EXPECT_THAT(overrides({"--initrd=a", "--initrd=", "--initrd=b", "-s", ""}),
                ElementsAre("append boot.initrd = [\"a\"]", "clear boot.initrd", "append boot.initrd = [\"b\"]", "clear smbios"));
    EXPECT_THAT(overrides({"--bind=", "--extra-drive=", "--set-credential=", "--firmware-features="}),
                ElementsAre("clear mount", "clear drive", "clear credentials", "clear boot.firmware-features"));
}

TEST(Arguments, ListsAreTakenAsTheyAre) {
    EXPECT_THAT(overrides({"--initrd=[x]", "--qemu-arg=-a,b", "--firmware-features=a,~b", "--property=A=b=c"}),
                ElementsAre("append boot.initrd = [\"[x]\"]", "append qemu.extra = [\"-a,b\"]",
                            "append boot.firmware-features = [\"a\", \"~b\"]", "append unit.properties = [\"A=b=c\"]"));
}

TEST(Arguments, ManyCallsInARow) {
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(overrides({"-xqMdev", "--cpus=2", "--", "w"}).size(), 4U);
        EXPECT_EQ(parse({"check", "a"}).invocation.files.size(), 1U);
    }
}

TEST(Arguments, EveryFlagOfTheLanguageIsKnown) {
    const auto is_refused = [](const std::string& flag) {
        const std::string word = flag + "=no-such-value";
        const std::vector<const char*> argv = {"vmspawn", "run", word.c_str()};
        Diagnostics found;
        parse_arguments(language(), argv, found);
        return std::ranges::any_of(found, [](const Diagnostic& each) { return each.summary.starts_with("unknown flag"); });
    };
    for (const Setting& setting : language().settings())
        for (const Flag& flag : setting.flags)
            EXPECT_FALSE(is_refused("--" + flag.long_name)) << flag.long_name;
    for (const CommonFlag& common : language().common_flags())
        EXPECT_FALSE(is_refused("--" + common.flag.long_name)) << common.flag.long_name;
    EXPECT_TRUE(is_refused("--no-such-flag"));
}

TEST(Arguments, NoSecretIsInAnyOrigin) {
    const Invocation got =
        parse({"run", "--set-credential=a:hunter2", "--set", "credentials.b=hunter2", "--set=credentials.c={base64='aHVudGVyMg=='}"})
            .invocation;
    EXPECT_EQ(got.overrides.size(), 3U);
    for (const Override& each : got.overrides)
        for (const Origin& at : {each.key_at, each.value.at}) {
            EXPECT_EQ(to_string(at).find("hunter2"), std::string::npos);
            EXPECT_EQ(to_string(at).find("aHVudGVyMg"), std::string::npos);
        }
}

}  // namespace
}  // namespace vmspawn
