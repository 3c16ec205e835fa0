#include "unit/export/exported.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Json = nlohmann::json;

struct InCluster {
    Json document, spec, domain, devices;
    std::vector<std::string> lost;
};

InCluster kubevirt(const std::string& text, const std::vector<std::string>& flags = {}) {
    const Export out = exported("kubevirt", text, flags);
    InCluster c{.document = Json::parse(out.text), .lost = lost_keys(out)};
    c.spec = c.document["spec"]["template"]["spec"];
    c.domain = c.spec["domain"];
    c.devices = c.domain["devices"];
    return c;
}

TEST(Kubevirt, AnImageIsAClaimThatTheListFills) {
    const Export out = exported("kubevirt", disk + "image.grow = \"20G\"\n");
    const InCluster c = kubevirt(disk + "image.ephemeral = true\n");
    EXPECT_EQ(c.devices["disks"], Json::parse(R"([{"name":"image","disk":{"bus":"virtio"},"bootOrder":1}])"));
    EXPECT_EQ(c.spec["volumes"], Json::parse(R"([{"name":"image","ephemeral":{"persistentVolumeClaim":{"claimName":"dev-image"}}}])"));
    EXPECT_THAT(out.losses.back().reason, HasSubstr("virtctl image-upload pvc dev-image --size=21474836480 --image-path=/srv/vm/disk.raw"));
    EXPECT_THAT(out.text, HasSubstr("\"vmspawn-losses\": \"image.grow: "));
}

TEST(Kubevirt, NamesAreThoseOfACluster) {
    const InCluster c =
        kubevirt("name = \"Dev.A\"\n[drive.\"a b\"]\npath = \"/a\"\n[drive.\"a_b\"]\npath = \"/b\"\n[drive.\"ü\"]\npath = \"/c\"\n");
    EXPECT_EQ(c.document["metadata"]["name"], "dev-a");
    EXPECT_EQ(c.devices["disks"][0]["name"], "a-b");
    EXPECT_EQ(c.devices["disks"][1]["name"], "a-b-2");
    EXPECT_EQ(c.devices["disks"][2]["name"], "x");
    EXPECT_THAT(c.lost, testing::Contains("name"));
}

TEST(Kubevirt, FirmwareIsSaid) {
    EXPECT_EQ(kubevirt(disk).domain["firmware"], Json::parse(R"({"bootloader":{"efi":{"secureBoot":false}}})"));
    const InCluster secure = kubevirt(disk + "boot.secure-boot = true\nboot.nvram-state = \"off\"\n");
    EXPECT_EQ(secure.domain["firmware"]["bootloader"]["efi"], Json::parse(R"({"secureBoot":true,"persistent":false})"));
    EXPECT_EQ(secure.domain["features"], Json::parse(R"({"smm":{"enabled":true}})"));
    EXPECT_THAT(secure.lost, ElementsAre("image.path"));
    EXPECT_EQ(kubevirt(disk + "boot.firmware = \"bios\"\n").domain["firmware"], Json::parse(R"({"bootloader":{"bios":{}}})"));
}

TEST(Kubevirt, AKernelComesInAContainer) {
    const InCluster c = kubevirt("name = \"dev\"\n[boot]\nlinux = \"vmlinuz\"\ninitrd = [\"a\"]\ncmdline = [\"quiet\"]\n");
    EXPECT_EQ(
        c.domain["firmware"]["kernelBoot"],
        Json::parse(
            R"({"container":{"image":"dev-boot:latest","kernelPath":"/vmlinuz","initrdPath":"/a"},"kernelArgs":"console=ttyS0 quiet"})"));
    EXPECT_THAT(c.lost, ElementsAre("boot.initrd", "boot.linux"));
}

TEST(Kubevirt, ThePodHasOneNetwork) {
    const InCluster c = kubevirt(disk + "[network.a]\nforward = [\"8080-8081:80-81\"]\n[network.b]\nkind = \"tap\"\n");
    ASSERT_EQ(c.devices["interfaces"].size(), 1U);
    EXPECT_EQ(c.devices["interfaces"][0]["ports"], Json::parse(R"([{"port":80,"protocol":"TCP"},{"port":81,"protocol":"TCP"}])"));
    EXPECT_EQ(c.spec["networks"], Json::parse(R"([{"name":"a","pod":{}}])"));
    EXPECT_THAT(c.lost, ElementsAre("image.path", "network.a.forward", "network.b"));
}

TEST(Kubevirt, MemoryIsAQuantity) {
    EXPECT_EQ(kubevirt(disk + "ram = \"1G\"\nram-max = 2147484672\n").domain["memory"],
              Json::parse(R"({"guest":"1024Mi","maxGuest":"2097153Ki"})"));
    EXPECT_EQ(kubevirt(disk + "ram = 16777217\n").domain["memory"]["guest"], "16777217");
}

TEST(Kubevirt, AConfidentialGuestStaysOne) {
    const InCluster c = kubevirt("name = \"dev\"\nboot.linux = \"k\"\nboot.confidential = \"sev-snp\"\n");
    EXPECT_EQ(c.domain["launchSecurity"], Json::parse(R"({"snp":{}})"));
    EXPECT_TRUE(c.domain["firmware"]["bootloader"].contains("efi"));
    EXPECT_FALSE(c.devices.contains("tpm"));
}

}  // namespace
}  // namespace vmspawn
