#include "host/firmware.hpp"

#include "base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Mapping = Firmware::Mapping;

Firmware parsed(const std::string& text) {
    return parse_firmware(text, "/d.json");
}

/// A descriptor of the corpus.
Firmware from_corpus(const std::string& name) {
    const auto text = read_file(TEST_SOURCE_DIR "/tests/firmware/" + name + ".json", 1U << 20U);
    EXPECT_TRUE(text) << name;
    return text ? parsed(*text) : Firmware{};
}

TEST(FirmwareDescriptor, SplitFlashNamesCodeAndTemplate) {
    const Firmware firmware = from_corpus("34-mixed-formats");
    EXPECT_EQ(firmware.problem, "");
    EXPECT_EQ(firmware.path, "/d.json");
    EXPECT_EQ(firmware.description, "Code in qcow2, variables raw");
    EXPECT_THAT(firmware.interfaces, ElementsAre("uefi"));
    EXPECT_EQ(firmware.mapping, Mapping::split);
    EXPECT_EQ(firmware.executable, (FirmwareFile{"/firmware/code.qcow2", "qcow2"}));
    EXPECT_EQ(firmware.nvram_template, (FirmwareFile{"/firmware/vars.fd", "raw"}));
    EXPECT_THAT(firmware.targets, ElementsAre(FirmwareTarget{"x86_64", {"pc-q35-*"}}));
    EXPECT_THAT(firmware.files(), ElementsAre("/firmware/code.qcow2", "/firmware/vars.fd"));
}

TEST(FirmwareDescriptor, FlashWithoutAModeIsSplit) {
    const Firmware firmware = from_corpus("30-secure-enrolled");
    EXPECT_EQ(firmware.problem, "");
    EXPECT_EQ(firmware.mapping, Mapping::split);
    EXPECT_THAT(firmware.features, UnorderedElementsAre("acpi-s3", "enrolled-keys", "requires-smm", "secure-boot", "verbose-dynamic"));
    EXPECT_TRUE(firmware.has("enrolled-keys"));
    EXPECT_FALSE(firmware.has("amd-sev"));
}

TEST(FirmwareDescriptor, TheOtherMappingsHaveOneFile) {
    for (const auto& [name, mapping, path] : {std::tuple{"35-stateless", Mapping::stateless, "/firmware/amdsev.fd"},
                                              std::tuple{"37-memory", Mapping::memory, "/firmware/tdx.fd"},
                                              std::tuple{"38-combined", Mapping::combined, "/firmware/combined.fd"}}) {
        const Firmware firmware = from_corpus(name);
        EXPECT_EQ(firmware.problem, "") << name;
        EXPECT_EQ(firmware.mapping, mapping) << name;
        EXPECT_EQ(firmware.executable, (FirmwareFile{path, "raw"})) << name;
        EXPECT_THAT(firmware.files(), ElementsAre(path)) << name;
    }
}

TEST(FirmwareDescriptor, WhatCannotBeUsedSaysWhy) {
    EXPECT_EQ(from_corpus("13-kernel").problem, "it is loaded as 'kernel', and vmspawn loads flash and memory");
    EXPECT_EQ(from_corpus("14-igvm").problem, "it is loaded as 'igvm', and vmspawn loads flash and memory");
    EXPECT_EQ(from_corpus("15-mode-of-tomorrow").problem, "its flash mode 'shared' is not known");
    EXPECT_EQ(from_corpus("16-no-template").problem, "its member 'nvram-template' is missing");
    EXPECT_EQ(from_corpus("17-vmdk").problem, "the format 'vmdk' of its executable is not known");
    EXPECT_EQ(from_corpus("18-relative").problem, "the path of its nvram-template is not absolute");
    EXPECT_EQ(from_corpus("19-not-json").problem, "it is not JSON");
    EXPECT_EQ(from_corpus("20-empty-object").problem, "its member 'description' is missing");
    EXPECT_EQ(from_corpus("21-deep").problem, "it is not JSON");
    EXPECT_EQ(from_corpus("22-feature-is-a-number").problem, "its member 'features' is not a text");
    EXPECT_EQ(from_corpus("23-targets-missing").problem, "its member 'targets' is missing");
    EXPECT_EQ(from_corpus("24-list").problem, "it is not an object");
}

TEST(FirmwareDescriptor, WhatCanBeReadIsThereAllTheSame) {
    const Firmware firmware = from_corpus("17-vmdk");
    EXPECT_EQ(firmware.description, "A format that flash cannot have");
    EXPECT_TRUE(firmware.has("corpus-broken"));
}

TEST(FirmwareDescriptor, RelativePathsAreNotKept) {
    EXPECT_THAT(from_corpus("18-relative").files(), IsEmpty());
}

TEST(FirmwareDescriptor, HugeMembersAreRefused) {
    const std::string start = R"({"description": ")";
    const std::string rest =
        R"(", "interface-types": [], "features": [], "targets": [], "mapping": {"device": "memory", "filename": "/f"}})";
    EXPECT_EQ(parsed(start + std::string(4096, 'x') + rest).problem, "");
    EXPECT_THAT(parsed(start + std::string(4097, 'x') + rest).problem, HasSubstr("'description' is too long"));
    EXPECT_THAT(parsed(start + R"(a\u0000b)" + rest).problem, HasSubstr("'description' is too long or holds a NUL"));
    std::string many = R"({"description": "", "interface-types": [""])";
    many.insert(many.size() - 1, [] {
        std::string more;
        for (int i = 0; i < 256; ++i)
            more += R"(, "")";
        return more;
    }());
    EXPECT_THAT(parsed(many + "}").problem, HasSubstr("'interface-types' is not a list, or a very long one"));
}

TEST(FirmwareDescriptor, EveryMappingHasItsWord) {
    EXPECT_EQ(to_word(Mapping::split), "split");
    EXPECT_EQ(to_word(Mapping::combined), "combined");
    EXPECT_EQ(to_word(Mapping::stateless), "stateless");
    EXPECT_EQ(to_word(Mapping::memory), "memory");
}

}  // namespace
}  // namespace vmspawn
