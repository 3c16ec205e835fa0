#include "config/print.hpp"
#include "definition.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace vmspawn {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string difference(const std::string& a, const std::string& b) {
    return difference_text(language(), merged(a), merged(b), test_base);
}

TEST(Difference, HasBothValuesAndTheirPlaces) {
    EXPECT_EQ(difference("cpus = 1\nram = \"1G\"\nboot.linux = \"k\"\n", "ram = \"3G\"\ncpus = 1\n"),
              "ram\n"
              "  dev.vmspawn:2:7  \"1G\"\n"
              "  dev.vmspawn:1:7  \"3G\"\n"
              "boot.linux\n"
              "  dev.vmspawn:3:14  \"/srv/vm/k\"\n"
              "  dev.vmspawn  not set\n");
}

TEST(Difference, ADefaultIsAValue) {
    EXPECT_EQ(difference("cpus = 1\n", "cpus = 2\n"), "cpus\n  dev.vmspawn:1:8  1\n  dev.vmspawn:1:8  2\n");
    EXPECT_EQ(difference("cpus = 1\nkvm = true\n", "cpus = 1\n"),
              "kvm\n  dev.vmspawn:2:7  true\n  dev.vmspawn  built-in default  \"auto\"\n");
}

TEST(Difference, IsNoneBetweenSpellings) {
    EXPECT_EQ(difference("ram = \"1G\"\nready.timeout = \"60s\"\ncpus = 1\n", "ram = 1073741824\nready.timeout = \"1min\"\n"), "");
    EXPECT_EQ(difference("ram = \"1024M\"\nboot.linux = \"k\"\n", "ram = \"1G\"\nboot.linux = \"/srv/vm/k\"\n"), "");
}

TEST(Difference, OfEntriesIsNamed) {
    EXPECT_THAT(difference("[drive.a]\npath = \"x\"\n", "[drive.b]\npath = \"x\"\n"),
                testing::AllOf(HasSubstr("drive.a.path\n"), HasSubstr("drive.b.path\n")));
}

TEST(Difference, OfACredentialShowsNoValue) {
    const std::string a = "credentials.a = \"hidden-1\"\ncredentials.same = \"x\"\n",
                      b = "credentials.a = \"hidden-2\"\ncredentials.same = \"x\"\n";
    EXPECT_EQ(difference(a, b), "credentials.a\n  dev.vmspawn:1:17  (not shown)\n  dev.vmspawn:1:17  (not shown)\n");
    EXPECT_THAT(difference_json(language(), merged(a), merged(b), test_base), Not(HasSubstr("hidden")));
}

TEST(Difference, IsData) {
    const auto json = nlohmann::json::parse(
        difference_json(language(), merged("cpus = 2\ntpm.state = \"/x\"\n"), merged("cpus = 3\nvsock.cid = 7\n"), test_base));
    EXPECT_EQ(json["version"], 1);
    EXPECT_EQ(json["differences"][0]["a"]["value"], 2);
    EXPECT_EQ(json["differences"][0]["b"]["origin"]["line"], 1);
    EXPECT_TRUE(json["differences"][2]["a"].is_null());
    EXPECT_EQ(json["differences"].size(), 3U);
}

}  // namespace
}  // namespace vmspawn
