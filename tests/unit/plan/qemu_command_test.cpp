#include "plan/qemu_command.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace vmspawn {
namespace {

using testing::ElementsAre;

std::vector<std::string> spelt(const QemuCommand& command) {
    std::vector<std::string> words;
    for (const Word& word : command.words())
        words.push_back(to_string(word));
    return words;
}

TEST(QemuCommand, SpellsRecordsAsJson) {
    QemuCommand command;
    command.device({{"driver", "nvme"}, {"serial", "a,b\"c"}, {"bootindex", 1}, {"on", true}});
    EXPECT_THAT(spelt(command), ElementsAre("-device", R"({"driver":"nvme","serial":"a,b\"c","bootindex":1,"on":true})"));
}

TEST(QemuCommand, SurvivesInvalidUtf8) {
    QemuCommand command;
    command.object({{"id", "a\xff"}});
    EXPECT_THAT(spelt(command), ElementsAre("-object", "{\"id\":\"a\xef\xbf\xbd\"}"));
}

TEST(QemuCommand, NumbersItsDescriptorSets) {
    QemuCommand command;
    EXPECT_EQ(command.fdset("image"), "/dev/fdset/1");
    EXPECT_EQ(command.fdset("kvm"), "/dev/fdset/2");
    EXPECT_THAT(spelt(command), ElementsAre("-add-fd", "fd=<image:fd>,set=1", "-add-fd", "fd=<kvm:fd>,set=2"));
}

TEST(QemuCommand, KnowsWhatItMentionsOnceEach) {
    QemuCommand command;
    command.fdset("b");
    command.fdset("a");
    command.fdset("b");
    command.option("-nodefaults");
    EXPECT_THAT(command.mentioned(), ElementsAre("b", "a"));
}

TEST(EscapeQemuValue, DoublesCommas) {
    EXPECT_EQ(escape_qemu_value("a,b,,c"), "a,,b,,,,c");
    EXPECT_EQ(escape_qemu_value(""), "");
}

TEST(QemuId, KeepsANameThatQemuTakes) {
    EXPECT_EQ(qemu_id("drive", "data-1_a.b", 7), "drive.data-1_a.b");
}

TEST(QemuId, NumbersAnyOther) {
    EXPECT_EQ(qemu_id("drive", "my data", 0), "drive-0");
    EXPECT_EQ(qemu_id("drive", "dätä", 1), "drive-1");
    EXPECT_EQ(qemu_id("drive", "a,file=/etc/passwd", 2), "drive-2");
    EXPECT_EQ(qemu_id("drive", std::string(21, 'x'), 3), "drive-3");
    EXPECT_EQ(qemu_id("drive", std::string(20, 'x'), 3).size(), 26U);  // and "-file" makes 31, all that a node name holds
}

}  // namespace
}  // namespace vmspawn
