// The script is run by a real bash, with a small program in the place of QEMU that shows what it was given.
#include "base/text.hpp"
#include "plan/print.hpp"
#include "planned.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace vmspawn {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class Script : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "vmspawn-script-XXXXXX").string();
        folder_ = mkdtemp(name.data());
        fs::create_directories(folder_ / "credentials");
        fs::create_directories(folder_ / "tmp");
        write("vmlinuz", "the kernel");
        write("qemu",
              "#!/bin/sh\nfor word; do echo \"word: $word\"; case $word in\n"
              "*path=/proc/self/fd/*) cat \"${word##*path=}\"; echo;;\n/proc/self/fd/*) cat \"$word\"; echo;; esac; done\n");
        fs::permissions(folder_ / "qemu", fs::perms::owner_all);
    }
    void TearDown() override { fs::remove_all(folder_); }

    void write(const fs::path& name, const std::string& text) const { std::ofstream(folder_ / name, std::ios::binary) << text; }

    [[nodiscard]] Planned plan(const Machine& machine) const {
        Host host = plain_host();
        host.qemu["x86_64"].path = (folder_ / "qemu").string();
        return planned(machine, host);
    }

    /// What the script and its QEMU print, with "status N" at the end.
    [[nodiscard]] std::string run(const Machine& machine) const { return run_script(plan(machine).plan); }
    [[nodiscard]] std::string run_script(const Plan& made) const {
        write("script", *plan_script(made));
        const std::string at = shell_quote(folder_.string());
        return output_of("cd / && TMPDIR=" + at + "/tmp VMSPAWN_DIR=" + at + " VMSPAWN_CRED_DIR=" + at + "/credentials bash " + at +
                         "/script 2>&1; echo status $?");
    }

    [[nodiscard]] static std::string output_of(const std::string& command) {
        std::string output;
        std::array<char, 4096> buffer{};
        FILE* pipe = popen(command.c_str(), "r");
        for (std::size_t got = 1; pipe && got > 0; output.append(buffer.data(), got))
            got = fread(buffer.data(), 1, buffer.size(), pipe);
        if (pipe)
            pclose(pipe);
        return output;
    }

    fs::path folder_;
};

// The archive behind the initrds is one that cpio reads, and its bytes survive the shell.
TEST_F(Script, ArchivesTheCredentialsOfAConfidentialGuest) {
    Machine machine = direct_machine();
    machine.boot.confidential = Confidential::sev_snp;
    machine.boot.initrds = {"/defs/a.img"};
    machine.credentials = {{"one", CredentialText{"geheim"}}, {"two.and", CredentialText{"x"}}};
    write("a.img", "first");
    write("credentials/one", "geheim");
    write("credentials/two.and", "x");
    Host host = confidential_host();
    host.qemu["x86_64"].path = (folder_ / "qemu").string();
    const Planned made = planned(machine, host);
    ASSERT_FALSE(made.found.has_errors());
    Plan only_initrd = made.plan;
    std::erase_if(only_initrd.resources, [](const Resource& one) { return one.id == "firmware" || one.id == "kvm"; });
    auto& arguments = std::get<Spawn>(only_initrd.resources.back().up).arguments;
    arguments = {"-initrd", Word() += Late{"initrd", Late::What::path}};
    const std::string output = run_script(only_initrd);
    const std::size_t begin = output.find("070701");
    ASSERT_EQ(output.substr(begin - 8, 8), std::string("first\0\0\0", 8)) << output;
    write("archive.cpio", output.substr(begin));
    const std::string unpack = "cd " + shell_quote(folder_.string()) +
                               " && cpio -i --quiet < archive.cpio; cat .extra/system_credentials/*.cred; "
                               "stat -c ' %a' .extra/system_credentials .extra/system_credentials/one.cred";
    EXPECT_EQ(output_of(unpack), "geheimx 700\n 400\n");
}

