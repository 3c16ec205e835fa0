#include "host/virtiofsd.hpp"

#include "fake_qemu.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FindVirtiofsd : public testing::Test {
protected:
    void SetUp() override {
        for (const char* name : {"user", "etc", "bin"})
            std::filesystem::create_directory(directory_ / name);
        binary_ = fake_program(directory_, "bin/mine", "");
    }
    std::string find() { return find_virtiofsd({directory_ / "none", directory_ / "user", directory_ / "etc"}); }
    void describe(const std::string& name, const std::string& binary, const std::string& type = "fs") {
        directory_.write(name, R"({"type": ")" + type + R"(", "binary": ")" + binary + R"("})");
    }

    TemporaryDirectory directory_;
    std::string binary_;
};

TEST_F(FindVirtiofsd, FirstByNameWhoseBinaryIsThere) {
    describe("etc/50-good.json", binary_);
    describe("etc/10-gpu.json", directory_ / "bin/gpu", "gpu");
    describe("etc/20-gone.json", "/no/such/virtiofsd");
    describe("etc/30-relative.json", "virtiofsd");
    directory_.write("etc/40-broken.json", "{");
    directory_.write("etc/45-number.json", R"({"type": "fs", "binary": 7})");
    directory_.write("etc/05-text.txt", "");
    EXPECT_EQ(find(), binary_);
}

TEST_F(FindVirtiofsd, EarlierDirectoryHidesTheSameName) {
    describe("etc/50-a.json", "/bin/sh");
    describe("user/50-a.json", binary_);
    EXPECT_EQ(find(), binary_);
    directory_.write("user/50-a.json", "");
    EXPECT_NE(find(), "/bin/sh") << "an empty file masks";
}

TEST(ProbeVirtiofsd, ReadsOptionsAndVersion) {
    const TemporaryDirectory directory;
    setenv("XDG_CACHE_HOME", (directory / "cache").c_str(), 1);
    const std::string modern = fake_program(
        directory, "modern", "case $1 in --version) echo virtiofsd 1.13.2;; *) echo '  --shared-dir <D>'; echo '  --readonly';; esac");
    const std::string old = fake_program(
        directory, "old", "case $1 in -*version) echo 'virtiofsd version 7.2.22 (Debian 1:7.2)';; *) echo '-o source=PATH' >&2;; esac");
    EXPECT_EQ(probe_virtiofsd(modern).version, "1.13.2");
    EXPECT_THAT(probe_virtiofsd(modern).features, ElementsAre("readonly", "shared-dir"));
    EXPECT_EQ(probe_virtiofsd(old).version, "7.2.22");
    EXPECT_THAT(probe_virtiofsd(old).features, IsEmpty());
    EXPECT_EQ(probe_virtiofsd("").path, "");
    EXPECT_EQ(probe_virtiofsd(fake_program(directory, "broken", "exit 1")).version, "");
    unsetenv("XDG_CACHE_HOME");
}

TEST(IdGrants, ByNameOrNumberAndOnlyWhatIsWellFormed) {
    const std::string text = "ana:100000:65536\nbob:1:2\n1000:300000:10\nana:x:1\nana:1\nana:5:0\nana:4294967296:1\n\nana:7:1";
    EXPECT_THAT(read_id_grants(text, "ana", 1000), ElementsAre(IdGrant{100000, 65536}, IdGrant{300000, 10}, IdGrant{7, 1}));
    EXPECT_THAT(read_id_grants(text, "eve", 7), IsEmpty());
}

}  // namespace
}  // namespace vmspawn
