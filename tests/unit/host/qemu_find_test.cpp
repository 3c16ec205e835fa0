#include "host/qemu_find.hpp"

#include "fake_qemu.hpp"
#include "host/search_path.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace vmspawn {
namespace {

using testing::ElementsAre;

TEST(SearchPath, TakesTheFirstProgram) {
    const TemporaryDirectory one;
    const TemporaryDirectory two;
    one.write("a", "", 0644);  // not executable
    two.write("a", "", 0755);
    one.write("b", "", 0755);
    two.write("b", "", 0755);
    std::filesystem::create_directory(one / "c");
    const std::string path = one.path() + ":" + two.path();
    EXPECT_EQ(search_path("a", path), two / "a");
    EXPECT_EQ(search_path("b", path), one / "b");
    EXPECT_EQ(search_path("c", path), "");
    EXPECT_EQ(search_path("d", path), "");
    EXPECT_EQ(search_path("", path), "");
    const std::array<std::string_view, 1> more{two.path()};
    EXPECT_EQ(search_path("a", one.path(), more), two / "a");
}

TEST(SearchPath, NeverLooksInTheWorkingDirectory) {
    const TemporaryDirectory directory;
    directory.write("a", "", 0755);
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(directory.path());
    for (const char* path : {"", ".", ":", "::", "./", "x/..:"})
        EXPECT_EQ(search_path("a", path), "") << path;
    std::filesystem::current_path(before);
}

TEST(SearchPath, LooksAtAPathWhereItPoints) {
    const TemporaryDirectory directory;
    const std::string program = directory.write("a", "", 0755);
    EXPECT_EQ(search_path(program, "/bin"), program);
    EXPECT_EQ(search_path(directory / "b", "/bin"), "");
}

TEST(SearchPath, HasADefault) {
    {
        const Variable unset("PATH", std::nullopt);
        EXPECT_NE(executable_path().find("/usr/bin"), std::string::npos);
    }
    const Variable set("PATH", "/x");
    EXPECT_EQ(executable_path(), "/x");
}

TEST(QemuFind, CandidatesDependOnTheGuest) {
    EXPECT_THAT(qemu_candidates("x86_64", "x86_64"), ElementsAre("qemu", "qemu-kvm", "/usr/libexec/qemu-kvm", "qemu-system-x86_64"));
    EXPECT_THAT(qemu_candidates("aarch64", "x86_64"), ElementsAre("qemu-system-aarch64"));
    EXPECT_THAT(qemu_candidates("i686", "x86_64"), ElementsAre("qemu-system-i386"));
    EXPECT_EQ(qemu_arch("ppc64le"), "ppc64");
    EXPECT_EQ(qemu_arch("riscv64"), "riscv64");
}

TEST(QemuFind, FollowsTheOrder) {
    const TemporaryDirectory directory;
    const Variable path("PATH", directory.path());
    const std::string system = directory.write("qemu-system-s390x", "", 0755);
    EXPECT_EQ(find_qemu("s390x", "x86_64"), system);
    EXPECT_EQ(find_qemu("alpha", "x86_64"), "");
    const std::string kvm = directory.write("qemu-kvm", "", 0755);
    EXPECT_EQ(find_qemu("s390x", "x86_64"), system) << "qemu-kvm serves native guests only";
    EXPECT_EQ(find_qemu("s390x", "s390x"), kvm);
    const std::string plain = directory.write("qemu", "", 0755);
    EXPECT_EQ(find_qemu("s390x", "s390x"), plain);
}

}  // namespace
}  // namespace vmspawn