TEST_F(Script, HandsFilesOverAsDescriptors) {
    Machine machine = direct_machine();
    machine.boot.initrds = {"/defs/a.img", "/defs/b.img"};
    write("a.img", "first");
    write("b.img", "second");
    const std::string output = run(machine);
    EXPECT_THAT(output, HasSubstr("word: -kernel\nword: /proc/self/fd/"));
    EXPECT_THAT(output, HasSubstr("\nthe kernel\n"));
    EXPECT_THAT(output, HasSubstr(std::string("first\0\0\0second", 14)));
    EXPECT_THAT(output, testing::EndsWith("status 0\n"));
    EXPECT_TRUE(fs::is_empty(folder_ / "tmp")) << "the script leaves something behind";
}

TEST_F(Script, AsksTheHostForAPasswordHash) {
    Machine machine = direct_machine();
    machine.smbios = {"begin "};
    Plan made = plan(machine).plan;
    const auto strings = std::ranges::find(made.resources, "smbios.0", &Resource::id);
    auto& pieces = std::get<MakeMemory>(strings->up).pieces;
    pieces.emplace_back(PasswordHash{"root", 0});
    pieces.emplace_back(Text{" end"});
    write("getent", "#!/bin/sh\necho \"$2:hash-from-$1:19000:0:99999:7:::\"\n");
    fs::permissions(folder_ / "getent", fs::perms::owner_all);
    const std::string path = std::getenv("PATH");
    setenv("PATH", (folder_.string() + ":" + path).c_str(), 1);
    EXPECT_THAT(run_script(made), HasSubstr("\nbegin hash-from-shadow end\n"));
    setenv("PATH", path.c_str(), 1);
}

TEST_F(Script, ReadsCredentialsFromTheirDirectory) {
    Machine machine = direct_machine();
    machine.credentials = {{"it's", CredentialText{"geheim"}}};
    EXPECT_THAT(*plan_script(plan(machine).plan), Not(HasSubstr("geheim")));
    EXPECT_THAT(run(machine), HasSubstr("script: credential 'it's' is missing: put its value into $VMSPAWN_CRED_DIR/it's\nstatus 1\n"));
    write("credentials/it's", "other");
    EXPECT_THAT(run(machine), HasSubstr("\nio.systemd.credential.binary:it's=b3RoZXI=\n"));
}

TEST_F(Script, NamesAMissingImageAndDoesNotMakeIt) {
    EXPECT_THAT(run(disk_machine()), HasSubstr("script: ./disk.raw does not exist\nstatus 1\n"));
    EXPECT_FALSE(fs::exists(folder_ / "disk.raw"));
}

TEST_F(Script, MakesAnOverlay) {
    Machine machine = disk_machine();
    machine.image.ephemeral = true;
    std::ofstream(folder_ / "disk.raw") << "disk";
    const std::string output = run(machine);
    EXPECT_THAT(output, testing::EndsWith("status 0\n"));
    EXPECT_THAT(output, testing::ContainsRegex("fd=[0-9]+,set=2\n"));
    EXPECT_TRUE(fs::is_empty(folder_ / "tmp"));
}

TEST_F(Script, GrowsWhatIsSmaller) {
    Machine machine = disk_machine();
    machine.image.grow = 8192;
    std::ofstream(folder_ / "disk.raw") << "disk";
    EXPECT_THAT(run(machine), testing::EndsWith("status 0\n"));
    EXPECT_EQ(fs::file_size(folder_ / "disk.raw"), 8192U);
    machine.image.grow = 4096;
    EXPECT_THAT(run(machine), testing::EndsWith("status 0\n"));
    EXPECT_EQ(fs::file_size(folder_ / "disk.raw"), 8192U);
}

TEST_F(Script, PicksAndSaysAPort) {
    Machine machine = direct_machine();
    Network network;
    network.name = "default";
    network.forwards = {{"127.0.0.1", 0, 22, false}};
    machine.networks = {network};
    const std::string output = run(machine);
    EXPECT_THAT(output, testing::ContainsRegex("forward default: 127.0.0.1:[0-9]+ -> guest 22\n"));
    EXPECT_THAT(output, testing::ContainsRegex("hostfwd=tcp:127.0.0.1:[0-9]+-:22\n"));
}

