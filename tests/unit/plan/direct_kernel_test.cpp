#include "planned.hpp"

#include <gmock/gmock.h>

#include <cerrno>

namespace vmspawn {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Machine tree_machine() {
    Machine machine = direct_machine();
    machine.boot.linux_image.reset();
    machine.image.directory = "/defs/tree";
    machine.console.mode = ConsoleMode::headless;
    return machine;
}

BootEntry entry(std::string id, std::string kernel = "/defs/tree/boot/linux") {
    BootEntry made;
    made.id = std::move(id);
    made.source = "/defs/tree/boot/loader/entries/" + made.id;
    made.linux_image = std::move(kernel);
    return made;
}

/// A host whose tree has these entries, and every file that they name.
Host with_entries(std::vector<BootEntry> entries, std::string default_pattern = "") {
    Host host = plain_host();
    for (const BootEntry& made : entries) {
        for (const std::string& file : made.initrds)
            host.files[file] = regular_file(file);
        host.files[made.devicetree] = regular_file(made.devicetree);
        host.files[made.linux_image] = regular_file(made.linux_image);
    }
    host.files["/defs/tree"] = FileAnswer{.type = FileAnswer::Type::directory, .readable = true, .writable = true};
    host.virtiofsd = Virtiofsd{"/usr/libexec/virtiofsd", "1.13.2", {"shared-dir"}};
    host.trees["/defs/tree"] = {std::move(entries), std::move(default_pattern)};
    return host;
}

TEST(DirectKernel, TheFirstEntryOfATreeIsBooted) {
    BootEntry first = entry("a.conf", "/defs/tree/boot/a");
    first.title = "A";
    first.initrds = {"/defs/tree/boot/i1", "/defs/tree/boot/i2"};
    first.devicetree = "/defs/tree/boot/d";
    first.options = "root=UUID=1 ro  dyndbg=\"file a.c +p\" rootflags=x splash";
    Machine machine = tree_machine();
    machine.boot.cmdline = {"splash=no"};
    const Planned made = planned(machine, with_entries({first, entry("b.conf", "/defs/tree/boot/b")}));
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_EQ(std::get<OpenFile>(made.at("kernel").up).path, "/defs/tree/boot/a");
    EXPECT_EQ(made.at("kernel").because_key, "image.directory");
    EXPECT_EQ(std::get<MakeMemory>(made.at("initrd").up).pieces.size(), 3U);
    EXPECT_EQ(std::get<OpenFile>(made.at("devicetree").up).path, "/defs/tree/boot/d");
    EXPECT_THAT(made.values("-dtb"), ElementsAre("<devicetree:path>"));
    EXPECT_THAT(made.values("-append"),
                ElementsAre("dyndbg=\"file a.c +p\" splash root=root rootfstype=virtiofs rw no_timer_check splash=no"));
    EXPECT_THAT(made.reasons(),
                Contains("kernel = ./tree/boot/a because a.conf (A) is the first boot entry of the tree that this guest can use"));
    EXPECT_THAT(made.reasons(), Contains("\"root=UUID=1 ro rootflags=x\" of a.conf is left out because the tree is the root"));
}

TEST(DirectKernel, TheDefaultOfLoaderConfGoesFirst) {
    const Planned made = planned(tree_machine(), with_entries({entry("a.conf", "/defs/tree/a"), entry("b-1.conf", "/defs/tree/b")}, "B-*"));
    EXPECT_EQ(std::get<OpenFile>(made.at("kernel").up).path, "/defs/tree/b");
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("because loader.conf has \"default B-*\", which is b-1.conf")));
}

