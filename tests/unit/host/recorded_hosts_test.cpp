// tests/hosts/*.json must be what this program would write, so that golden plans rest on true shapes.
#include "host/host.hpp"
#include "temporary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmspawn {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> recorded_hosts() {
    std::vector<std::string> paths;
    for (const auto& entry : fs::directory_iterator(TEST_SOURCE_DIR "/tests/hosts"))
        if (entry.path().extension() == ".json")
            paths.push_back(entry.path());
    return paths;
}

class RecordedHost : public testing::TestWithParam<std::string> {};

TEST_P(RecordedHost, IsReadAndKnowsEveryFeatureByName) {
    const auto host = host_from_json(read_file(GetParam()), "/definitions", "/home/somebody");
    ASSERT_TRUE(host) << to_string(host.failure());
    EXPECT_TRUE(host->qemu.contains(host->arch));
    for (const auto& [arch, facts] : host->qemu)
        for (const std::string& feature : facts.features)
            EXPECT_THAT(qemu_features(), testing::Contains(feature)) << arch;
}

TEST_P(RecordedHost, SurvivesBeingWrittenAgain) {
    const auto host = host_from_json(read_file(GetParam()), "/definitions", "/home/somebody");
    ASSERT_TRUE(host);
    EXPECT_EQ(to_json(*host, "/definitions", "/home/somebody"), read_file(GetParam())) << "run tests/hosts/refresh";
}

std::string test_name(const testing::TestParamInfo<std::string>& parameter) {
    std::string name = fs::path(parameter.param).stem();
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Hosts, RecordedHost, testing::ValuesIn(recorded_hosts()), test_name);

}  // namespace
}  // namespace vmspawn
