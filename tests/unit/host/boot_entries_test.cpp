#include "host/boot_entries.hpp"

#include "host/host.hpp"
#include "pe_bytes.hpp"
#include "temporary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace vmspawn {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class BootEntries : public testing::Test {
protected:
    std::string put(const std::string& path, std::string_view content = "x") {
        fs::create_directories(fs::path(tree_ / path).parent_path());
        return tree_.write(path, content);
    }

    void link(const std::string& path, const std::string& target) {
        fs::create_directories(fs::path(tree_ / path).parent_path());
        fs::create_symlink(target, tree_ / path);
    }

    TreeAnswer scan() { return probe_tree(tree_.path()); }

    std::vector<std::string> ids() {
        std::vector<std::string> ids;
        for (const BootEntry& entry : scan().entries)
            ids.push_back(entry.id);
        return ids;
    }

    TemporaryDirectory tree_;
};

TEST_F(BootEntries, AnEmptyOrMissingTreeHasNone) {
    EXPECT_THAT(scan().entries, IsEmpty());
    EXPECT_THAT(probe_tree("/nonexistent/tree").entries, IsEmpty());
}

TEST_F(BootEntries, Type1NamesFilesBelowItsPartition) {
    const std::string kernel = put("boot/m/6.1/linux");
    const std::string first = put("boot/m/6.1/initrd");
    const std::string second = put("boot/extra.cpio");
    const std::string tree = put("boot/board.dtb");
    const std::string source = put("boot/loader/entries/m-6.1+3-0.conf",
                                   "title T\nlinux /m/6.1/linux\ninitrd m/6.1/initrd\ninitrd /../extra.cpio\ndevicetree /board.dtb\n"
                                   "options a\noptions b=\"c d\"\n");
    const TreeAnswer answer = scan();
    ASSERT_EQ(answer.entries.size(), 1U);
    const BootEntry& entry = answer.entries.front();
    EXPECT_EQ(entry.problem, "");
    EXPECT_EQ(entry.kind, BootEntry::Kind::type1);
    EXPECT_EQ(entry.id, "m-6.1.conf");
    EXPECT_EQ(entry.source, source);
    EXPECT_EQ(entry.linux_image, kernel);
    EXPECT_THAT(entry.initrds, ElementsAre(first, second));
    EXPECT_EQ(entry.devicetree, tree);
    EXPECT_EQ(entry.options, "a b=\"c d\"");
}

TEST_F(BootEntries, LinksLeadToWhereTheyWouldInsideTheTree) {
    const std::string kernel = put("usr/lib/kernel");
    link("boot/vmlinuz", "/usr/lib/kernel");
    link("boot/up", "../../../../../usr/lib/kernel");
    put("boot/loader/entries/a.conf", "linux /vmlinuz\n");
    put("boot/loader/entries/b.conf", "linux /up\n");
    put("boot/loader/entries/c.conf", "linux /etc/passwd\n");
    link("boot/loader/entries/d.conf", "/proc/self/cmdline");
    const TreeAnswer answer = scan();
    ASSERT_EQ(answer.entries.size(), 4U);
    EXPECT_THAT(answer.entries[0].problem, HasSubstr("cannot be read"));  // d: there is no /proc in the tree
    EXPECT_EQ(answer.entries[1].problem, "its kernel boot/etc/passwd: No such file or directory");
    EXPECT_EQ(answer.entries[1].linux_image, "");
    EXPECT_EQ(answer.entries[2].linux_image, kernel);
    EXPECT_EQ(answer.entries[3].linux_image, kernel);
}

TEST_F(BootEntries, WhatCannotBootSaysWhy) {
    fs::create_directories(tree_ / "boot/directory");
    put("boot/program.efi", pe_bytes(0x8664, {{".text", "x"}}));
    put("boot/loader/entries/1.conf", "linux /directory\n");
    put("boot/loader/entries/2.conf", "title nothing\n");
    put("boot/loader/entries/3.conf", "efi /program.efi\n");
    put("boot/loader/entries/4.conf", std::string(70000, '#'));
    put("boot/EFI/Linux/5.efi", "no PE");
    const TreeAnswer answer = scan();
    std::vector<std::string> problems;
    for (const BootEntry& entry : answer.entries)
        problems.push_back(entry.problem);
    EXPECT_THAT(problems,
                ElementsAre("it is no unified kernel image", "it is longer than an entry can be", "it starts an EFI program, not a kernel",
                            "it names no kernel", "its kernel boot/directory is no file"));
}

