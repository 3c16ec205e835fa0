#include "plan/print.hpp"
#include "planned.hpp"

#include <gmock/gmock.h>

#include <cerrno>
#include <csignal>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// ann and bob have homes of their own.
Host with_users(const Virtiofsd& virtiofsd = modern_virtiofsd) {
    Host host = plain_host();
    host.virtiofsd = virtiofsd;
    host.users["ann"] = {.uid = 1000, .gid = 1001, .group = "ann", .home = "/home/ann", .shell = "/bin/zsh", .password = 106};
    host.users["bob"] = {.uid = 1002, .gid = 1002, .group = "bob", .home = "/home/bob", .shell = "/bin/sh"};
    for (const auto& [name, user] : host.users)
        host.files[user.home] = {.type = FileAnswer::Type::directory, .readable = true, .writable = true, .owner = user.uid};
    return host;
}

Host as_ann(Host host, bool granted) {
    host.uid = 1000;
    host.gid = 1001;
    host.runtime_base = "/run/user/1000";
    if (granted) {
        host.subuids = host.subgids = {{100000, 65536}};
        host.programs = {{"newuidmap", "/usr/bin/newuidmap"}, {"newgidmap", "/usr/bin/newgidmap"}};
    }
    return host;
}

Machine binding(std::vector<std::string> names) {
    Machine machine = direct_machine();
    for (std::size_t i = 0; i < names.size(); ++i)
        machine.origins[element_key("users.bind", i)] = said_here();
    machine.users.bind = std::move(names);
    return machine;
}

/// A credential as a guest's firmware tables have it, with the name of the user in the place of a hash.
std::string credential(const Planned& made, const std::string& id) {
    std::string text;
    for (const Piece& piece : std::get<MakeMemory>(made.at("credential." + id).up).pieces)
        text += std::holds_alternative<Text>(piece) ? std::get<Text>(piece).bytes : std::get<PasswordHash>(piece).user;
    return text;
}

const Namespace& space(const Planned& made, const std::string& id) {
    return std::get<Spawn>(made.at(id).up).space.value();
}

std::vector<std::string> spans(const std::vector<IdSpan>& ids) {
    std::vector<std::string> texts;
    for (const IdSpan& span : ids)
        texts.push_back(std::to_string(span.inside) + ":" + std::to_string(span.outside) + ":" + std::to_string(span.count));
    return texts;
}

TEST(Users, RecordsSayWhatTheGuestNeeds) {
    const Planned made = planned(binding({"ann", "bob"}), with_users());
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_EQ(credential(made, "userdb.transient.user.ann"),
              R"(io.systemd.credential:userdb.transient.user.ann={"userName":"ann","uid":60514,"gid":60514,"disposition":"regular",)"
              R"("homeDirectory":"/run/vmhost/home/ann","service":"io.systemd.NSpawn","privileged":{"hashedPassword":["ann"]}})");
    EXPECT_EQ(credential(made, "userdb.transient.group.ann"),
              R"(io.systemd.credential:userdb.transient.group.ann={"groupName":"ann","gid":60514,"disposition":"regular",)"
              R"("service":"io.systemd.NSpawn"})");
    EXPECT_EQ(credential(made, "userdb.transient.user.bob"),
              R"(io.systemd.credential:userdb.transient.user.bob={"userName":"bob","uid":60515,"gid":60515,"disposition":"regular",)"
              R"("homeDirectory":"/run/vmhost/home/bob","service":"io.systemd.NSpawn"})");
    EXPECT_THAT(made.values("-smbios"), Contains("type=11,path=<credential.userdb.transient.user.bob:path>"));
}

TEST(Users, ShellAndGroups) {
    Machine machine = binding({"ann"});
    machine.users.shell = true;
    machine.users.groups = {"wheel", "video"};
    EXPECT_THAT(credential(planned(machine, with_users()), "userdb.transient.user.ann"),
                HasSubstr(R"("shell":"/bin/zsh","memberOf":["wheel","video"],"privileged")"));
    machine.users.shell = Path("/bin/fish");
    EXPECT_THAT(credential(planned(machine, with_users()), "userdb.transient.user.ann"), HasSubstr(R"("shell":"/bin/fish")"));
}

TEST(Users, HashIsReadAtTheStartAndStandsInNoPlan) {
    const Planned made = planned(binding({"ann"}), with_users());
    EXPECT_THAT(plan_text(made.plan), HasSubstr("<password hash of ann>"));
    EXPECT_THAT(plan_json(made.plan), HasSubstr(R"("password-hash": "ann")"));
}

