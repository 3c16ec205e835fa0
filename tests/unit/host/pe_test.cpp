#include "host/pe.hpp"

#include "host/file_format.hpp"
#include "pe_bytes.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

TEST(Pe, SectionsAreFoundByName) {
    const std::string bytes = pe_bytes(0x8664, {{".osrel", "ID=x\n"}, {".cmdline", "quiet"}, {".linux", "kernel"}});
    const auto pe = parse_pe(bytes);
    ASSERT_TRUE(pe);
    EXPECT_TRUE(pe->is_uki());
    EXPECT_EQ(pe->machine, "x86_64");
    const PeSection* words = pe->find(".cmdline");
    ASSERT_TRUE(words);
    EXPECT_EQ(bytes.substr(words->offset, words->size), "quiet");
    EXPECT_EQ(pe->find(".initrd"), nullptr);
}

TEST(Pe, EveryMachineOfOurs) {
    EXPECT_EQ(parse_pe(pe_bytes(0xaa64, {}))->machine, "aarch64");
    EXPECT_EQ(parse_pe(pe_bytes(0x5064, {}))->machine, "riscv64");
    EXPECT_EQ(parse_pe(pe_bytes(0x014c, {}))->machine, "i386");
    EXPECT_EQ(parse_pe(pe_bytes(0x1234, {}))->machine, "");
}

TEST(Pe, CutAnywhereItIsStillRead) {
    const std::string whole = pe_bytes(0x8664, {{".linux", "k"}, {".cmdline", "x"}});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto pe = parse_pe(std::string_view(whole).substr(0, size));
        EXPECT_LE(pe ? pe->sections.size() : 0, 2U);
    }
    EXPECT_FALSE(parse_pe("MZ"));
    EXPECT_FALSE(parse_pe(""));
}

TEST(KernelMachine, ImageHeadersSayIt) {
    std::string arm(64, '\0');
    arm.replace(0x38, 4, "ARM\x64");
    EXPECT_EQ(kernel_machine(arm), "aarch64");
    std::string riscv(64, '\0');
    riscv.replace(0x38, 4, "RSC\x05");
    EXPECT_EQ(kernel_machine(riscv), "riscv64");
    std::string x86(0x300, '\0');
    x86.replace(0x202, 4, "HdrS");
    EXPECT_EQ(kernel_machine(x86), "i386");
    x86[0x236] = 1;
    EXPECT_EQ(kernel_machine(x86), "x86_64");
    EXPECT_EQ(kernel_machine(pe_bytes(0xaa64, {})), "aarch64");
    std::string elf(
        "\x7f"
        "ELF",
        4);
    elf.resize(64);
    elf[18] = 62;
    EXPECT_EQ(kernel_machine(elf), "x86_64");
    EXPECT_EQ(kernel_machine("\x1f\x8b"), "");
    EXPECT_EQ(kernel_machine(""), "");
}

TEST(KernelMachine, APackedKernelIsKnown) {
    std::string bytes = pe_bytes(0xaa64, {{".text", "x"}});
    EXPECT_EQ(file_format(bytes), "pe");
    bytes.replace(4, 4, "zimg");
    EXPECT_EQ(file_format(bytes), "zboot");
}

}  // namespace
}  // namespace vmspawn
