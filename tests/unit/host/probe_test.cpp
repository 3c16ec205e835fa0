#include "host/probe.hpp"

#include "fake_qemu.hpp"
#include "host/seed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/utsname.h>

namespace vmspawn {
namespace {

using testing::HasSubstr;

/// A world with an empty cache and one directory of programs besides the usual ones.
class Probe : public testing::Test {
protected:
    Probe() {
        utsname kernel{};
        uname(&kernel);
        native_ = kernel.machine;
    }

    [[nodiscard]] int runs() const {
        const std::string text = read_file(directory_ / "runs");
        return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    }

    TemporaryDirectory directory_;
    Variable cache_{"XDG_CACHE_HOME", directory_ / "cache"};
    Variable path_{"PATH", directory_.path() + ":/usr/bin:/bin"};
    std::string native_;
};

TEST_F(Probe, SecondProbeRunsNoChild) {
    const std::string qemu = fake_qemu(directory_, "qemu", native_);
    const Host first = probe({.arches = {"native"}});
    EXPECT_EQ(runs(), 1);
    EXPECT_EQ(first.qemu.at(native_).path, qemu);
    EXPECT_EQ(first.qemu.at(native_).problem, "");
    EXPECT_EQ(first.qemu.at(native_).machines, (std::map<std::string, std::string>{{"q35", "pc-q35-10.0"}}));
    const Host second = probe({.arches = {"native", native_}});
    EXPECT_EQ(runs(), 1);
    EXPECT_EQ(second.qemu.size(), 1U);
    EXPECT_EQ(second.qemu.at(native_).features, first.qemu.at(native_).features);
    EXPECT_EQ(second.qemu.at(native_).version, first.qemu.at(native_).version);
    EXPECT_EQ(second.qemu.at(native_).path, qemu);
}

TEST_F(Probe, ChangedQemuIsAskedAgain) {
    fake_qemu(directory_, "qemu", native_);
    (void)probe({.arches = {"native"}});
    std::ofstream(directory_ / "qemu", std::ios::app) << "# newer\n";
    (void)probe({.arches = {"native"}});
    EXPECT_EQ(runs(), 2);
}

TEST_F(Probe, WithoutACacheQemuIsAskedEachTime) {
    const Variable home("HOME", std::nullopt);
    const Variable none("XDG_CACHE_HOME", std::nullopt);
    fake_qemu(directory_, "qemu", native_);
    (void)probe({.arches = {"native"}});
    EXPECT_EQ(probe({.arches = {"native"}}).qemu.at(native_).problem, "");
    EXPECT_EQ(runs(), 2);
}

TEST_F(Probe, APasstSaysWhatItIs) {
    const auto answer = [] {
        Host host;
        probe_more({{Question::Kind::release, "passt --version", FromDefault{}}}, host);
        return host.programs.at("passt --version");
    };
    fake_program(directory_, "passt", "echo 'passt 2026_01_01.abc'\necho Copyright\n");
    EXPECT_EQ(answer(), "2026_01_01.abc");
    fake_program(directory_, "passt", "echo 'something else'\n");
    EXPECT_EQ(answer(), "");
    fake_program(directory_, "passt", "exit 1\n");
    EXPECT_EQ(answer(), "");
}

TEST_F(Probe, FailuresAreNotCached) {
    fake_program(directory_, "qemu", "echo no >&2\n");
    EXPECT_THAT(probe({.arches = {"native"}}).qemu.at(native_).problem, HasSubstr("no"));
    fake_qemu(directory_, "qemu", native_);
    EXPECT_EQ(probe({.arches = {"native"}}).qemu.at(native_).problem, "");
}

TEST_F(Probe, NamedBinaryIsTaken) {
    fake_qemu(directory_, "qemu", native_);
    const std::string mine = fake_qemu(directory_, "mine", native_);
    EXPECT_EQ(probe({.arches = {"native"}, .qemu_binary = mine}).qemu.at(native_).path, mine);
    const QemuFacts none = probe({.arches = {"native"}, .qemu_binary = directory_ / "none"}).qemu.at(native_);
    EXPECT_EQ(none.path, directory_ / "none");
    EXPECT_THAT(none.problem, HasSubstr("No such file"));
}

TEST_F(Probe, QemuForAnotherArchitectureIsRefused) {
    const std::string qemu = fake_qemu(directory_, "qemu-system-alpha", "sparc");
    const QemuFacts facts = probe({.arches = {"alpha"}}).qemu.at("alpha");
    EXPECT_EQ(facts.problem, "it emulates sparc, not alpha");
    EXPECT_TRUE(facts.features.empty());
}

TEST_F(Probe, NoQemuSaysWhatWasLookedFor) {
    const QemuFacts facts = probe({.arches = {"nonesuch"}}).qemu.at("nonesuch");
    EXPECT_EQ(facts.path, "");
    EXPECT_EQ(facts.problem, "there is no QEMU for nonesuch (looked for qemu-system-nonesuch)");
}

TEST_F(Probe, AnswersEveryQuestionAndTheStandingOnes) {
    directory_.write("disk", "x");
    fake_program(directory_, "tool", "");
    const Host host = probe({.questions = {{Question::Kind::file, directory_ / "disk", {}},
                                           {Question::Kind::file, directory_ / "none", {}},
                                           {Question::Kind::program, "tool", {}},
                                           {Question::Kind::program, "no-such-tool", {}}}});
    EXPECT_EQ(host.files.at(directory_ / "disk").size, 1U);
    EXPECT_EQ(host.files.at(directory_ / "none").type, FileAnswer::Type::missing);
    EXPECT_EQ(host.programs.at("tool"), directory_ / "tool");
    EXPECT_EQ(host.programs.at("no-such-tool"), "");
    EXPECT_TRUE(host.qemu.empty());
    for (const Question& question : standing_questions())
        EXPECT_TRUE(question.kind == Question::Kind::file ? host.files.contains(question.subject)
                                                          : host.programs.contains(question.subject));
}

TEST_F(Probe, TheAddressOfATapIsOfThisHost) {
    const Host host = probe({.questions = {{Question::Kind::tap_mac, "web", FromDefault{}}}, .arches = {}});
    ASSERT_TRUE(host.tap_macs && host.tap_macs->contains("web"));
    EXPECT_EQ(host.tap_macs->at("web"), tap_mac("web"));
    EXPECT_TRUE(probe({}).tap_macs) << "a record says that nobody asked";
}

TEST_F(Probe, AStateIsAskedForUpToTheDirectoryThatIsThere) {
    directory_.write("there", "");
    const Host host =
        probe({.questions = {{Question::Kind::state, directory_ / "a/b/state", {}}, {Question::Kind::state, directory_ / "there", {}}}});
    EXPECT_EQ(host.files.at(directory_ / "a/b/state").type, FileAnswer::Type::missing);
    EXPECT_EQ(host.files.at(directory_ / "a").type, FileAnswer::Type::missing);
    EXPECT_EQ(host.files.at(directory_.path()).type, FileAnswer::Type::directory);
    EXPECT_EQ(host.files.at(directory_ / "there").type, FileAnswer::Type::regular);
}

TEST_F(Probe, FirmwareIsLookedForOnlyWhenAsked) {
    const Variable config("XDG_CONFIG_HOME", directory_.path());
    std::filesystem::create_directories(directory_ / "qemu/firmware");
    directory_.write("code.fd", "code");
    const std::string descriptor = directory_.write("qemu/firmware/00-ours.json", R"({
        "description": "Ours", "interface-types": ["uefi"], "features": [], "targets": [],
        "mapping": {"device": "memory", "filename": ")" + directory_ / "code.fd" + R"("}})");
    EXPECT_FALSE(probe({}).firmware);
    const Host host = probe({.questions = {{Question::Kind::firmware, "", {}}}});
    ASSERT_TRUE(host.firmware && !host.firmware->empty());
    EXPECT_EQ(host.firmware->front().path, descriptor);
    EXPECT_EQ(host.files.at(directory_ / "code.fd").size, 4U);
    EXPECT_TRUE(host.descriptors.empty());
    const Host named = probe({.questions = {{Question::Kind::firmware, descriptor, {}}}});
    EXPECT_FALSE(named.firmware);
    EXPECT_EQ(named.descriptors.at(descriptor).description, "Ours");
    EXPECT_EQ(named.files.at(directory_ / "code.fd").size, 4U);
}

TEST_F(Probe, RealQemuHasWhatEveryQemuHas) {
    const Host host = probe({.arches = {"native"}});
    if (host.qemu.at(native_).path.empty())
        GTEST_SKIP() << "no QEMU here";
    EXPECT_EQ(host.qemu.at(native_).problem, "");
    EXPECT_TRUE(host.qemu.at(native_).features.contains("device/virtio-rng-pci"));
}

}  // namespace
}  // namespace vmspawn
