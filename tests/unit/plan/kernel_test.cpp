// When a kernel is unpacked here.
#include "planned.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Host with_packed_kernel() {
    Host host = plain_host();
    host.cache = "/home/u/.cache/vmspawn";
    host.files["/defs/vmlinuz"] = regular_file("1:1");
    host.files["/defs/vmlinuz"].format = "pe";
    host.files["/defs/vmlinuz"].payload = KernelPayload{"zstd", 20480, 8000000};
    return host;
}

TEST(Kernel, OfAnEmulatedGuestIsUnpacked) {
    const Planned made = planned(direct_machine(), with_packed_kernel());
    const auto& kernel = std::get<UnpackKernel>(made.at("kernel").up);
    EXPECT_EQ(kernel.path, "/defs/vmlinuz");
    EXPECT_EQ(kernel.compression, "zstd");
    EXPECT_EQ(kernel.offset, 20480U);
    EXPECT_EQ(kernel.size, 8000000U);
    EXPECT_EQ(kernel.cache, "/home/u/.cache/vmspawn");
    EXPECT_THAT(made.values("-kernel"), ElementsAre("<kernel:path>"));
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("boot.unpack = auto; it stands at a fixed address")));
}

TEST(Kernel, UnderKvmUnpacksItselfUnlessAsked) {
    Host host = with_packed_kernel();
    host.kvm = {.usable = true, .reason = "", .fix = ""};
    EXPECT_TRUE(std::holds_alternative<OpenFile>(planned(direct_machine(), host).at("kernel").up));
    Machine machine = direct_machine();
    machine.boot.unpack = Want::yes;
    EXPECT_TRUE(std::holds_alternative<UnpackKernel>(planned(machine, host).at("kernel").up));
}

TEST(Kernel, StaysAsItIsWhenToldSo) {
    Machine machine = direct_machine();
    machine.boot.unpack = Want::no;
    const Planned made = planned(machine, with_packed_kernel());
    EXPECT_TRUE(std::holds_alternative<OpenFile>(made.at("kernel").up));
    EXPECT_THAT(made.reasons(), Not(Contains(HasSubstr("PVH"))));
}

TEST(Kernel, ThatCannotBeUnpackedIsRefusedOnlyWhenAsked) {
    Host host = with_packed_kernel();
    host.files["/defs/vmlinuz"].payload.reset();
    Machine machine = direct_machine();
    EXPECT_THAT(planned(machine, host).summaries(), IsEmpty());
    machine.boot.unpack = Want::yes;
    const Planned made = planned(machine, host);
    EXPECT_THAT(made.summaries(),
                ElementsAre("boot.unpack = true, but the kernel cannot be unpacked: it is not packed in a way that vmspawn knows"));
    EXPECT_EQ(made.found.status(), 95);
}

TEST(Kernel, OnlyOfX86IsUnpacked) {
    Machine machine = direct_machine();
    machine.arch = Arch::aarch64;
    EXPECT_TRUE(std::holds_alternative<OpenFile>(planned(machine, with_packed_kernel()).at("kernel").up));
}

TEST(LegacyDevices, AreLeftOutWhereNothingUsesThem) {
    Host host = plain_host();
    host.qemu["x86_64"].features.insert({"sata", "i8042"});
    Machine machine = direct_machine();
    const auto options = [&] { return planned(machine, host).values("-machine"); };
    EXPECT_THAT(options(), ElementsAre(HasSubstr("sata=off,i8042=off")));
    machine.qemu.legacy_devices = true;
    EXPECT_THAT(options(), ElementsAre(Not(HasSubstr("i8042"))));
    machine.qemu.legacy_devices = false;
    machine.qemu.extra = {"-cdrom", "x.iso"};
    EXPECT_THAT(options(), ElementsAre(Not(HasSubstr("sata"))));
}

}  // namespace
}  // namespace vmspawn