TEST_F(BootEntries, AUkiTellsItsNameWordsAndMachine) {
    const std::string path =
        put("efi/EFI/Linux/os+2.EFI",
            pe_bytes(0xaa64, {{".osrel", "ID=os\nVERSION_ID=7\nPRETTY_NAME=OS\n"}, {".cmdline", "quiet \n"}, {".linux", "k"}}));
    put("efi/EFI/Linux/old.efi", pe_bytes(0x8664, {{".linux", "k"}, {".uname", "6.6"}}));
    put("efi/EFI/Linux/.hidden.efi", pe_bytes(0x8664, {{".linux", "k"}}));
    const TreeAnswer answer = scan();
    ASSERT_EQ(answer.entries.size(), 2U);
    const BootEntry& entry = answer.entries.front();
    EXPECT_EQ(entry.kind, BootEntry::Kind::uki);
    EXPECT_EQ(entry.id, "os.EFI");
    EXPECT_EQ(entry.linux_image, path);
    EXPECT_EQ(entry.title, "OS");
    EXPECT_EQ(entry.version, "7");
    EXPECT_EQ(entry.sort_key, "os");
    EXPECT_EQ(entry.options, "quiet");
    EXPECT_EQ(entry.architecture, "aarch64");
    EXPECT_EQ(entry.tries_left, 2U);
    EXPECT_EQ(answer.entries[1].version, "6.6");
}

TEST_F(BootEntries, BothPartitionsAreOneWhenTheyAreTheSameDirectory) {
    put("boot/k");
    put("boot/loader/entries/a.conf", "linux /k\n");
    put("boot/loader/loader.conf", "default a*\n");
    link("efi", "boot");
    EXPECT_THAT(ids(), ElementsAre("a.conf"));
    EXPECT_EQ(scan().default_pattern, "a*");
}

TEST_F(BootEntries, KernelsOfPackagesComeLastAndNewestFirst) {
    const std::string module = put("usr/lib/modules/6.9/vmlinuz");
    put("boot/vmlinuz-6.9");
    const std::string debian = put("boot/vmlinuz-6.10");
    const std::string initrd = put("boot/initrd.img-6.10");
    put("boot/vmlinux-5.1");
    link("lib", "usr/lib");
    put("boot/k");
    put("boot/loader/entries/a.conf", "linux /k\n");
    EXPECT_THAT(ids(), ElementsAre("a.conf", "6.10", "6.9", "5.1"));
    const TreeAnswer answer = scan();
    EXPECT_EQ(answer.entries[1].linux_image, debian);
    EXPECT_THAT(answer.entries[1].initrds, ElementsAre(initrd));
    EXPECT_EQ(answer.entries[2].linux_image, module);
    EXPECT_THAT(answer.entries[2].initrds, IsEmpty());
}

TEST_F(BootEntries, AHostRecordsThem) {
    put("boot/k");
    put("boot/i");
    put("boot/loader/entries/a+1-2.conf",
        "title T\nlinux /k\ninitrd /i\noptions o\narchitecture aa64\nmachine-id 0\nsort-key s\nversion 1\n");
    put("boot/loader/entries/b.conf", "");
    put("boot/vmlinuz-1");
    put("boot/loader/loader.conf", "default x\n");
    Host host;
    host.trees[tree_.path()] = scan();
    const std::string text = to_json(host, tree_.path(), "");
    const auto read = host_from_json(text, tree_.path(), "");
    ASSERT_TRUE(read) << to_string(read.failure());
    EXPECT_EQ(to_json(*read, tree_.path(), ""), text);
    EXPECT_EQ(read->trees.at(tree_.path()).entries.size(), 3U);
    EXPECT_EQ(read->trees.at(tree_.path()).entries[0].initrds, scan().entries[0].initrds);
    EXPECT_THAT(text, HasSubstr("\"./boot/k\""));
    const auto moved = host_from_json(text, "/elsewhere", "");
    ASSERT_TRUE(moved);
    EXPECT_EQ(moved->trees.at("/elsewhere").entries[0].linux_image, "/elsewhere/boot/k");
}

}  // namespace
}  // namespace vmspawn
