#include "host/swtpm.hpp"

#include "base/file.hpp"
#include "fake_qemu.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmspawn {
namespace {

TEST(TpmProfile, TheNewestThatSaysWhatATpmCan) {
    EXPECT_EQ(
        newest_profile(
            R"({"local":[],"builtin":[{"Name":"null"},{"Name":"default-v1"},{"Name":"default-v10"},{"Name":"default-v9"},{"Name":"custom"}]})"),
        "default-v10");
    EXPECT_EQ(newest_profile(R"({"builtin":[{"Name":"null"},{"Name":"custom"}]})"), "");
    EXPECT_EQ(newest_profile(R"("default-v" "default-vx" "default-v2x" "default-v99999999999" "default-v3)"), "");
    EXPECT_EQ(newest_profile(""), "");
}

TEST(TpmProfile, TheProgramIsAskedOnce) {
    const TemporaryDirectory directory;
    setenv("XDG_CACHE_HOME", (directory / "cache").c_str(), 1);
    const std::string log = directory / "log";
    const std::string modern =
        fake_program(directory, "modern", "echo \"$*\" >>" + log + R"(; echo '{"builtin":[{"Name":"null"},{"Name":"default-v1"}]}')");
    const std::string old = fake_program(directory, "old", "echo asked >>" + log + "; echo 'unrecognized option' >&2; exit 1");
    for (int time = 0; time < 2; ++time) {
        EXPECT_EQ(probe_tpm_profile(modern), "default-v1");
        EXPECT_EQ(probe_tpm_profile(old), "");
    }
    EXPECT_EQ(*read_file(log, 1000), "--tpm2 --print-profiles\nasked\n");
    EXPECT_EQ(probe_tpm_profile(""), "");
}

}  // namespace
}  // namespace vmspawn
