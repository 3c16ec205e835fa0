#include "planned.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Host serving(const Virtiofsd& virtiofsd, std::uint32_t owner = 0) {
    Host host = plain_host();
    host.virtiofsd = virtiofsd;
    for (const char* path : {"/defs/tree", "/srv/a,b", "/defs/tree/sub"}) {
        host.files[path] = regular_file(path);
        host.files[path].type = FileAnswer::Type::directory;
        host.files[path].owner = owner;
    }
    return host;
}

Host as_user(Host host, bool granted) {
    host.uid = host.gid = 1000;
    host.runtime_base = "/run/user/1000";
    for (const char* tool : {"newuidmap", "newgidmap"})
        host.programs[tool] = std::string("/usr/bin/") + tool;
    if (granted)
        host.subuids = host.subgids = {{100000, 65536}};
    return host;
}

Machine directory_machine() {
    Machine machine = direct_machine();
    machine.image.directory = "/defs/tree";
    return machine;
}

Machine sharing(Mount mount) {
    Machine machine = direct_machine();
    machine.mounts.push_back(std::move(mount));
    return machine;
}

const Spawn& spawned(const Planned& planned, const std::string& id) {
    return std::get<Spawn>(planned.at(id).up);
}

/// What the guest is told to mount.
std::string fstab(const Planned& planned) {
    const Resource* credential = planned.plan.find("credential.fstab.extra");
    std::string text;
    for (const Piece& piece : credential ? std::get<MakeMemory>(credential->up).pieces : std::vector<Piece>())
        text += std::holds_alternative<Text>(piece) ? std::get<Text>(piece).bytes : "<secret>";
    return text;
}

TEST(PlanDirectory, IsServedByVirtiofsdAsTheRoot) {
    const Planned plan = planned(directory_machine(), serving(modern_virtiofsd));
    EXPECT_THAT(plan.summaries(), IsEmpty());
    EXPECT_THAT(words_of(plan, "tree"), ElementsAre("--fd=<socket.tree:fd>", "--shared-dir=/defs/tree", "--cache=always", "--xattr",
                                                    "--no-announce-submounts", "--modcaps=-mknod", "--log-level=error"));
    EXPECT_EQ(spawned(plan, "tree").death_signal, SIGKILL);
    EXPECT_FALSE(spawned(plan, "tree").space);
    EXPECT_THAT(plan.at("tree").needs, ElementsAre("socket.tree"));
    EXPECT_THAT(plan.values("-chardev"), Contains("socket,id=tree,<socket.tree:chardev>"));
    EXPECT_THAT(plan.values("-device"),
                Contains(R"({"driver":"vhost-user-fs-pci","id":"tree-fs","chardev":"tree","queue-size":1024,"tag":"root"})"));
    EXPECT_THAT(plan.values("-machine").front(), HasSubstr(",memory-backend=memory"));
    EXPECT_THAT(plan.values("-object"), Contains(R"({"qom-type":"memory-backend-memfd","id":"memory","size":2147483648,"share":true})"));
    EXPECT_THAT(plan.values("-append").front(), HasSubstr("root=root rootfstype=virtiofs rw"));
}

TEST(PlanDirectory, OldVirtiofsdIsToldByOptions) {
    EXPECT_THAT(words_of(planned(directory_machine(), serving(old_virtiofsd)), "tree"),
                ElementsAre("--fd=<socket.tree:fd>", "-o", "source=/defs/tree", "-o", "cache=always", "-o", "xattr", "-o", "modcaps=-mknod",
                            "-o", "log_level=err"));
}

TEST(PlanDirectory, UsersOwnRootWordStands) {
    Machine machine = directory_machine();
    machine.boot.cmdline = {"root=other"};
    EXPECT_THAT(planned(machine, serving(modern_virtiofsd)).values("-append").front(), Not(HasSubstr("root=root")));
}

