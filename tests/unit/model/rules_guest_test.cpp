#include "broken.hpp"

namespace vmspawn {
namespace {

TEST(GuestRules, UserSettingsNeedBind) {
    Machine m = disk_machine();
    m.users.groups = {"wheel"};
    say(m, "users.groups");
    say(m, "users.shell");
    expect_broken("user-settings-need-bind", m, {"users.groups"});
    m.users.shell = Path("/bin/sh");
    expect_broken("user-settings-need-bind", m, {"users.shell", "users.groups"});
    expect_kept("shell-needs-bind", m);
    m.users.shell = true;
    expect_broken("user-settings-need-bind", m, {"users.groups"});
    expect_broken("shell-needs-bind", m, {"users.shell"});
    m.users.bind = {"ann"};
    expect_kept("user-settings-need-bind", m);
    expect_kept("shell-needs-bind", m);
}

TEST(GuestRules, BindNoSystemUser) {
    Machine m = disk_machine();
    m.users.bind = {"ann", "root", "nobody"};
    for (const char* key : {"users.bind[0]", "users.bind[1]", "users.bind[2]"})
        say(m, key);
    expect_broken("bind-no-system-user", m, {"users.bind[1]", "users.bind[2]"});
    m.users.bind = {"ann"};
    expect_kept("bind-no-system-user", m);
}

TEST(GuestRules, BindUpTo64) {
    Machine m = disk_machine();
    for (int i = 0; i < 64; ++i)
        m.users.bind.push_back("user" + std::to_string(i));
    expect_kept("bind-up-to-64", m);
    m.users.bind.emplace_back("ann");
    say(m, "users.bind[64]");
    expect_broken("bind-up-to-64", m, {"users.bind[64]"});
}

Machine with_credential(const std::string& id) {
    Machine m = disk_machine();
    m.credentials.push_back({id, CredentialText{"x"}});
    say(m, entry_key("credentials", id));
    return m;
}

TEST(GuestRules, CredentialIdsTaken) {
    expect_kept("credential-ids-taken", with_credential("ssh.authorized_keys.root"));

    Machine m = with_credential("vmm.notify_socket");
    expect_broken("credential-ids-taken", m, {R"(credentials."vmm.notify_socket")"});
    m.vsock.enabled = Want::no;
    expect_kept("credential-ids-taken", m);

    m = with_credential("ssh.ephemeral-authorized_keys-all");
    expect_broken("credential-ids-taken", m, {R"(credentials."ssh.ephemeral-authorized_keys-all")"});
    m.ssh.pass_key = false;
    expect_kept("credential-ids-taken", m);

    m = with_credential("journal.forward_to_socket");
    expect_kept("credential-ids-taken", m);
    m.journal.forward = "/srv/guest.journal";
    expect_broken("credential-ids-taken", m, {R"(credentials."journal.forward_to_socket")"});

    for (const char* id : {"userdb.transient.user.ann", "userdb.transient.group.ann"}) {
        m = with_credential(id);
        m.users.bind = {"bob"};
        expect_kept("credential-ids-taken", m);
        m.users.bind = {"bob", "ann"};
        say(m, "users.bind[1]");
        expect_broken("credential-ids-taken", m, {entry_key("credentials", id)});
        EXPECT_EQ(verdict("credential-ids-taken", m).notes, std::vector<std::string>{"users.bind[1]"});
    }
}

TEST(GuestRules, JournalLimitsNeedForward) {
    Machine m = disk_machine();
    m.journal.max_use = m.journal.keep_free = m.journal.max_file_size = 4096;
    m.journal.max_files = 3;
    const std::vector<std::string> keys{"journal.max-use", "journal.keep-free", "journal.max-file-size", "journal.max-files"};
    for (const std::string& key : keys)
        say(m, key);
    expect_broken("journal-limits-need-forward", m, keys);
    m.journal.forward = "/srv/guest.journal";
    expect_kept("journal-limits-need-forward", m);
}

TEST(GuestRules, JournalNeedsVsock) {
    Machine m = disk_machine();
    m.journal.forward = "/srv/guest.journal";
    say(m, "journal.forward");
    expect_kept("journal-needs-vsock", m);
    m.vsock.enabled = Want::no;
    expect_broken("journal-needs-vsock", m, {"journal.forward"});
}

TEST(GuestRules, UnitSettingsNeedOwnUnit) {
    Machine m = disk_machine();
    m.unit.keep = true;
    expect_kept("unit-settings-need-own-unit", m);
    m.unit.slice = "user.slice";
    m.unit.properties = {{"MemoryMax", std::uint64_t{1} << 30}};
    say(m, "unit.slice");
    say(m, "unit.properties");
    expect_broken("unit-settings-need-own-unit", m, {"unit.slice", "unit.properties"});
    m.unit.keep = false;
    expect_kept("unit-settings-need-own-unit", m);
}

TEST(GuestRules, ReadyNeedsVsock) {
    Machine m = disk_machine();
    m.vsock.enabled = Want::no;
    expect_kept("ready-needs-vsock", m);
    m.ready.timeout_us = 1000000;
    say(m, "ready.timeout");
    say(m, "ready.notify");
    expect_broken("ready-needs-vsock", m, {"ready.notify", "ready.timeout"});
    m.vsock.enabled = Want::if_possible;
    expect_kept("ready-needs-vsock", m);
}

TEST(GuestRules, ReadyTimeoutNeedsNotify) {
    Machine m = disk_machine();
    m.ready.timeout_us = 1000000;
    say(m, "ready.timeout");
    expect_kept("ready-timeout-needs-notify", m);
    m.ready.notify = false;
    expect_broken("ready-timeout-needs-notify", m, {"ready.timeout"});
}

}  // namespace
}  // namespace vmspawn
