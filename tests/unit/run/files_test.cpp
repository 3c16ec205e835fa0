// What is opened or made for a child: files, memory, channels.
#include "run/channels.hpp"
#include "run/memory_file.hpp"
#include "run/open_file.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vmspawn::test {
namespace {

class Files : public testing::Test {
protected:
    [[nodiscard]] std::string path(const std::string& name) const { return (directory_.path() / name).string(); }
    static std::string content(const Result<Fd>& fd) {
        return fd ? read_text("/proc/self/fd/" + std::to_string(fd->get())) : to_string(fd.failure());
    }
    TemporaryDirectory directory_;
};

using OpenFiles = Files;

TEST_F(OpenFiles, AccessModeIsWhatWasAsked) {
    write_text(path("a"), "x");
    const auto reader = open_file({.path = path("a")});
    const auto writer = open_file({.path = path("a"), .writable = true});
    ASSERT_TRUE(reader && writer);
    EXPECT_EQ(fcntl(reader->get(), F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY);
    EXPECT_EQ(fcntl(writer->get(), F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR);
    EXPECT_EQ(fcntl(writer->get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(OpenFiles, OtherThingsAreRefusedWithoutWaiting) {
    mkfifo(path("fifo").c_str(), 0600);
    EXPECT_EQ(open_file({.path = path("fifo")}).failure().error, EINVAL);
    EXPECT_EQ(open_file({.path = directory_.path().string()}).failure().error, EISDIR);
    EXPECT_EQ(open_file({.path = path("missing")}).failure().error, ENOENT);
    EXPECT_TRUE(open_file({.path = "/dev/null", .writable = true}));
}

using MemoryFiles = Files;

TEST_F(MemoryFiles, HoldsItsPiecesInOrder) {
    write_text(path("initrd"), "12345");
    write_text(path("binary"), std::string("\0\xff", 2));
    const auto memory =
        make_memory("test", {.pieces = {FileContent{.path = path("initrd"), .credential = ""}, Align{4}, Align{4}, Text{"text="},
                                        Secret{.id = "a", .bytes = "plain"}, Secret{.id = "b", .bytes = "x", .base64 = true},
                                        FileContent{.path = path("binary"), .credential = "c", .base64 = true}}});
    EXPECT_EQ(content(memory), std::string("12345\0\0\0", 8) + "text=plaineA==AP8=");
}

TEST_F(MemoryFiles, APasswordThatWasChangedSinceFails) {
    const auto memory = make_memory("test", {.pieces = {PasswordHash{"nobody", 106}}});
    ASSERT_FALSE(memory);
    EXPECT_EQ(memory.failure().error, geteuid() == 0 ? EAGAIN : EACCES);
}

TEST_F(MemoryFiles, IsSealed) {
    const auto memory = make_memory("test", {.pieces = {Text{"secret"}}});
    ASSERT_TRUE(memory);
    EXPECT_EQ(write(memory->get(), "x", 1), -1);
    EXPECT_EQ(ftruncate(memory->get(), 0), -1);
    EXPECT_EQ(fcntl(memory->get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(MemoryFiles, ReadsPipesButNoEndlessDevice) {
    Pipe pipe = make_pipe();
    ASSERT_EQ(write(pipe.writer.get(), "piped", 5), 5);
    pipe.writer.reset();
    const std::string pipe_path = "/proc/self/fd/" + std::to_string(pipe.reader.get());
    EXPECT_EQ(content(make_memory("test", {.pieces = {FileContent{.path = pipe_path, .credential = ""}}})), "piped");
    EXPECT_EQ(make_memory("test", {.pieces = {FileContent{.path = "/dev/zero", .credential = ""}}}).failure().error, EINVAL);
}

TEST_F(MemoryFiles, MissingFileIsNamed) {
    const auto memory = make_memory("test", {.pieces = {FileContent{.path = path("missing"), .credential = ""}}});
    ASSERT_FALSE(memory);
    EXPECT_EQ(memory.failure().error, ENOENT);
    EXPECT_EQ(memory.failure().doing, "open " + path("missing"));
    EXPECT_EQ(make_memory("test", {.pieces = {FileContent{.path = directory_.path().string(), .credential = ""}}}).failure().error, EISDIR);
}

TEST(Channels, PseudoTerminalIsRaw) {
    const auto terminal = make_pseudo_terminal();
    ASSERT_TRUE(terminal);
    EXPECT_TRUE(terminal->path.starts_with("/dev/pts/"));
    const std::string bytes = "a\n\x03\x1d\r";
    ASSERT_EQ(write(terminal->master.get(), bytes.data(), bytes.size()), 5);
    std::string got(16, '\0');
    got.resize(static_cast<std::size_t>(read(terminal->slave.get(), got.data(), got.size())));
    EXPECT_EQ(got, bytes);
    EXPECT_EQ(read(terminal->master.get(), got.data(), got.size()), -1) << "no echo";
    EXPECT_EQ(errno, EAGAIN);
}

}  // namespace
}  // namespace vmspawn::test
