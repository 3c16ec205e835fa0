// Command lines of systemd-vmspawn, planned: what cannot be had here is a warning for its callers, and they go without.
#include "config/arguments.hpp"
#include "config/decode.hpp"
#include "config/merge.hpp"
#include "host/host_json.hpp"
#include "planned.hpp"
#include "unit/plan/examples.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Words = std::vector<const char*>;

Planned called(Words words, const Host& host = plain_host(), const char* program = "systemd-vmspawn") {
    words.insert(words.begin(), program);
    Diagnostics found;
    const Merged merged = merge(language(), {}, parse_arguments(language(), words, found), found);
    const Machine machine = decode(merged, {"/defs", "/home/u", "a-host"}, found).machine;
    EXPECT_FALSE(found.has_errors()) << found.begin()->summary;
    Planned made = planned(machine, host);
    found.append(std::move(made.found));
    made.found = std::move(found);
    return made;
}

/// The same flags, as vmspawn.
Planned ours(Words words, const Host& host = plain_host()) {
    words.insert(words.begin(), "run");
    return called(std::move(words), host, "vmspawn");
}

/// "warning --vsock=: …", the flag first.
std::vector<std::string> told(const Planned& made) {
    std::vector<std::string> lines;
    for (const Diagnostic& one : made.found)
        lines.push_back((one.severity == Severity::error ? "error " : "warning ") + to_string(one.at) + ": " + one.summary);
    return lines;
}

Host recorded(const std::string& name) {
    const Result<Host> host = host_from_json(test::read_file(test::tests_folder() / "hosts" / (name + ".json")), "/defs", "/home/u");
    if (!host)
        throw std::runtime_error(to_string(host.failure()));
    return *host;
}

Host without_vsock() {
    Host host = plain_host();
    host.programs["systemd-journal-remote"] = "/usr/lib/systemd/systemd-journal-remote";
    return host;
}

FileAnswer tree_of(std::uint32_t owner) {
    FileAnswer answer = regular_file("tree");
    answer.type = FileAnswer::Type::directory;
    answer.owner = owner;
    return answer;
}

// Reference D.5, "how mkosi drives it".
const Words mkosi{"--cpus",
                  "2",
                  "--ram",
                  "2147483648",
                  "--kvm",
                  "auto",
                  "--vsock",
                  "auto",
                  "--tpm",
                  "no",
                  "--tpm-state=off",
                  "--console",
                  "interactive",
                  "--register",
                  "no",
                  "--firmware-features",
                  "~secure-boot",
                  "--network-user-mode",
                  "--load-credential=firstboot.locale:/defs/locale",
                  "--bind",
                  "/defs/src:/root/src",
                  "--bind",
                  "/defs/other:/root/src",
                  "--linux",
                  "/defs/vmlinuz",
                  "--initrd",
                  "/defs/initrd",
                  "--image",
                  "/defs/image.raw",
                  "--image-disk-type",
                  "virtio-blk",
                  "--forward-journal",
                  "/defs/guest.journal",
                  "--forward-journal-max-use",
                  "1T",
                  "--forward-journal-keep-free",
                  "1G",
                  "--forward-journal-max-file-size",
                  "4G",
                  "--forward-journal-max-files",
                  "1",
                  "root=/dev/vda2",
                  "rw"};

TEST(DropIn, MkosisLineRunsOnHostsWithLimitsForJournals) {
    Host host = recorded("kvm-root");
    host.programs["systemd-journal-remote --max-use"] = "--max-use";
    const Planned made = called(mkosi, host);
    EXPECT_THAT(made.summaries(), ElementsAre(HasSubstr("mount 'cli1' has the target of another one")));
    EXPECT_THAT(words_of(made, "journal"), ElementsAre("--output=/defs/guest.journal", "--split-mode=none", "--max-use=1099511627776",
                                                       "--keep-free=1073741824", "--max-file-size=4294967296", "--max-files=1"));
    EXPECT_EQ(made.plan.find("firmware"), nullptr) << "what is excluded asks for no UEFI";
}

TEST(DropIn, MkosisLineRunsOnHostsWithout) {
    const Planned made = called(mkosi, recorded("kvm-root"));
    EXPECT_THAT(made.summaries(), ElementsAre(HasSubstr("mount 'cli1' has the target of another one"),
                                              "journal.forward: this systemd-journal-remote cannot be told limits"));
    EXPECT_FALSE(made.found.has_errors());
    EXPECT_THAT(words_of(made, "journal"), ElementsAre("--output=/defs/guest.journal", "--split-mode=none"));
    EXPECT_NE(made.plan.find("mount.cli0"), nullptr);
    EXPECT_EQ(made.plan.find("mount.cli1"), nullptr);
}

TEST(DropIn, NoVsockIsNoErrorUnlessItIsAskedFor) {
    const Words words{"-i", "a.raw", "--firmware=bios", "--console=headless", "--vsock", "", "--forward-journal=/j", "--notify-ready=yes"};
    const Planned made = called(words, without_vsock());
    EXPECT_THAT(told(made),
                ElementsAre(HasSubstr("warning --notify-ready=yes: ready.notify: the guest cannot tell when it is ready"),
                            "warning --forward-journal=/j: journal.forward: the journal travels over vsock, and there is none"));
    EXPECT_EQ(made.plan.find("journal"), nullptr);
    EXPECT_FALSE(made.plan.notify.wait);
    EXPECT_THAT(made.reasons(), Contains("the machine counts as ready at once because there is no vsock"));
    EXPECT_EQ(ours(words, without_vsock()).found.status(), EOPNOTSUPP);
    EXPECT_EQ(called({"-i", "a.raw", "--firmware=bios", "--vsock=yes", "--forward-journal=/j"}, without_vsock()).found.status(),
              EOPNOTSUPP);
}

