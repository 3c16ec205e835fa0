// The overlay that vmspawn writes itself, judged by QEMU's own tools.
#include "run/overlay.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vmspawn::test {
namespace {

int run(const std::string& command) {
    return std::system(command.c_str());
}

TEST(Overlay, QemuFindsNothingWrong) {
    const TemporaryDirectory directory;
    const std::string file = directory.path() / "overlay.qcow2";
    for (const std::uint64_t size : {512ULL, 1ULL << 20U, (512ULL << 20U) + 512, 3ULL << 40U, 2ULL << 50U}) {
        const EmptyOverlay overlay = empty_overlay(size);
        write_text(file, overlay.beginning);
        ASSERT_EQ(truncate(file.c_str(), static_cast<off_t>(overlay.file_size)), 0);
        EXPECT_EQ(run("qemu-img check -q -f qcow2 " + file), 0) << size;
        EXPECT_EQ(run("qemu-img info --output=json -f qcow2 " + file + " | grep -q '\"virtual-size\": " + std::to_string(size) + ",'"), 0)
            << size;
    }
}

TEST(Overlay, IsAFileWithoutAName) {
    const TemporaryDirectory directory;
    setenv("TMPDIR", directory.path().c_str(), 1);
    const Result<Fd> made = make_overlay({.size = 1U << 20U});
    unsetenv("TMPDIR");
    ASSERT_TRUE(made);
    struct stat status {};
    ASSERT_EQ(fstat(made->get(), &status), 0);
    EXPECT_EQ(status.st_nlink, 0U);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    EXPECT_EQ(status.st_size, 4 << 16);
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
    std::array<char, 4> magic{};
    ASSERT_EQ(pread(made->get(), magic.data(), magic.size(), 0), 4);
    EXPECT_EQ(std::string(magic.data(), magic.size()), "QFI\xfb");
}

TEST(Overlay, MemoryWhereNoFileCanBeMade) {
    setenv("TMPDIR", "/proc", 1);
    const Result<Fd> made = make_overlay({.size = 1U << 20U});
    unsetenv("TMPDIR");
    ASSERT_TRUE(made);
    EXPECT_GE(fcntl(made->get(), F_GET_SEALS), 0) << "only a file in memory has seals";
}

}  // namespace
}  // namespace vmspawn::test
