// Chains of qcow2 images: what is opened, what is refused.
#include "planned.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t gibibyte = 1U << 30U;

FileAnswer qcow2(std::string identity, std::string backing = "", std::string format = "") {
    FileAnswer answer = regular_file(std::move(identity));
    answer.format = "qcow2";
    answer.qcow2 = Qcow2Facts{.size = gibibyte, .backing = std::move(backing), .backing_format = std::move(format)};
    return answer;
}

Machine qcow2_machine() {
    Machine machine = disk_machine();
    machine.image.path = "/defs/top.qcow2";
    machine.image.format = DiskFormat::qcow2;
    return machine;
}

struct Chain {
    Machine machine = qcow2_machine();
    Host host = plain_host();

    Chain& file(const std::string& path, FileAnswer answer) {
        host.files[path] = std::move(answer);
        return *this;
    }
    [[nodiscard]] Planned plan() const { return planned(machine, host); }
    /// The only problem.
    [[nodiscard]] Diagnostic problem() const {
        const Planned made = plan();
        EXPECT_EQ(made.found.size(), 1U);
        return made.found.size() == 0 ? Diagnostic() : *made.found.begin();
    }
};

TEST(DiskLayers, AnImageAlone) {
    const Planned made = Chain().file("/defs/top.qcow2", qcow2("1")).plan();
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_THAT(
        made.values("-blockdev"),
        ElementsAre(HasSubstr(R"("driver":"file","node-name":"image-file","filename":"/dev/fdset/1","read-only":false)"),
                    R"({"driver":"qcow2","node-name":"image","file":"image-file","read-only":false,"discard":"unmap","backing":null})"));
}

TEST(DiskLayers, AChainIsOpenedReadOnlyBelowTheTop) {
    const Planned made = Chain()
                             .file("/defs/top.qcow2", qcow2("1", "/defs/middle.qcow2", "qcow2"))
                             .file("/defs/middle.qcow2", qcow2("2", "/defs/base.raw", "raw"))
                             .file("/defs/base.raw", regular_file("3"))
                             .plan();
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_THAT(made.values("-blockdev"),
                ElementsAre(HasSubstr(R"("node-name":"image-b2f","filename":"/dev/fdset/1","read-only":true)"),
                            HasSubstr(R"("driver":"raw","node-name":"image-b2","file":"image-b2f","read-only":true)"),
                            HasSubstr(R"("node-name":"image-b1f")"),
                            AllOf(HasSubstr(R"("driver":"qcow2","node-name":"image-b1")"),
                                  HasSubstr(R"("read-only":true,"discard":"ignore","backing":"image-b2")")),
                            HasSubstr(R"("node-name":"image-file")"), HasSubstr(R"("backing":"image-b1")")));
    for (const char* id : {"image.backing1", "image.backing2"}) {
        const auto& file = std::get<OpenFile>(made.at(id).up);
        EXPECT_FALSE(file.writable);
        EXPECT_EQ(file.lock, OpenFile::Lock::qemu);
    }
}

TEST(DiskLayers, DataInAFileOfItsOwn) {
    FileAnswer top = qcow2("1");
    top.qcow2->has_data_file = true;
    top.qcow2->data_file = "/defs/top.data";
    const Planned made = Chain().file("/defs/top.qcow2", top).file("/defs/top.data", regular_file("2")).plan();
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_TRUE(std::get<OpenFile>(made.at("image.data").up).writable);
    EXPECT_THAT(made.values("-blockdev"), Contains(HasSubstr(R"("data-file":"image-data")")));

    top.qcow2->data_file.clear();
    EXPECT_EQ(Chain().file("/defs/top.qcow2", top).problem().summary,
              "image.path: ./top.qcow2 keeps its data in '', which is no plain path");
}

TEST(DiskLayers, OutsideItsDirectoryNeedsConsent) {
    Chain chain;
    chain.file("/defs/top.qcow2", qcow2("1", "/srv/base.raw", "raw")).file("/srv/base.raw", regular_file("2"));
    const Diagnostic problem = chain.problem();
    EXPECT_EQ(problem.summary, "image.path: ./top.qcow2 rests on /srv/base.raw, outside its own directory");
    EXPECT_EQ(problem.hint, "image.backing = [\"/srv/base.raw\"] allows it");
    chain.machine.image.backing = {"/srv/base.raw"};
    EXPECT_THAT(chain.plan().summaries(), IsEmpty());
}

