#include "plan/print.hpp"

#include "planned.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <map>

namespace vmspawn {
namespace {

using testing::HasSubstr;
using testing::Not;

Machine rich_machine() {
    Machine machine = direct_machine();
    machine.origins["boot.linux"] = said_here();
    machine.boot.initrds = {"/home/u/a.img", "/defs/b.img"};
    machine.credentials = {{"text", CredentialText{"geheim"}}, {"file", CredentialFile{"/home/u/key"}}};
    Network network;
    network.name = "default";
    network.forwards = {{"127.0.0.1", 0, 22, false}};
    machine.networks = {network};
    return machine;
}

TEST(PlanText, ShowsEachResourceWithItsOrigin) {
    const std::string text = plan_text(planned(rich_machine()).plan);
    EXPECT_THAT(text, testing::StartsWith("machine test\n  1  runtime-dir           claim name test in /run/systemd/vmspawn\n"));
    EXPECT_THAT(text, HasSubstr("open ./vmlinuz, read-only  (test.vmspawn:3:7 boot.linux)\n"));
    EXPECT_THAT(text, HasSubstr("memory ~/a.img + zeros to a multiple of 4 + ./b.img\n"));
    EXPECT_THAT(text, HasSubstr("       says: forward default: 127.0.0.1:<net.default.forward0:port> -> guest 22\n"));
    EXPECT_THAT(text, HasSubstr("       - accel = tcg because"));
    EXPECT_THAT(text, HasSubstr("        -kernel <kernel:path>\n"));
    EXPECT_THAT(text, HasSubstr("notice: KVM is not used"));
}

TEST(PlanText, NamesSecretsAndNeverShowsThem) {
    const std::string text = plan_text(planned(rich_machine()).plan);
    EXPECT_THAT(text, HasSubstr(R"("io.systemd.credential.binary:text=" + <credential text> in base64)"));
    EXPECT_THAT(text, HasSubstr("<credential file> from ~/key in base64"));
}

TEST(PlanText, MakesControlCharactersVisible) {
    Machine machine = direct_machine();
    machine.smbios = {"a=\x1b[31m"};
    EXPECT_THAT(plan_text(planned(machine).plan), Not(HasSubstr("\x1b")));
}

TEST(AllPrinters, HoldNoSecretAndAreTheSameTwice) {
    const Plan plan = planned(rich_machine()).plan;
    const Plan again = planned(rich_machine()).plan;
    const std::vector<std::string> texts{plan_text(plan), plan_json(plan), plan_dot(plan), *plan_script(plan)};
    const std::vector<std::string> second{plan_text(again), plan_json(again), plan_dot(again), *plan_script(again)};
    EXPECT_EQ(texts, second);
    for (const std::string& text : texts) {
        EXPECT_THAT(text, Not(HasSubstr("geheim")));
        EXPECT_THAT(text, Not(HasSubstr("Z2VoZWlt")));
        EXPECT_THAT(text, Not(HasSubstr("/defs")));
        EXPECT_THAT(text, Not(HasSubstr("/home/u")));
    }
}

TEST(PlanJson, IsVersionedData) {
    const nlohmann::json json = nlohmann::json::parse(plan_json(planned(rich_machine()).plan));
    EXPECT_EQ(json.at("version"), 1);
    EXPECT_EQ(json.at("machine"), "test");
    EXPECT_EQ(json.at("console").at("kind"), "interactive");
    EXPECT_EQ(json.at("stop").at("power-off-seconds"), 30);
    const nlohmann::json& qemu = json.at("resources").back();
    EXPECT_EQ(qemu.at("id"), "qemu");
    EXPECT_EQ(qemu.at("kind"), "spawn");
    EXPECT_EQ(qemu.at("ready"), "greeting");
    EXPECT_EQ(qemu.at("action").at("death-signal"), 15);
    EXPECT_THAT(qemu.at("needs").get<std::vector<std::string>>(), testing::Contains("kernel"));
}

TEST(PlanJson, ShowsEachKindOfAction) {
    Machine machine = rich_machine();
    machine.image.path = "/defs/disk.raw";
    const nlohmann::json json = nlohmann::json::parse(plan_json(planned(machine).plan));
    std::map<std::string, nlohmann::json> by_id;
    for (const nlohmann::json& resource : json.at("resources"))
        by_id[resource.at("id").get<std::string>()] = resource.at("action");
    EXPECT_EQ(by_id.at("image").dump(), R"({"lock":"qemu","path":"./disk.raw","writable":true})");
    EXPECT_EQ(by_id.at("runtime-dir").dump(), R"({"base":"/run","name":"test","suffixed":false})");
    EXPECT_EQ(by_id.at("net.default.forward0").dump(), R"({"bind":"127.0.0.1","udp":false})");
    EXPECT_EQ(by_id.at("credential.text").at("pieces").at(1).dump(), R"({"base64":true,"credential":"text"})");
    EXPECT_EQ(by_id.at("initrd").at("pieces").at(1).dump(), R"({"align":4})");
    EXPECT_EQ(by_id.at("qmp").dump(), "{}");
}

TEST(PlanDot, DrawsNeedsAsEdges) {
    const std::string text = plan_dot(planned(direct_machine()).plan);
    EXPECT_THAT(text, testing::StartsWith("digraph \"test\" {"));
    EXPECT_THAT(text, HasSubstr("\"kernel\" -> \"qemu\";"));
    EXPECT_THAT(text, testing::EndsWith("}\n"));
}

TEST(PlanDot, QuotesNames) {
    Machine machine = direct_machine();
    Drive drive;
    drive.name = "a\"b\\";
    drive.path = "/defs/x";
    machine.drives = {drive};
    EXPECT_THAT(plan_dot(planned(machine).plan), HasSubstr(R"("drive.a\"b\\" -> "qemu")"));
}

}  // namespace
}  // namespace vmspawn
