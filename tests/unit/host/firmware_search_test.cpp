#include "host/firmware_search.hpp"

#include "temporary.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(FirmwareDirectories, FromTheUserToThePackages) {
    EXPECT_THAT(firmware_directories({{"HOME", "/home/u"}}),
                ElementsAre("/home/u/.config/qemu/firmware", "/etc/qemu/firmware", "/home/u/.local/share/qemu/firmware",
                            "/usr/local/share/qemu/firmware", "/usr/share/qemu/firmware", "/usr/share/qemu/firmware"));
}

TEST(FirmwareDirectories, VariablesReplaceTheUsualPlaces) {
    EXPECT_THAT(firmware_directories({{"HOME", "/home/u"},
                                      {"XDG_CONFIG_HOME", "/c"},
                                      {"XDG_DATA_HOME", "/d/"},
                                      {"XDG_DATA_DIRS", "/nix/share:/usr/share:relative::"}}),
                ElementsAre("/c/qemu/firmware", "/etc/qemu/firmware", "/d/qemu/firmware", "/nix/share/qemu/firmware",
                            "/usr/share/qemu/firmware", "/usr/share/qemu/firmware"));
}

TEST(FirmwareDirectories, RelativeVariablesAndAMissingHomeCountAsNotSet) {
    EXPECT_THAT(
        firmware_directories({{"XDG_CONFIG_HOME", "c"}, {"XDG_DATA_DIRS", ""}}),
        ElementsAre("/etc/qemu/firmware", "/usr/local/share/qemu/firmware", "/usr/share/qemu/firmware", "/usr/share/qemu/firmware"));
}

constexpr const char* descriptor =
    R"({"description": "D", "interface-types": ["uefi"], "features": [], "targets": [],
        "mapping": {"device": "memory", "filename": "/f"}})";

/// Two places, the first before the second.
class FirmwareSearch : public testing::Test {
protected:
    FirmwareSearch() {
        std::filesystem::create_directory(directory_ / "first");
        std::filesystem::create_directory(directory_ / "second");
    }

    std::vector<std::string> found() {
        std::vector<std::string> paths;
        for (const Firmware& firmware : find_firmware({directory_ / "first", directory_ / "none", directory_ / "second"}))
            paths.push_back(firmware.path.substr(directory_.path().size() + 1));
        return paths;
    }

    TemporaryDirectory directory_;
};

TEST_F(FirmwareSearch, ByNameAcrossDirectories) {
    directory_.write("first/50-b.json", descriptor);
    directory_.write("second/40-a.json", descriptor);
    directory_.write("second/60-c.json", descriptor);
    EXPECT_THAT(found(), ElementsAre("second/40-a.json", "first/50-b.json", "second/60-c.json"));
}

TEST_F(FirmwareSearch, OnlyDescriptorsCount) {
    directory_.write("first/README", descriptor);
    directory_.write("first/50-b.json.dpkg-old", descriptor);
    directory_.write("first/.50-b.json", descriptor);
    EXPECT_THAT(found(), IsEmpty());
}

TEST_F(FirmwareSearch, TheEarlierDirectoryHidesTheLater) {
    directory_.write("first/50-a.json", descriptor);
    directory_.write("second/50-a.json", descriptor);
    EXPECT_THAT(found(), ElementsAre("first/50-a.json"));
}

TEST_F(FirmwareSearch, AnEmptyFileOrDevNullHidesToo) {
    directory_.write("first/50-a.json", "");
    directory_.write("second/50-a.json", descriptor);
    std::filesystem::create_symlink("/dev/null", directory_ / "first/60-b.json");
    directory_.write("second/60-b.json", descriptor);
    directory_.write("second/70-c.json", "");
    EXPECT_THAT(found(), IsEmpty());
}

TEST_F(FirmwareSearch, WhatCannotBeReadIsFoundWithItsProblem) {
    directory_.write("first/10-broken.json", "{");
    std::filesystem::create_symlink("nowhere", directory_ / "first/20-dangling.json");
    std::filesystem::create_directory(directory_ / "first/30-directory.json");
    directory_.write("first/40-huge.json", std::string((1U << 20U) + 1, ' '));
    const auto all = find_firmware({directory_ / "first"});
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[0].problem, "it is not JSON");
    EXPECT_THAT(all[1].problem, HasSubstr("No such file"));
    EXPECT_THAT(all[2].problem, HasSubstr("it cannot be read"));
    EXPECT_THAT(all[3].problem, HasSubstr("File too large"));
}

TEST_F(FirmwareSearch, LinksAreFollowed) {
    directory_.write("elsewhere", descriptor);
    std::filesystem::create_symlink("../elsewhere", directory_ / "first/10-a.json");
    const auto all = find_firmware({directory_ / "first"});
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].description, "D");
}

}  // namespace
}  // namespace vmspawn
