#include "host/boot_entry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::Eq;
using testing::IsEmpty;
using testing::Optional;

TEST(BootEntry, ReadsEveryKeyOfTheSpecification) {
    const EntryText read = parse_boot_entry(
        "# a comment\n"
        "\n"
        "title Fedora 39 (Rawhide)\n"
        "sort-key   fedora\n"
        "\tversion\t6.5.6\r\n"
        "machine-id 6a9857a393724b7a981ebb5b8495b9ea\n"
        "options root=UUID=1 quiet\n"
        "options  rd.shell  \n"
        "architecture X64\n"
        "linux /6a98/6.5.6/linux\n"
        "initrd /one\n"
        "initrd /two words\n"
        "devicetree /board.dtb\n"
        "efi /shell.efi\n"
        "grub_users root\n"
        "title-without-value\n");
    EXPECT_EQ(read.entry.title, "Fedora 39 (Rawhide)");
    EXPECT_EQ(read.entry.sort_key, "fedora");
    EXPECT_EQ(read.entry.version, "6.5.6");
    EXPECT_EQ(read.entry.machine_id, "6a9857a393724b7a981ebb5b8495b9ea");
    EXPECT_EQ(read.entry.options, "root=UUID=1 quiet rd.shell");
    EXPECT_EQ(read.entry.architecture, "x86_64");
    EXPECT_EQ(read.linux_image, "/6a98/6.5.6/linux");
    EXPECT_THAT(read.initrds, ElementsAre("/one", "/two words"));
    EXPECT_EQ(read.devicetree, "/board.dtb");
    EXPECT_EQ(read.efi, "/shell.efi");
}

TEST(BootEntry, AnEmptyValueSaysNothing) {
    const EntryText read = parse_boot_entry("linux\ninitrd \noptions\ntitle a\ntitle b");
    EXPECT_EQ(read.linux_image, "");
    EXPECT_THAT(read.initrds, IsEmpty());
    EXPECT_EQ(read.entry.title, "b");
    EXPECT_EQ(parse_boot_entry("").entry.title, "");
}

TEST(BootEntry, KnowsTheNamesOfArchitectures) {
    EXPECT_EQ(arch_of_efi_name("x64"), "x86_64");
    EXPECT_EQ(arch_of_efi_name("AA64"), "aarch64");
    EXPECT_EQ(arch_of_efi_name("IA32"), "i386");
    EXPECT_EQ(arch_of_efi_name("RISCV64"), "riscv64");
}

TEST(BootEntry, LoaderConfHasADefault) {
    EXPECT_EQ(default_of_loader("timeout 3\n#default no\ndefault fedora-*.conf\n"), "fedora-*.conf");
    EXPECT_EQ(default_of_loader("timeout 3\n"), "");
}

BootEntry named(std::string_view name) {
    BootEntry entry;
    read_entry_name(name, entry);
    return entry;
}

TEST(BootEntry, CountersStandInTheName) {
    EXPECT_EQ(named("foo+33-4.conf").id, "foo.conf");
    EXPECT_THAT(named("foo+33-4.conf").tries_left, Optional(33U));
    EXPECT_THAT(named("foo+33-4.conf").tries_done, Optional(4U));
    EXPECT_EQ(named("a+b+2.efi").id, "a+b.efi");
    EXPECT_THAT(named("a+b+2.efi").tries_left, Optional(2U));
    EXPECT_THAT(named("a+b+2.efi").tries_done, Eq(std::nullopt));
    EXPECT_THAT(named("foo+2147483647.conf").tries_left, Optional(2147483647U));
}

TEST(BootEntry, WhatIsNoCounterBelongsToTheName) {
    for (const char* name : {"foo.conf", "foo+.conf", "foo+2-.conf", "foo+-2.conf", "foo+2147483648.conf", "foo+1x.conf", "+1",
                             "foo+1-2-3.conf", "foo+ 1.conf", "foo"}) {
        EXPECT_EQ(named(name).id, name);
        EXPECT_FALSE(named(name).tries_left) << name;
    }
}

TEST(BootEntry, OsReleaseNamesAUki) {
    BootEntry entry;
    read_os_release("# x\nNAME=N\nID=\"id\"\nIMAGE_ID='image'\nPRETTY_NAME=\"A \\\"b\\\"\"\nVERSION_ID=12\nVERSION=\"12 (x)\"\n=\n", entry);
    EXPECT_EQ(entry.title, "A \"b\"");
    EXPECT_EQ(entry.sort_key, "image");
    EXPECT_EQ(entry.version, "12 (x)");
    read_os_release("", entry);
    EXPECT_EQ(entry.title, "");
}

std::vector<std::string> sorted_ids(std::vector<BootEntry> entries) {
    sort_boot_entries(entries);
    std::vector<std::string> ids;
    for (const BootEntry& entry : entries)
        ids.push_back(entry.id);
    return ids;
}

TEST(BootEntry, OrderOfTheSpecification) {
    EXPECT_THAT(sorted_ids({{.id = "a-5"},
                            {.id = "a-10"},
                            {.id = "b"},
                            {.kind = BootEntry::Kind::package, .id = "9.9"},
                            {.id = "c", .sort_key = "xx", .version = "5"},
                            {.id = "cx", .sort_key = "xx", .version = "10"},
                            {.id = "other-machine", .sort_key = "xx", .version = "99", .machine_id = "ff"},
                            {.id = "bad", .sort_key = "aa", .tries_left = 0},
                            {.id = "d", .sort_key = "ww"}}),
                ElementsAre("d", "cx", "c", "other-machine", "b", "a-10", "a-5", "bad", "9.9"));
}

TEST(BootEntry, OfEqualOnesMoreTriesComeFirst) {
    std::vector<BootEntry> entries{{.id = "a", .title = "one", .tries_left = 1, .tries_done = 2},
                                   {.id = "a", .title = "two", .tries_left = 3, .tries_done = 1},
                                   {.id = "a", .title = "three", .tries_left = 3, .tries_done = 0}};
    sort_boot_entries(entries);
    EXPECT_EQ(entries[0].title, "three");
    EXPECT_EQ(entries[1].title, "two");
}

}  // namespace
}  // namespace vmspawn
