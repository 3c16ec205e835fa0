#include "base/file.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <sys/stat.h>

namespace vmspawn {
namespace {

namespace fs = std::filesystem;

class File : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "vmspawn-file-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        directory = name;
    }
    void TearDown() override { fs::remove_all(directory); }
    [[nodiscard]] std::size_t entries() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), {})); }
    fs::path directory;
};

TEST_F(File, IsReadBackAsWritten) {
    ASSERT_TRUE(write_file(directory / "a", "text", Existing::keep));
    EXPECT_EQ(*read_file(directory / "a", 4), "text");
    EXPECT_EQ(entries(), 1U);
}

TEST_F(File, OfNearlyThatNameIsFound) {
    for (const char* name : {"web.raw", "web.vmspawn", "mistakes.vmspawn", "a\x01"})
        ASSERT_TRUE(write_file(directory / name, "", Existing::keep));
    fs::create_directory(directory / "images");
    fs::create_symlink("/dev/null", directory / "nul0");
    EXPECT_EQ(nearly_named(directory / "wed.raw"), "web.raw");
    EXPECT_EQ(nearly_named(directory / "web.vmspwan"), "web.vmspawn");
    EXPECT_EQ(nearly_named(directory / "image"), "images");
    EXPECT_EQ(nearly_named(directory / "missing.vmspawn"), "");  // as far from mistakes.vmspawn as its end is long
    EXPECT_EQ(nearly_named(directory / "nul1"), "");
    EXPECT_EQ(nearly_named(directory / "a\x02"), "");
    EXPECT_EQ(nearly_named(directory / "nowhere/web.raw"), "");
}

TEST_F(File, IsKeptOrReplacedAsAsked) {
    ASSERT_TRUE(write_file(directory / "a", "old", Existing::keep));
    EXPECT_EQ(write_file(directory / "a", "new", Existing::keep).failure().error, EEXIST);
    EXPECT_EQ(*read_file(directory / "a", 10), "old");
    ASSERT_TRUE(write_file(directory / "a", "new", Existing::replace));
    EXPECT_EQ(*read_file(directory / "a", 10), "new");
    EXPECT_EQ(entries(), 1U);
}

TEST_F(File, IsRefusedWhenTooLargeOrNoFile) {
    ASSERT_TRUE(write_file(directory / "a", "12345", Existing::keep));
    EXPECT_EQ(read_file(directory / "a", 4).failure().error, EFBIG);
    EXPECT_EQ(read_file(directory, 4).failure().error, EISDIR);
    ASSERT_EQ(::mkfifo((directory / "fifo").c_str(), 0600), 0);
    EXPECT_EQ(read_file(directory / "fifo", 4).failure().error, EINVAL);
    EXPECT_EQ(read_file(directory / "none", 4).failure().error, ENOENT);
}

}  // namespace
}  // namespace vmspawn