TEST(Users, GuestThatGetsAHashIsSpokenOfOnce) {
    EXPECT_THAT(planned(binding({"bob", "ann"}), with_users()).plan.notices,
                Contains("the guest is told the password hash of ann: whoever controls the guest can read it"));
    const Planned without = planned(binding({"bob"}), with_users());
    EXPECT_THAT(without.plan.notices, Not(Contains(HasSubstr("hash"))));
    EXPECT_THAT(without.at("home.bob").reasons,
                Contains("bob cannot log in by a password because none is set on the host, or it is locked"));
}

TEST(Users, HomeIsSharedWithOneIdTranslated) {
    const Planned made = planned(binding({"ann"}), with_users());
    EXPECT_THAT(words_of(made, "home.ann"),
                ElementsAre("--fd=<socket.home.ann:fd>", "--shared-dir=/home/ann", "--cache=auto", "--xattr", "--announce-submounts",
                            "--translate-uid=map:60514:1000:1", "--translate-uid=squash-guest:0:1000:60514",
                            "--translate-uid=squash-guest:60515:1000:4294906780", "--translate-gid=map:60514:1001:1",
                            "--translate-gid=squash-guest:0:1001:60514", "--translate-gid=squash-guest:60515:1001:4294906780",
                            "--modcaps=-mknod", "--log-level=error"));
    EXPECT_FALSE(std::get<Spawn>(made.at("home.ann").up).space);
    EXPECT_THAT(made.at("home.ann").reasons, Contains("ann is 60514 in the guest and 1000 on the host"));
    EXPECT_EQ(credential(made, "fstab.extra"), "io.systemd.credential:fstab.extra=@ann /run/vmhost/home/ann virtiofs rw 0 0\n");
    EXPECT_THAT(made.values("-device"), Contains(HasSubstr(R"("chardev":"home.ann","queue-size":1024,"tag":"@ann")")));
    EXPECT_THAT(made.values("-machine").front(), HasSubstr(",memory-backend=memory"));
}

TEST(Users, OldVirtiofsdGetsTheIdsByANamespace) {
    const Planned made = planned(binding({"ann"}), with_users(old_virtiofsd));
    EXPECT_THAT(spans(space(made, "home.ann").uids), ElementsAre("0:60514:1", "60514:1000:1"));
    EXPECT_THAT(spans(space(made, "home.ann").gids), ElementsAre("0:60514:1", "60514:1001:1"));
    EXPECT_TRUE(space(made, "home.ann").mounts_first);
    EXPECT_THAT(words_of(made, "home.ann"), Contains("source=/run/systemd/vmspawn/share"));
}

TEST(Users, UserBindsThemselves) {
    const Planned made = planned(binding({"ann"}), as_ann(with_users(), false));
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_THAT(spans(space(made, "home.ann").uids), ElementsAre("0:1000:1"));
    EXPECT_THAT(words_of(made, "home.ann"), Contains("--translate-uid=map:60514:0:1"));
    EXPECT_THAT(words_of(made, "home.ann"), Contains("--translate-gid=map:60514:0:1"));
    EXPECT_THAT(words_of(made, "home.ann"), Contains("--sandbox=chroot"));
}

TEST(Users, UserWithOldVirtiofsdNeedsIdsGranted) {
    const Planned granted = planned(binding({"ann"}), as_ann(with_users(old_virtiofsd), true));
    EXPECT_THAT(spans(space(granted, "home.ann").uids), ElementsAre("0:100000:1", "60514:1000:1"));
    EXPECT_EQ(space(granted, "home.ann").uid_tool, "/usr/bin/newuidmap");
    const Planned refused = planned(binding({"ann"}), as_ann(with_users(old_virtiofsd), false));
    EXPECT_THAT(refused.summaries(),
                ElementsAre("users.bind[0]: virtiofsd 7.2.22 cannot give a user of the host another number in the guest"));
    EXPECT_EQ(refused.found.status(), EOPNOTSUPP);
}

/// What is said of ann on such a host, and its status.
std::pair<std::string, int> problem(const Host& host) {
    const Planned made = planned(binding({"ann"}), host);
    EXPECT_EQ(made.found.size(), 1U);
    EXPECT_EQ(made.plan.find("credential.userdb.transient.user.ann"), nullptr);
    EXPECT_EQ(made.plan.find("home.ann"), nullptr);
    return {made.found.size() == 1U ? made.found.begin()->summary : "", made.found.status()};
}

