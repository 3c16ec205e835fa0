#include "planned.hpp"

#include <gmock/gmock.h>

#include <cerrno>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* root_type = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709";
constexpr const char* root_verity = "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5";
constexpr const char* usr_type = "8484680c-9521-48c6-9c11-b0720656f69e";
constexpr const char* aarch64_root = "b921b045-1df0-41c3-af44-4c6f280d3fae";

Machine image_machine() {
    Machine machine = direct_machine();
    machine.image.path = "/defs/disk.raw";
    machine.console.mode = ConsoleMode::headless;
    return machine;
}

Planned with_layout(DiskLayout layout, Machine machine = image_machine(), std::string kernel_format = "pe") {
    Host host = plain_host();
    host.layouts["/defs/disk.raw"] = std::move(layout);
    host.files["/defs/vmlinuz"] = regular_file("kernel");
    host.files["/defs/vmlinuz"].format = std::move(kernel_format);
    return planned(machine, std::move(host));
}

DiskLayout gpt(std::vector<Partition> partitions) {
    return {.table = "gpt", .file_system = {}, .partitions = std::move(partitions), .problem = {}};
}

TEST(Root, IsFoundByTheTypeOfItsPartition) {
    const Planned made = with_layout(gpt({{1, "u1", "other", "esp", 0, "vfat"},
                                          {2, "u2", aarch64_root, "", 0, "ext4"},
                                          {3, "u3", root_type, "off", 1ULL << 63U, "ext4"},
                                          {4, "u4", root_type, "_empty", 0, ""},
                                          {5, "u5", root_type, "root", 0, "ext4"},
                                          {6, "u6", usr_type, "usr", 0, "ext4"}}));
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_THAT(made.values("-append"), ElementsAre("root=PARTUUID=u5 rw no_timer_check"));
    EXPECT_THAT(made.reasons(),
                Contains("root=PARTUUID=u5 among the kernel words because boot.cmdline names no root and partition 5 \"root\" of the "
                         "image is the root of x86_64 by its type"));
}

TEST(Root, OfSeveralTheNewestByItsNameIsTaken) {
    const Planned made = with_layout(gpt({{1, "u1", root_type, "os_9", 0, "ext4"},
                                          {2, "u2", root_type, "os_11", 0, "ext4"},
                                          {3, "u3", root_type, "os_10", 0, "ext4"},
                                          {4, "u4", root_type, "_empty", 0, ""}}));
    EXPECT_THAT(made.values("-append"), ElementsAre("root=PARTUUID=u2 rw no_timer_check"));
    EXPECT_THAT(made.reasons(),
                Contains(HasSubstr("partition 2 \"os_11\" of the image is the root of x86_64 by its type, and the newest")));
    const Planned equal = with_layout(gpt({{1, "u1", root_type, "os", 0, "ext4"}, {2, "u2", root_type, "os", 0, "ext4"}}));
    EXPECT_THAT(equal.values("-append"), ElementsAre("root=PARTUUID=u1 rw no_timer_check"));
}

TEST(Root, UsrServesWhereThereIsNoRoot) {
    const Planned made = with_layout(gpt({{1, "u6", usr_type, "", 0, "ext4"}}));
    EXPECT_THAT(made.values("-append"), ElementsAre("mount.usr=PARTUUID=u6 no_timer_check"));
}

TEST(Root, TheUsersWordIsEnough) {
    for (const char* word : {"root=/dev/vda1", "mount.usr=x", "roothash=00", "usrhash=00"}) {
        Machine machine = image_machine();
        machine.boot.cmdline = {word};
        for (const Question& question : questions(machine))
            EXPECT_NE(question.kind, Question::Kind::layout);
        EXPECT_THAT(with_layout(gpt({}), machine).summaries(), IsEmpty());
    }
}

TEST(Root, VerityAndEncryptionAreRefusedByName) {
    const Planned verity = with_layout(gpt({{1, "u1", root_type, "r", 0, "ext4"}, {2, "u2", root_verity, "v", 0, ""}}));
    EXPECT_THAT(verity.summaries(),
                ElementsAre("image.path: partition 1 \"r\" of ./disk.raw is protected by the dm-verity data of partition 2 "
                            "\"v\", which a plain root= word would pass by"));
    EXPECT_EQ(verity.found.status(), EINVAL);
    EXPECT_THAT(with_layout(gpt({{1, "u1", root_type, "", 0, "crypto_LUKS"}})).summaries(),
                ElementsAre("image.path: partition 1 of ./disk.raw is encrypted (LUKS)"));
    EXPECT_THAT(with_layout({.table = {}, .file_system = "crypto_LUKS", .partitions = {}, .problem = {}}).summaries(),
                ElementsAre("image.path: ./disk.raw is encrypted (LUKS)"));
}

TEST(Root, NothingThatMeansARootIsRefusedWithTheWordToWrite) {
    const Planned made = with_layout(gpt({{1, "u2", aarch64_root, "", 0, "ext4"}}));
    EXPECT_THAT(made.summaries(), ElementsAre("image.path: ./disk.raw has no partition of the types that mean the root or /usr of x86_64"));
    EXPECT_THAT(made.found.begin()->hint, HasSubstr("\"root=/dev/vda2\""));
    EXPECT_THAT(with_layout({}).summaries(), ElementsAre("image.path: ./disk.raw has neither a partition table nor a file system"));
    EXPECT_THAT(with_layout({.table = {}, .file_system = {}, .partitions = {}, .problem = "no"}).summaries(),
                ElementsAre("image.path: nobody could look for the root in ./disk.raw: no"));
}

TEST(Root, AFileSystemWithoutATableIsTheWholeDisk) {
    const DiskLayout whole{.table = {}, .file_system = "ext4", .partitions = {}, .problem = {}};
    EXPECT_THAT(with_layout(whole).values("-append"), ElementsAre("root=/dev/vda rw no_timer_check"));
    Machine machine = image_machine();
    machine.boot.initrds = {"/defs/initrd"};
    EXPECT_THAT(with_layout(whole, machine).values("-append"), ElementsAre("root=/dev/disk/by-id/virtio-disk.raw rw no_timer_check"));
}

TEST(Root, AUnifiedImageMayKnowBetter) {
    const Planned made = with_layout(gpt({}), image_machine(), "uki");
    EXPECT_THAT(made.summaries(), Not(Contains(HasSubstr("image.path"))));
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("the unified kernel image may know its root")));
}

}  // namespace
}  // namespace vmspawn