TEST(DropIn, Qcow2MayRestAnywhere) {
    Host host = plain_host();
    for (const char* path : {"/defs/top.qcow2", "/defs/more.qcow2"}) {
        host.files[path] = regular_file(path);
        host.files[path].format = "qcow2";
        host.files[path].qcow2 =
            Qcow2Facts{.size = 1U << 30U, .backing = std::string("/srv/below/") + (path + 6) + ".raw", .backing_format = "raw"};
    }
    for (const char* path : {"/srv/below/top.qcow2.raw", "/srv/below/more.qcow2.raw", "/srv/data.raw"})
        host.files[path] = regular_file(path);
    host.files["/defs/more.qcow2"].qcow2->data_file = "/srv/data.raw";
    host.files["/defs/more.qcow2"].qcow2->has_data_file = true;
    const Words words{"-i", "top.qcow2", "--image-format=qcow2", "--extra-drive=qcow2:more.qcow2", "--firmware=bios", "--console=headless"};
    const Planned made = called(words, host);
    EXPECT_THAT(told(made),
                ElementsAre("warning -i top.qcow2: image.path: ./top.qcow2 rests on /srv/below/top.qcow2.raw, outside its own directory",
                            HasSubstr("./more.qcow2 keeps its data in /srv/data.raw, outside its own directory"),
                            HasSubstr("./more.qcow2 rests on /srv/below/more.qcow2.raw, outside its own directory")));
    EXPECT_EQ(std::get<OpenFile>(made.at("image.backing1").up).path, "/srv/below/top.qcow2.raw");
    EXPECT_FALSE(std::get<OpenFile>(made.at("image.backing1").up).writable);
    EXPECT_EQ(std::get<OpenFile>(made.at("drive.cli0.data").up).path, "/srv/data.raw");
    EXPECT_EQ(ours(words, host).found.status(), EINVAL);
}

TEST(DropIn, KernelWordsThatReachNobodyAreLeftOut) {
    Host host = plain_host();
    host.arch = "riscv64";
    Firmware firmware = firmware_of("riscv", {});
    firmware.targets = {{"riscv64", {"virt*"}}};
    host.firmware = {firmware};
    host.qemu["riscv64"].machines = {{"virt", "virt-7.2"}};
    const Words words{"-i", "a.raw", "--console=headless", "my=word"};
    const Planned made = called(words, host);
    EXPECT_THAT(told(made), ElementsAre("warning my=word: boot.cmdline does not reach the kernel"));
    EXPECT_EQ(ours({"-i", "a.raw", "--console=headless", "--", "my=word"}, host).found.status(), EINVAL);
}

TEST(DropIn, WordsOfATreeComeLast) {
    Host host = plain_host();
    host.virtiofsd = Virtiofsd{"/usr/libexec/virtiofsd", "1.13.2", {"shared-dir"}};
    host.files["/defs/tree"] = tree_of(0);
    const Words words{"-D", "tree", "--linux=vmlinuz", "--console=headless", "root=LABEL=x", "quiet"};
    EXPECT_THAT(called(words, host).values("-append"), ElementsAre(EndsWith("root=LABEL=x quiet root=root rootfstype=virtiofs rw")));
    EXPECT_THAT(called({"-D", "tree", "--linux=vmlinuz", "--console=headless", "quiet"}, host).values("-append"),
                ElementsAre(EndsWith("quiet root=root rootfstype=virtiofs rw")));
}

/// Reference D.3, 18: there the ids are those of the host.
TEST(DropIn, IdsAreShiftedHoweverTheTreeIsNamed) {
    Host host = plain_host();
    host.virtiofsd = Virtiofsd{"/usr/libexec/virtiofsd", "1.13.2", {"shared-dir", "translate-uid"}};
    host.files["/defs"] = host.files["/var/lib/machines/web"] = tree_of(500);
    host.programs["newuidmap"] = host.programs["newgidmap"] = "";
    host.images["web"] = {NamedImage::Kind::tree, "/var/lib/machines/web", {}};
    for (const Words& words : {Words{}, Words{"-M", "web"}, Words{"-D", "."}}) {
        Words all{"--linux=/k", "--console=headless", "--tpm=no"};
        all.insert(all.end(), words.begin(), words.end());
        const Planned made = called(all, host);
        ASSERT_THAT(told(made), IsEmpty());
        EXPECT_THAT(words_of(made, "tree"), Contains("--translate-uid=map:0:500:65536"));
    }
}

/// Reference D.3, 23: there a state with a quote in its path fails without a word.
TEST(DropIn, StateMayHaveAnyName) {
    Host host = plain_host();
    for (const char* program : {"swtpm", "swtpm_setup", "swtpm_localca"})
        host.programs[program] = std::string("/usr/bin/") + program;
    host.qemu["x86_64"].features.insert("device/tpm-tis");
    const Planned made =
        called({"-i", "a.raw", "--console=headless", "--tpm=yes", "--tpm-state=./t \"pm", "--efi-nvram-state=./v\"a,rs"}, host);
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_EQ(std::get<KeepDirectory>(made.at("tpm-state").up).path, "/defs/t \"pm");
    EXPECT_EQ(std::get<KeepFile>(made.at("nvram").up).path, "/defs/v\"a,rs");
    for (const std::string& word : words_of(made, "qemu"))
        EXPECT_THAT(word, Not(HasSubstr("v\"a")));
}

}  // namespace
}  // namespace vmspawn