TEST(Users, WhoCannotBeBound) {
    using Said = std::pair<std::string, int>;
    EXPECT_EQ(problem(as_ann(plain_host(), false)), Said("users.bind[0]: the host has no user ann", ENOENT));

    Host host = with_users();
    host.users["ann"] = {.error = EIO};
    EXPECT_EQ(problem(host), Said("users.bind[0]: cannot look up the user ann", EIO));
    host = with_users();
    host.users["ann"].uid = 0;
    EXPECT_EQ(problem(host), Said("users.bind[0]: ann is another name of root", EINVAL));
    host.users["ann"].uid = 65534;
    EXPECT_EQ(problem(host), Said("users.bind[0]: ann is another name of nobody", EINVAL));
    host = with_users();
    host.users["ann"].group = "users";
    EXPECT_EQ(problem(host), Said("users.bind[0]: the group of ann is users, not one of their own", EINVAL));
    host.users["ann"].group = "";
    EXPECT_EQ(problem(host), Said("users.bind[0]: the group of ann is unknown, not one of their own", EINVAL));
    host = with_users();
    host.users["ann"].home = "";
    EXPECT_EQ(problem(host), Said("users.bind[0]: ann has no home directory", EINVAL));
    host = with_users();
    host.files["/home/ann"] = {};
    EXPECT_EQ(problem(host), Said("users.bind[0]: the home directory /home/ann does not exist", ENOENT));
    host.files["/home/ann"] = with_users().files["/home/bob"];
    EXPECT_EQ(problem(host), Said("users.bind[0]: the home directory /home/ann belongs to uid 1002, not to ann", EINVAL));
    host = as_ann(with_users(), true);
    host.uid = 1003;
    EXPECT_EQ(problem(host), Said("users.bind[0]: only root can bind another user, ann", EACCES));
}

TEST(Users, QuestionsNameTheUserAndTheServer) {
    std::vector<std::string> subjects;
    for (const Question& question : questions(binding({"ann", "bob"})))
        if (question.kind == Question::Kind::user || question.kind == Question::Kind::virtiofsd)
            subjects.push_back(question.subject);
    EXPECT_THAT(subjects, ElementsAre("ann", "bob", "virtiofsd"));

    Host host = with_users();
    host.files.erase("/home/ann");
    EXPECT_THAT(planned(binding({"ann"}), host).summaries(), ElementsAre("the record of the host has no answer about the user ann"));
}

TEST(Users, GuestWithoutSmbiosIsToldByFwCfgAndKernelWords) {
    Machine machine = binding({"ann"});
    machine.arch = Arch::aarch64;
    const Planned made = planned(machine, with_users());
    EXPECT_THAT(
        made.values("-fw_cfg"),
        ElementsAre("name=opt/io.systemd.credentials/userdb.transient.user.ann,file=<credential.userdb.transient.user.ann:path>",
                    "name=opt/io.systemd.credentials/userdb.transient.group.ann,file=<credential.userdb.transient.group.ann:path>"));
    EXPECT_THAT(credential(made, "userdb.transient.user.ann"), testing::StartsWith("{\"userName\":\"ann\""));
    EXPECT_THAT(made.values("-append").front(), HasSubstr("systemd.mount-extra=@ann:/run/vmhost/home/ann:virtiofs:rw"));
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("by fw_cfg")));
}

TEST(Users, SnpMeasuresTheRecords) {
    Machine machine = binding({"ann"});
    machine.boot.confidential = Confidential::sev_snp;
    machine.kvm = Want::yes;
    machine.boot.firmware = FirmwareKind::uefi;
    Host host = confidential_host();
    const Host users = with_users();
    host.users = users.users;
    host.virtiofsd = users.virtiofsd;
    host.files.insert(users.files.begin(), users.files.end());
    const Planned made = planned(machine, host);
    EXPECT_THAT(made.summaries(), IsEmpty());
    bool hash = false;
    std::string text;
    for (const Piece& piece : std::get<MakeMemory>(made.at("initrd").up).pieces) {
        hash = hash || std::holds_alternative<PasswordHash>(piece);
        text += std::holds_alternative<Text>(piece) ? std::get<Text>(piece).bytes : "";
    }
    EXPECT_TRUE(hash);
    EXPECT_THAT(text, HasSubstr("/userdb.transient.user.ann.cred"));
    EXPECT_EQ(made.plan.find("credential.userdb.transient.user.ann"), nullptr);
}

}  // namespace
}  // namespace vmspawn