TEST(PlanDirectory, CacheIsCarefulWhereAShareHasTheSameFiles) {
    Machine machine = directory_machine();
    machine.mounts.push_back({.name = "sub", .source = "/defs/tree/sub", .target = "/x"});
    const Planned shared = planned(machine, serving(modern_virtiofsd));
    EXPECT_THAT(words_of(shared, "tree"), Contains("--cache=auto"));
    EXPECT_THAT(shared.at("tree").reasons, Contains("cache = close-to-open because mount.sub shares the same files"));
    machine.image.cache = Cache::always;
    EXPECT_THAT(words_of(planned(machine, serving(modern_virtiofsd)), "tree"), Contains("--cache=always"));
    machine.image.cache = Cache::never;
    EXPECT_THAT(words_of(planned(machine, serving(modern_virtiofsd)), "tree"), Contains("--cache=never"));
    EXPECT_THAT(words_of(planned(machine, serving(old_virtiofsd)), "tree"), Contains("cache=none"));
}

TEST(PlanDirectory, OwnerOfTheTreeShiftsIds) {
    const Planned by_option = planned(directory_machine(), serving(modern_virtiofsd, 0x7FFE0000));
    EXPECT_THAT(words_of(by_option, "tree"), Contains("--translate-uid=map:0:2147352576:65536"));
    EXPECT_THAT(words_of(by_option, "tree"), Contains("--translate-gid=map:0:2147352576:65536"));
    EXPECT_THAT(by_option.at("tree").reasons,
                Contains("the guest's ids start at 2147352576 on the host because the directory belongs to 2147352576"));
    Machine said = directory_machine();
    said.image.private_users = IdShift{0, 65536};
    EXPECT_THAT(words_of(planned(said, serving(modern_virtiofsd, 500)), "tree"), Contains("--translate-uid=map:0:0:65536"));

    const Planned by_namespace = planned(directory_machine(), serving(old_virtiofsd, 500));
    const Namespace& space = *spawned(by_namespace, "tree").space;
    ASSERT_EQ(space.uids.size(), 1U);
    EXPECT_EQ(space.uids[0].outside, 500U);
    EXPECT_EQ(space.uids[0].count, 65536U);
    EXPECT_TRUE(space.mounts_first) << "the way to the tree may be closed to its owner";
    EXPECT_EQ(space.mounts.front().source, "/defs/tree");
    EXPECT_THAT(words_of(by_namespace, "tree"), Contains("source=/run/systemd/vmspawn/share"));
    EXPECT_THAT(words_of(by_namespace, "tree"), Contains("sandbox=chroot"));
}

TEST(PlanDirectory, UserIsRootOfANamespaceWithTheIdsGranted) {
    const Planned plan = planned(directory_machine(), as_user(serving(modern_virtiofsd, 1000), true));
    const Namespace& space = *spawned(plan, "tree").space;
    ASSERT_EQ(space.uids.size(), 2U);
    EXPECT_EQ(space.uids[0].outside, 1000U);
    EXPECT_EQ(space.uids[1].inside, 1U);
    EXPECT_EQ(space.uids[1].outside, 100000U);
    EXPECT_EQ(space.uid_tool, "/usr/bin/newuidmap");
    EXPECT_FALSE(space.mounts_first);
    EXPECT_THAT(words_of(plan, "tree"), Contains("--sandbox=chroot"));

    const Planned single = planned(directory_machine(), as_user(serving(modern_virtiofsd, 1000), false));
    EXPECT_EQ(spawned(single, "tree").space->uids.size(), 1U);
    EXPECT_EQ(spawned(single, "tree").space->uid_tool, "");
    EXPECT_THAT(single.at("tree").reasons, Contains(HasSubstr("/etc/subuid grants this user none")));
}