TEST(DiskLayers, ALinkIsJudgedByWhereItLeads) {
    Chain chain;
    FileAnswer link = regular_file("2");
    link.target = "/etc/secret";
    chain.file("/defs/top.qcow2", qcow2("1", "/defs/base.raw", "raw")).file("/defs/base.raw", link);
    EXPECT_EQ(chain.problem().summary, "image.path: ./top.qcow2 rests on /etc/secret, outside its own directory");
    chain.machine.image.backing = {"/defs/base.raw"};
    EXPECT_EQ(std::get<OpenFile>(chain.plan().at("image.backing1").up).path, "/etc/secret");

    FileAnswer moved = qcow2("1", "/defs/base.raw", "raw");
    moved.target = "/srv/images/top.qcow2";
    link.target = "/srv/images/base.raw";
    EXPECT_THAT(Chain().file("/defs/top.qcow2", moved).file("/defs/base.raw", link).plan().summaries(), IsEmpty());
}

TEST(DiskLayers, TheFormatBelowIsNeverGuessed) {
    const Diagnostic unsaid = Chain().file("/defs/top.qcow2", qcow2("1", "/defs/a b.raw")).problem();
    EXPECT_EQ(unsaid.summary, "image.path: ./top.qcow2 does not say of which format its backing file ./a b.raw is");
    EXPECT_EQ(unsaid.hint, "formats are never guessed; qemu-img rebase -u -b '/defs/a b.raw' -F FORMAT ./top.qcow2");

    EXPECT_EQ(Chain().file("/defs/top.qcow2", qcow2("1", "/defs/a.vmdk", "vmdk")).problem().summary,
              "image.path: ./top.qcow2 rests on an image of format 'vmdk'");
    EXPECT_EQ(Chain().file("/defs/top.qcow2", qcow2("1", "/defs/b.raw", "raw")).file("/defs/b.raw", qcow2("2")).problem().summary,
              "image.path: ./b.raw is a qcow2 image, and would be taken for a raw one");
    EXPECT_EQ(Chain().file("/defs/top.qcow2", qcow2("1", "/defs/b.raw", "qcow2")).file("/defs/b.raw", regular_file("2")).problem().hint,
              "qemu-img rebase -u -b /defs/b.raw -F raw ./top.qcow2");
}

TEST(DiskLayers, OnlyPlainPathsAreFollowed) {
    for (const char* name : {"json:{\"driver\":\"nbd\"}", "nbd://host/disk", "file:/etc/shadow"})
        EXPECT_THAT(Chain().file("/defs/top.qcow2", qcow2("1", name, "raw")).problem().summary, HasSubstr("which is no plain path"));
}

TEST(DiskLayers, WhatIsMissingIsSaid) {
    const Diagnostic problem =
        Chain().file("/defs/top.qcow2", qcow2("1", "/defs/base.raw", "raw")).file("/defs/base.raw", FileAnswer()).problem();
    EXPECT_EQ(problem.summary, "image.path: the backing file ./base.raw does not exist");
    EXPECT_EQ(problem.error, ENOENT);
    EXPECT_EQ(Chain().file("/defs/top.qcow2", qcow2("1", "/defs/base.raw", "raw")).problem().summary,
              "image.path: the record of the host has no answer about ./base.raw");
    FileAnswer broken = qcow2("1");
    broken.qcow2->problem = "it is encrypted";
    EXPECT_EQ(Chain().file("/defs/top.qcow2", broken).problem().summary, "image.path: ./top.qcow2 cannot be used: it is encrypted");
}

TEST(DiskLayers, RingsAndEndlessChainsEnd) {
    EXPECT_EQ(Chain()
                  .file("/defs/top.qcow2", qcow2("1", "/defs/b.qcow2", "qcow2"))
                  .file("/defs/b.qcow2", qcow2("2", "/defs/top.qcow2", "qcow2"))
                  .problem()
                  .summary,
              "image.path: ./top.qcow2 rests on itself");
    Chain chain;
    chain.file("/defs/top.qcow2", qcow2("top", "/defs/0.qcow2", "qcow2"));
    for (int i = 0; i < 40; ++i)
        chain.file("/defs/" + std::to_string(i) + ".qcow2", qcow2(std::to_string(i), "/defs/" + std::to_string(i + 1) + ".qcow2", "qcow2"));
    EXPECT_EQ(chain.problem().summary, "image.path: ./top.qcow2 rests on more than 32 images");
}

TEST(DiskLayers, NoDriveWritesWhatAnotherRestsOn) {
    Chain chain;
    chain.file("/defs/top.qcow2", qcow2("1", "/defs/base.raw", "raw")).file("/defs/base.raw", regular_file("2"));
    Drive drive;
    drive.name = "base";
    drive.path = "/defs/base.raw";
    chain.machine.drives = {drive};
    EXPECT_EQ(chain.problem().summary, "drive.base.path and image.path both use ./base.raw");
    chain.machine.drives.front().read_only = true;
    EXPECT_THAT(chain.plan().summaries(), IsEmpty());
}

}  // namespace
}  // namespace vmspawn
