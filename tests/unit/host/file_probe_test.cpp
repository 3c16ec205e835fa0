#include "host/file_probe.hpp"

#include "host/file_format.hpp"
#include "temporary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace vmspawn {
namespace {

namespace fs = std::filesystem;
using Type = FileAnswer::Type;

/// A PE file with one section of that name, its header at `offset`.
std::string pe(const std::string& section, std::size_t offset = 0x40) {
    std::string bytes(offset + 24 + 112 + 40, '\0');
    bytes.replace(0, 2, "MZ");
    bytes[0x3c] = static_cast<char>(offset & 0xffU);
    bytes[0x3d] = static_cast<char>(offset >> 8U);
    bytes.replace(offset, 4, std::string("PE\0\0", 4));
    bytes[offset + 6] = 1;     // sections
    bytes[offset + 20] = 112;  // size of the optional header
    bytes.replace(offset + 24 + 112, section.size(), section);
    return bytes;
}

TEST(FileFormat, KnowsTheMagics) {
    EXPECT_EQ(file_format("QFI\xfb\0\0\0\3"), "qcow2");
    EXPECT_EQ(file_format("\x1f\x8b\x08"), "gzip");
    EXPECT_EQ(file_format("\x7f"
                          "ELF\2"),
              "elf");
    EXPECT_EQ(file_format(pe(".text")), "pe");
    EXPECT_EQ(file_format(pe(".linux")), "uki");
    EXPECT_EQ(file_format(pe(".osrel", 0x100)), "uki");
    EXPECT_EQ(file_format(""), "raw");
    EXPECT_EQ(file_format("QFI"), "raw");
    EXPECT_EQ(file_format(std::string(4096, '\0')), "raw");
}

TEST(FileFormat, HeadersThatPointOutsideAreRaw) {
    std::string bytes = pe(".linux");
    bytes[0x3e] = '\x7f';
    EXPECT_EQ(file_format(bytes), "raw");
    bytes[0x3f] = '\xff';
    EXPECT_EQ(file_format(bytes), "raw");
    EXPECT_EQ(file_format("MZ"), "raw");
    std::string many = pe(".linuxx");
    many[0x46] = '\xff';
    many[0x47] = '\xff';  // 65535 sections, of which one is there
    EXPECT_EQ(file_format(many), "pe");
    many[0x55] = '\xff';  // an optional header that is longer than the file
    EXPECT_EQ(file_format(many), "pe");
    for (std::size_t size = 0; size < bytes.size(); size++)
        (void)file_format(pe(".linux").substr(0, size));
}

class FileProbe : public testing::Test {
protected:
    TemporaryDirectory directory_;
};

TEST_F(FileProbe, RegularFile) {
    const FileAnswer answer = probe_file(directory_.write("disk", "QFI\xfb 123", 0600));
    EXPECT_EQ(answer.type, Type::regular);
    EXPECT_EQ(answer.size, 8U);
    EXPECT_EQ(answer.format, "qcow2");
    EXPECT_EQ(answer.owner, geteuid());
    EXPECT_EQ(answer.error, 0);
    EXPECT_TRUE(answer.readable);
    EXPECT_TRUE(answer.writable);
}

TEST_F(FileProbe, LinksAreFollowedAndNamesOfOneFileAgree) {
    const std::string file = directory_.write("disk", "");
    fs::create_symlink("disk", directory_ / "link");
    fs::create_hard_link(file, directory_ / "hard");
    directory_.write("other", "");
    EXPECT_EQ(probe_file(directory_ / "link").type, Type::regular);
    EXPECT_EQ(probe_file(directory_ / "link").identity, probe_file(file).identity);
    EXPECT_EQ(probe_file(directory_ / "hard").identity, probe_file(file).identity);
    EXPECT_NE(probe_file(directory_ / "other").identity, probe_file(file).identity);
}

TEST_F(FileProbe, MissingAndUnreachable) {
    EXPECT_EQ(probe_file(directory_ / "none").type, Type::missing);
    EXPECT_EQ(probe_file(directory_ / "none").error, 0);
    EXPECT_EQ(probe_file(directory_ / "none").near, "");
    directory_.write("disk.raw", "");
    EXPECT_EQ(probe_file(directory_ / "dist.raw").near, "disk.raw");
    fs::create_symlink("loop", directory_ / "loop");
    EXPECT_EQ(probe_file(directory_ / "loop").error, ELOOP);
    fs::create_symlink("nowhere", directory_ / "dangling");
    EXPECT_EQ(probe_file(directory_ / "dangling").type, Type::missing);
    directory_.write("file", "");
    EXPECT_EQ(probe_file(directory_ / "file/x").error, ENOTDIR);
    EXPECT_EQ(probe_file(std::string(5000, 'x')).error, ENAMETOOLONG);
}

TEST_F(FileProbe, OtherKinds) {
    EXPECT_EQ(probe_file(directory_.path()).type, Type::directory);
    EXPECT_EQ(probe_file("/dev/null").type, Type::character);
    EXPECT_EQ(probe_file("/dev/null").format, "");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = directory_ / "socket";
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(probe_file(path).type, Type::socket);
    close(fd);
}

TEST_F(FileProbe, FifoDoesNotBlock) {
    ASSERT_EQ(mkfifo((directory_ / "fifo").c_str(), 0600), 0);
    EXPECT_EQ(probe_file(directory_ / "fifo").type, Type::fifo);
}

TEST_F(FileProbe, RightsAreThoseOfTheEffectiveUser) {
    const std::string file = directory_.write("disk", "x", 0400);
    const std::string closed = directory_.write("closed", "x", 0000);
    fs::permissions(directory_.path(), fs::perms(0755));
    const bool root = geteuid() == 0;
    if (root) {
        EXPECT_TRUE(probe_file(closed).readable);
        ASSERT_EQ(chown(file.c_str(), 12345, 12345), 0);
        ASSERT_EQ(seteuid(12345), 0);
    }
    const FileAnswer mine = probe_file(file);
    const FileAnswer shut = probe_file(closed);
    if (root) {
        ASSERT_EQ(seteuid(0), 0);
    }
    EXPECT_TRUE(mine.readable);
    EXPECT_FALSE(mine.writable);
    EXPECT_FALSE(shut.readable);
    EXPECT_EQ(shut.format, "");
    EXPECT_EQ(shut.size, 1U);
}

TEST_F(FileProbe, BlockDeviceHasItsCapacity) {
    std::string device;
    for (const auto& entry : fs::directory_iterator("/sys/class/block"))
        if (fs::is_block_file("/dev/" + entry.path().filename().string()) && read_file(entry.path() / "size") != "0\n")
            device = entry.path().filename();
    if (device.empty())
        GTEST_SKIP() << "no block device here";
    const FileAnswer answer = probe_file("/dev/" + device);
    EXPECT_EQ(answer.type, Type::block);
    EXPECT_TRUE(answer.identity.starts_with("block "));
    const int fd = open(("/dev/" + device).c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(answer.readable, fd >= 0);
    if (fd < 0)
        GTEST_SKIP() << "the block device may not be read here";
    close(fd);
    EXPECT_EQ(answer.size, std::stoull(read_file("/sys/class/block/" + device + "/size")) * 512);
}

}  // namespace
}  // namespace vmspawn