TEST_F(Script, NeedsNoPasstWhereQemuCanDoWithout) {
    Machine machine = direct_machine();
    machine.networks.push_back({.name = "default", .backend = NetworkBackend::passt, .forwards = {{"127.0.0.1", 8080, 80, false}}});
    Host host = plain_host();
    host.programs["passt"] = "/usr/bin/passt";
    const Result<std::string> text = plan_script(planned(machine, host).plan);
    ASSERT_TRUE(text);
    EXPECT_THAT(*text, HasSubstr("-netdev user,id=net.default,hostfwd=tcp:127.0.0.1:8080-:80"));
    EXPECT_THAT(*text, Not(HasSubstr("passt")));
    machine.networks.front().forwards.push_back({"::1", 8080, 80, false});
    const Result<std::string> with_passt = plan_script(planned(machine, host).plan);
    ASSERT_TRUE(with_passt);
    EXPECT_THAT(*with_passt, HasSubstr("--socket=\"$socket_"));
    EXPECT_THAT(*with_passt, HasSubstr("-netdev stream,server=off,addr.type=unix,addr.path=\"${socket_"));
}

TEST_F(Script, GivesTheGuestItsOwnTerminal) {
    Machine machine = direct_machine();
    EXPECT_THAT(run(machine), HasSubstr("word: stdio,id=console,mux=on,signal=off\n"));
    machine.console.mode = ConsoleMode::native;
    EXPECT_THAT(run(machine), HasSubstr("word: stdio,id=console,signal=off,mux=on\n"));
    machine.console.mode = ConsoleMode::read_only;
    EXPECT_THAT(run(machine), HasSubstr("word: stdio,id=console,signal=on\n"));
    EXPECT_THAT(run(machine), testing::ContainsRegex("word: socket,id=qmp,path=.*/qmp,server=on,wait=off\n"));
}

TEST_F(Script, QuotesWhatTheUserWrote) {
    Machine machine = direct_machine();
    machine.smbios = {"a='$(touch pwned)' \"`id`\""};
    machine.qemu.extra = {"-x", "$HOME; \\ '"};
    const std::string output = run(machine);
    EXPECT_THAT(output, HasSubstr("\na='$(touch pwned)' \"`id`\"\n"));
    EXPECT_THAT(output, HasSubstr("word: $HOME; \\ '\n"));
    EXPECT_FALSE(fs::exists(folder_ / "pwned"));
}

TEST_F(Script, StartsHelpersOnSocketsWithPathsAndEndsThem) {
    Plan made = plan(direct_machine()).plan;
    Spawn helper{.program = "/usr/bin/env",
                 .arguments = {"python3", "-c",
                               "import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.bind(sys.argv[1].removeprefix('--path='))\n"
                               "s.listen()\ns.accept()"}};
    Word option("--fd=");
    option += Late{"socket", Late::What::fd};
    helper.arguments.push_back(option);
    Word chardev("socket,id=fs,");
    chardev += Late{"socket", Late::What::chardev};
    std::get<Spawn>(made.resources.back().up).arguments.push_back(chardev);
    made.resources.insert(made.resources.begin(), {Resource{.id = "socket", .up = Listen{"--path="}},
                                                   Resource{.id = "helper", .needs = {"socket"}, .up = std::move(helper)}});
    const std::string output = run_script(made);
    EXPECT_THAT(output, HasSubstr("/socket_1\n"));
    EXPECT_THAT(output, HasSubstr("word: socket,id=fs,path=/"));
    EXPECT_THAT(output, testing::EndsWith("status 0\n"));
    EXPECT_TRUE(fs::is_empty(folder_ / "tmp"));
}

}  // namespace
}  // namespace vmspawn