TEST(PlanDirectory, UserMayShiftOnlyIntoIdsGranted) {
    Machine machine = directory_machine();
    machine.image.private_users = IdShift{100000, 65536};
    const Planned granted = planned(machine, as_user(serving(modern_virtiofsd, 1000), true));
    EXPECT_EQ(spawned(granted, "tree").space->uids.front().outside, 100000U);
    machine.image.private_users = IdShift{100000, 65537};
    const Planned too_many = planned(machine, as_user(serving(modern_virtiofsd, 1000), true));
    EXPECT_THAT(too_many.summaries(), ElementsAre("image.directory: the ids from 100000 on are not this user's to give"));
    EXPECT_EQ(too_many.found.status(), EOPNOTSUPP);
    EXPECT_EQ(planned(directory_machine(), as_user(serving(modern_virtiofsd, 0x7FFE0000), true)).found.status(), EOPNOTSUPP);
    EXPECT_EQ(spawned(planned(directory_machine(), as_user(serving(modern_virtiofsd, 100000), true)), "tree").space->uids.front().outside,
              100000U)
        << "the tree is one of the ids granted";
}

TEST(PlanDirectory, MissingVirtiofsdIsNamedWithItsPackage) {
    const Planned plan = planned(directory_machine(), serving(Virtiofsd{}));
    EXPECT_THAT(plan.summaries(), ElementsAre("image.directory: virtiofsd is not installed"));
    EXPECT_EQ((*plan.found.begin()).hint, "apt install virtiofsd");
    EXPECT_EQ(plan.found.status(), EOPNOTSUPP);
}

TEST(PlanDirectory, MustBeOneAndNeedsAKernel) {
    Host host = serving(modern_virtiofsd);
    host.files["/defs/tree"].type = FileAnswer::Type::regular;
    EXPECT_THAT(planned(directory_machine(), host).summaries(), ElementsAre("image.directory: ./tree is a file"));
    Machine machine = directory_machine();
    machine.boot.linux_image.reset();
    EXPECT_EQ(planned(machine, serving(modern_virtiofsd)).found.status(), ENOENT) << "no kernel in the tree";
}

TEST(PlanDirectory, EphemeralStaysAsItIs) {
    Machine machine = directory_machine();
    machine.image.ephemeral = true;
    const Planned plan = planned(machine, serving(modern_virtiofsd));
    const BindMount& bound = spawned(plan, "tree").space->mounts.front();
    EXPECT_TRUE(bound.throw_away);
    EXPECT_FALSE(bound.read_only);
    EXPECT_THAT(words_of(plan, "tree"), Contains("--shared-dir=/run/systemd/vmspawn/share"));
    EXPECT_THAT(plan.at("tree").reasons, Contains(HasSubstr("kept in memory and goes with it because image.ephemeral = true")));
}

TEST(PlanShares, AreMountedByTheGuestsFstab) {
    const Planned plan = planned(sharing({.name = "src", .source = "/srv/a,b", .target = "/a b\\#c"}), serving(old_virtiofsd));
    EXPECT_EQ(fstab(plan), "io.systemd.credential:fstab.extra=src /a\\040b\\134\\043c virtiofs rw,x-initrd.mount 0 0\n");
    EXPECT_THAT(words_of(plan, "mount.src"), Contains("source=/srv/a\\,b"));
    EXPECT_THAT(words_of(plan, "mount.src"), Contains("cache=auto"));
    EXPECT_THAT(words_of(plan, "mount.src"), Contains("announce_submounts"));
    EXPECT_THAT(plan.values("-device"), Contains(HasSubstr(R"("chardev":"mount.src","queue-size":1024,"tag":"src")")));
    EXPECT_EQ(fstab(planned(sharing({.name = "src", .source = "/srv/a,b", .target = "/run/x"}), serving(modern_virtiofsd))),
              "io.systemd.credential:fstab.extra=src /run/x virtiofs rw 0 0\n");
}

TEST(PlanShares, FollowTheUsersOwnFstab) {
    Machine machine = sharing({.name = "src", .source = "/srv/a,b", .target = "/x"});
    machine.credentials = {{"fstab.extra", CredentialText{"mine"}}};
    const Planned plan = planned(machine, serving(modern_virtiofsd));
    EXPECT_EQ(fstab(plan), "io.systemd.credential:fstab.extra=<secret>\nsrc /x virtiofs rw,x-initrd.mount 0 0\n");
    EXPECT_EQ(plan.values("-smbios").size(), 1U);
}

