// The control socket, the ports for disks that come later, and the host's sleep.
#include "planned.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cerrno>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const ServeControl& control_of(const Planned& made) {
    return std::get<ServeControl>(made.at("control").up);
}

Host port_host() {
    Host host = plain_host();
    for (const char* device : {"pcie-root-port", "virtio-blk-pci", "virtio-scsi-pci", "scsi-hd", "scsi-cd", "nvme"})
        host.qemu["x86_64"].features.insert("device/" + std::string(device));
    return host;
}

std::size_t ports_of(const Planned& made) {
    const auto devices = made.values("-device");
    const auto count =
        std::ranges::count_if(devices, [](const std::string& one) { return one.find("pcie-root-port") != std::string::npos; });
    EXPECT_EQ(static_cast<std::size_t>(count), control_of(made).ports.size());
    return control_of(made).ports.size();
}

TEST(ControlPlan, ASocketThatQemuDoesNotWaitFor) {
    const Planned made = planned(direct_machine(), port_host());
    EXPECT_THAT(made.at("control").needs, ElementsAre("runtime-dir"));
    EXPECT_EQ(made.at("control").ready, Readiness::done);
    EXPECT_THAT(made.at("qemu").needs, Not(Contains("control")));
}

TEST(ControlPlan, AnEmulatedDirectStartHasNoPorts) {
    const Planned made = planned(direct_machine(), port_host());
    EXPECT_EQ(ports_of(made), 0U);
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("no PCI Express ports for disks that come later because")));
}

TEST(ControlPlan, CallersOfSystemdVmspawnHavePortsAlways) {
    Machine machine = direct_machine();
    machine.as_systemd_vmspawn = true;
    EXPECT_EQ(ports_of(planned(machine, port_host())), 4U);
    EXPECT_THAT(planned(machine, plain_host()).summaries(), IsEmpty()) << "where QEMU has no such device";
}

TEST(ControlPlan, OthersHaveSome) {
    EXPECT_EQ(ports_of(planned(disk_machine(), port_host())), 4U);
    Host kvm = port_host();
    kvm.kvm = confidential_host().kvm;
    const Planned made = planned(direct_machine(), kvm);
    EXPECT_EQ(ports_of(made), 4U);
    EXPECT_THAT(made.values("-device"), Contains(R"({"driver":"pcie-root-port","id":"hotplug3","chassis":4,"slot":4})"));
}

TEST(ControlPlan, TheUserSaysHowMany) {
    Machine machine = direct_machine();
    machine.qemu.hotplug_ports = 2;
    machine.origins["qemu.hotplug-ports"] = said_here();
    const Planned made = planned(machine, port_host());
    EXPECT_EQ(ports_of(made), 2U);
    EXPECT_EQ(made.at("control").because_key, "qemu.hotplug-ports");
    EXPECT_THAT(made.reasons(), Not(Contains(HasSubstr("no PCI Express ports"))));

    Host host = port_host();
    host.qemu["x86_64"].features.erase("device/pcie-root-port");
    const Planned refused = planned(machine, host);
    EXPECT_THAT(refused.summaries(), ElementsAre("qemu.hotplug-ports: QEMU 7.2.22 has no device pcie-root-port"));
    EXPECT_EQ(refused.found.status(), EOPNOTSUPP);
    machine.qemu.hotplug_ports = 0;
    EXPECT_THAT(planned(machine, host).summaries(), IsEmpty());
}

TEST(ControlPlan, DiskTypesThatThisQemuHas) {
    Host host = port_host();
    host.qemu["x86_64"].features.erase("device/nvme");
    const Planned made = planned(direct_machine(), host);
    const auto& types = control_of(made).disk_types;
    ASSERT_THAT(types, SizeIs(4));
    EXPECT_EQ(types[0].word + " " + types[0].driver, "virtio-blk virtio-blk-pci");
    EXPECT_EQ(types[1].word + " " + types[1].driver, "virtio-scsi scsi-hd");
    EXPECT_EQ(types[2].word + " " + types[2].driver, "nvme ");
    host.qemu["x86_64"].features.erase("device/virtio-scsi-pci");
    EXPECT_EQ(control_of(planned(direct_machine(), host)).disk_types[3].driver, "") << "it needs the controller";
}

TEST(ControlPlan, DisksFromTheStartAreKnown) {
    Machine machine = disk_machine();
    Drive drive;
    drive.name = "data";
    drive.path = "/defs/data.raw";
    machine.drives = {drive};
    const Planned plain = planned(machine, port_host());
    EXPECT_THAT(control_of(plain).fixed, ElementsAre("image", "drive.data"));
    EXPECT_EQ(control_of(plain).controller, "");
    machine.drives.front().disk_type = DiskType::scsi_cd;
    EXPECT_EQ(control_of(planned(machine, port_host())).controller, "scsi0");
}

TEST(ControlPlan, TheHostsSleepIsMindedWhereThereIsLogind) {
    EXPECT_EQ(planned(direct_machine()).plan.find("sleep"), nullptr);
    Host host = plain_host();
    host.files["/run/dbus/system_bus_socket"].type = FileAnswer::Type::socket;
    host.files["/usr/share/dbus-1/system-services/org.freedesktop.login1.service"].type = FileAnswer::Type::missing;
    EXPECT_EQ(planned(direct_machine(), host).plan.find("sleep"), nullptr);
    host.files["/usr/share/dbus-1/system-services/org.freedesktop.login1.service"].type = FileAnswer::Type::regular;
    const Planned made = planned(direct_machine(), host);
    EXPECT_THAT(made.at("sleep").needs, IsEmpty());
    EXPECT_EQ(to_string(std::get<MindSleep>(made.at("sleep").up).machine), "test");
}

}  // namespace
}  // namespace vmspawn