TEST(DirectKernel, WhatTheGuestCannotUseIsPassedOverAndSaid) {
    BootEntry broken = entry("broken.conf");
    broken.problem = "it names no kernel";
    BootEntry said = entry("said.conf", "/defs/tree/said");
    said.architecture = "aarch64";
    const BootEntry seen = entry("seen.conf", "/defs/tree/seen");
    BootEntry package = entry("6.1", "/defs/tree/package");
    package.kind = BootEntry::Kind::package;
    Host host = with_entries({broken, said, seen, package}, "said*");
    host.files["/defs/tree/seen"].machine = "riscv64";
    const Planned made = planned(tree_machine(), host);
    EXPECT_EQ(std::get<OpenFile>(made.at("kernel").up).path, "/defs/tree/package");
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("no boot entry that this guest can use, and 6.1 is its newest kernel")));
    EXPECT_THAT(made.reasons(), Contains("broken.conf is passed over because it names no kernel"));
    EXPECT_THAT(made.reasons(), Contains("said.conf is passed over because it is for aarch64"));
    EXPECT_THAT(made.reasons(), Contains("seen.conf is passed over because it is for riscv64"));
}

TEST(DirectKernel, ATreeWithoutOneIsRefused) {
    BootEntry broken = entry("broken.conf");
    broken.problem = "it names no kernel";
    const Planned made = planned(tree_machine(), with_entries({broken}));
    EXPECT_THAT(made.summaries(), ElementsAre("image.directory: there is no kernel for this guest in ./tree"));
    EXPECT_EQ(made.found.status(), ENOENT);
    EXPECT_THAT(made.found.begin()->hint, HasSubstr("set boot.linux"));
    EXPECT_EQ(made.found.begin()->notes.front().text, "broken.conf is passed over because it names no kernel");
}

TEST(DirectKernel, AFileOfTheEntryThatMayNotBeReadIsSaid) {
    Host host = with_entries({entry("a.conf")});
    host.files["/defs/tree/boot/linux"].readable = false;
    EXPECT_THAT(planned(tree_machine(), host).summaries(), ElementsAre("image.directory: no permission to read ./tree/boot/linux"));
}

TEST(DirectKernel, AUnifiedImageBringsItsOwnWords) {
    BootEntry uki = entry("os.efi", "/defs/tree/efi/EFI/Linux/os.efi");
    uki.kind = BootEntry::Kind::uki;
    uki.options = "words inside";
    Host host = with_entries({uki});
    host.files["/defs/tree/efi/EFI/Linux/os.efi"].format = "uki";
    const Planned made = planned(tree_machine(), host);
    EXPECT_EQ(std::get<OpenFile>(made.at("kernel").up).path, "/defs/tree/efi/EFI/Linux/os.efi");
    EXPECT_THAT(made.values("-append"), Not(Contains(HasSubstr("inside"))));
}

TEST(DirectKernel, ForAnotherArchitectureIsRefused) {
    Host host = plain_host();
    host.files["/defs/vmlinuz"] = regular_file("1");
    host.files["/defs/vmlinuz"].machine = "aarch64";
    const Planned made = planned(direct_machine(), host);
    EXPECT_THAT(made.summaries(), ElementsAre("boot.linux: ./vmlinuz is a kernel for aarch64, and the guest is x86_64"));
    EXPECT_EQ(made.found.begin()->hint, "set arch = \"aarch64\", or name another kernel");
    host.files["/defs/vmlinuz"].machine = "i386";
    EXPECT_THAT(planned(direct_machine(), host).summaries(), IsEmpty());
}

TEST(DirectKernel, APackedOneNeedsANewerQemu) {
    Host host = plain_host();
    host.files["/defs/vmlinuz"] = regular_file("1");
    host.files["/defs/vmlinuz"].format = "zboot";
    const Planned made = planned(direct_machine(), host);
    EXPECT_THAT(made.summaries(), ElementsAre("boot.linux: ./vmlinuz is a packed EFI kernel, which QEMU 7.2.22 cannot start"));
    EXPECT_EQ(made.found.status(), EOPNOTSUPP);
    host.qemu["x86_64"].version = "10.0.3";
    EXPECT_THAT(planned(direct_machine(), host).summaries(), IsEmpty());
}

}  // namespace
}  // namespace vmspawn