TEST(PlanShares, ReadOnlyIsEnforcedOnTheHost) {
    const Mount mount{.name = "src", .source = "/srv/a,b", .target = "/x", .read_only = true};
    const Planned by_option = planned(sharing(mount), serving(modern_virtiofsd));
    EXPECT_THAT(words_of(by_option, "mount.src"), Contains("--readonly"));
    EXPECT_THAT(fstab(by_option), HasSubstr(" ro,x-initrd.mount "));
    const Planned by_mount = planned(sharing(mount), serving(old_virtiofsd));
    const BindMount& bound = spawned(by_mount, "mount.src").space->mounts.front();
    EXPECT_TRUE(bound.read_only);
    EXPECT_EQ(bound.source, "/srv/a,b");
    EXPECT_THAT(by_mount.at("mount.src").needs, ElementsAre("runtime-dir", "socket.mount.src"));
    EXPECT_THAT(by_mount.at("mount.src").reasons,
                Contains("read-only by a mount of its own because virtiofsd 7.2.22 has no option for it"));
}

TEST(PlanShares, FileIsBoundIntoADirectoryAndOutOfItAgain) {
    Machine machine = sharing({.name = "f", .source = "/defs/file", .target = "/etc/f", .read_only = true});
    const Planned plan = planned(machine, serving(modern_virtiofsd));
    const Namespace& space = *spawned(plan, "mount.f").space;
    EXPECT_EQ(space.mounts.front().name, "share/file");
    EXPECT_TRUE(space.mounts.front().file);
    EXPECT_TRUE(space.mounts.front().read_only);
    EXPECT_THAT(words_of(plan, "mount.f"), Contains("--shared-dir=/run/systemd/vmspawn/share"));
    EXPECT_EQ(fstab(plan),
              "io.systemd.credential:fstab.extra=f /run/vmspawn/f virtiofs ro 0 0\n/run/vmspawn/f/file /etc/f none bind,ro 0 0\n");
}

TEST(PlanShares, NameThatIsNoTagGetsANumber) {
    Machine machine = sharing({.name = "two words", .source = "/srv/a,b", .target = "/x"});
    machine.mounts.push_back({.name = "root", .source = "/srv/a,b", .target = "/y"});
    machine.mounts.push_back({.name = std::string(37, 'x'), .source = "/srv/a,b", .target = "/z"});
    const Planned plan = planned(machine, serving(modern_virtiofsd));
    for (const char* tag : {"@0", "@1", "@2"})
        EXPECT_THAT(fstab(plan), HasSubstr(std::string(tag) + " /"));
    EXPECT_EQ(plan.values("-machine").size(), 1U);
    EXPECT_EQ(plan.values("-object").size(), 2U) << "the memory is shared once";
}

TEST(PlanShares, GuestWithoutSmbiosIsToldByKernelWords) {
    Machine machine = sharing({.name = "src", .source = "/srv/a,b", .target = "/a b:c"});
    machine.arch = Arch::aarch64;
    const Planned plan = planned(machine, serving(modern_virtiofsd));
    EXPECT_THAT(plan.values("-append").front(), HasSubstr(R"(systemd.mount-extra=src:/a\x20b\x3ac:virtiofs:rw,x-initrd.mount)"));
    EXPECT_THAT(plan.reasons(), Contains(HasSubstr("shares are told by systemd.mount-extra=")));
    EXPECT_EQ(plan.plan.find("credential.fstab.extra"), nullptr);
}

TEST(PlanShares, SourceMustBeADirectoryOrAFile) {
    Host host = serving(modern_virtiofsd);
    host.files["/srv/a,b"].type = FileAnswer::Type::fifo;
    const Planned plan = planned(sharing({.name = "src", .source = "/srv/a,b", .target = "/x"}), host);
    EXPECT_THAT(plan.summaries(), ElementsAre("mount.src.source: /srv/a,b is a FIFO"));
}

}  // namespace
}  // namespace vmspawn
