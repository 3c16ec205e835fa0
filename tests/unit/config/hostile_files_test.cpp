// What leads a reader astray: each must be an error within a second and in bounded memory.
#include "config/document.hpp"
#include "diagnose.hpp"
#include "temporary.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace vmspawn {
namespace {

using testing::HasSubstr;

struct Said {
    std::string text;
    int status;
};

/// Reads `path` as vmspawn run would. The processor's time is what counts, so that a busy machine fails no test; nothing may wait either.
Said refuse(const std::string& path) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t work = std::clock();
    const Diagnostics found = judge_command_line({"run", path});
    EXPECT_TRUE(found.has_errors()) << path;
    EXPECT_LT(static_cast<double>(std::clock() - work) / CLOCKS_PER_SEC, 1.0) << path;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10)) << path;
    return {render(found, Colour::no), found.status()};
}

std::string repeated(const std::string& text, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i)
        out += text;
    return out;
}

TEST(HostileFile, ThatIsNotThere) {
    const Temporary folder;
    EXPECT_EQ(refuse(folder.path() / "none").status, ENOENT);
    EXPECT_EQ(refuse(folder.file("file", "") + "/below").status, ENOTDIR);
    EXPECT_EQ(refuse(std::string(5000, 'x')).status, ENAMETOOLONG);
}

/// Root may read everything: for a while it is somebody else.
class Nobody {
public:
    Nobody() : was_root_(geteuid() == 0 && seteuid(65534) == 0) {}
    ~Nobody() {
        if (was_root_ && seteuid(0) != 0)
            std::abort();
    }

private:
    bool was_root_;
};

TEST(HostileFile, ThatMayNotBeRead) {
    const Temporary folder;
    const std::string path = folder.file("secret", "cpus = 1");
    ::chmod(folder.path().c_str(), 0755);
    ::chmod(path.c_str(), 0);
    const Nobody nobody;
    EXPECT_EQ(refuse(path).status, EACCES);
}

TEST(HostileFile, ThatIsADirectory) {
    const Temporary folder;
    const Said said = refuse(folder.path());
    EXPECT_THAT(said.text, HasSubstr("is a directory"));
    EXPECT_EQ(said.status, EISDIR);
}

TEST(HostileFile, ThatIsAFifo) {
    const Temporary folder;
    const std::string path = folder.path() / "fifo";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_THAT(refuse(path).text, HasSubstr("is a FIFO"));
}

TEST(HostileFile, ThatIsADevice) {
    EXPECT_THAT(refuse("/dev/zero").text, HasSubstr("is a device"));
    EXPECT_THAT(refuse("/dev/null").text, HasSubstr("is a device"));
}

TEST(HostileFile, ThatIsASocket) {
    const Temporary folder;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder.path() / "s";
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_THAT(refuse(path).text, HasSubstr("is a socket"));
    ::close(fd);
}

TEST(HostileFile, ThatIsALinkToItself) {
    const Temporary folder;
    std::filesystem::create_symlink("loop", folder.path() / "loop");
    EXPECT_EQ(refuse(folder.path() / "loop").status, ELOOP);
}

TEST(HostileFile, OfOneGibibyte) {
    const Temporary folder;
    const std::string path = folder.file("large", "cpus = 1\n");
    std::filesystem::resize_file(path, std::uintmax_t{1} << 30);
    rusage before{}, after{};
    ::getrusage(RUSAGE_SELF, &before);
    const Said said = refuse(path);
    ::getrusage(RUSAGE_SELF, &after);
    EXPECT_THAT(said.text, HasSubstr("too large for a definition"));
    EXPECT_EQ(said.status, EFBIG);
    EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 16 * 1024) << "KiB more";
}

TEST(HostileFile, OfJustTooMuch) {
    const Temporary folder;
    EXPECT_THAT(refuse(folder.file("a", "#" + std::string(64 * 1024, 'x'))).text, HasSubstr("too large"));
    EXPECT_THAT(refuse(folder.file("b", "#" + std::string(64 * 1024 - 1, 'x'))).text, HasSubstr("nothing to boot"));
}

TEST(HostileFile, WithNulBytes) {
    const Temporary folder;
    const std::string text("cpus = 1\nname = \"a\0b\"\n", 22);
    EXPECT_THAT(refuse(folder.file("a", text)).text, HasSubstr(":2:10: error: a NUL byte"));
    EXPECT_THAT(refuse(folder.file("b", std::string("[\0", 2))).text, HasSubstr(":1:2: error: a NUL byte"));
}

TEST(HostileFile, WithInvalidUtf8) {
    const Temporary folder;
    for (const char* bad : {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"})
        EXPECT_THAT(refuse(folder.file("a", std::string("name = \"ä") + bad + "\"\n")).text,
                    HasSubstr(":1:10: error: the text is not valid UTF-8"));
}

TEST(HostileFile, ThatNestsDeeply) {
    const Temporary folder;
    for (const std::string& opening : {std::string("["), std::string("{a="), std::string("[{a=")}) {
        const std::size_t count = std::min<std::size_t>(100'000, 65'000 / opening.size());
        EXPECT_THAT(refuse(folder.file("a", "v = " + repeated(opening, count))).text, HasSubstr("error:"));
    }
    EXPECT_THAT(refuse(folder.file("a", "v = " + repeated("[", 100) + repeated("]", 100))).text, HasSubstr("nested more than 32 levels"));
    EXPECT_THAT(refuse(folder.file("a", "v = " + repeated("[", 100'000))).text, HasSubstr("too large"));
    EXPECT_THAT(refuse(folder.file("a", "v = " + repeated("[", 1000) + repeated("]", 1000))).text, HasSubstr("nested too deeply"));
}

TEST(HostileFile, WithKeysOfManyParts) {
    const Temporary folder;
    for (const char* frame : {"{}=1", "[{}]", "[[{}]]", "x={{{}=1}}"}) {
        const std::string key = "a" + repeated(".a", 30'000);
        const std::string text = fmt::format(fmt::runtime(frame), key);
        EXPECT_THAT(refuse(folder.file("a", text)).text, HasSubstr("too many dots")) << frame;
    }
    EXPECT_THAT(refuse(folder.file("a", "a" + repeated(".a", 40'000) + "=1")).text, HasSubstr("too large"));
    EXPECT_THAT(refuse(folder.file("a", "a" + repeated(".a", 500) + "=1")).text, HasSubstr("nested more than 32 levels"));
}

TEST(HostileFile, WhoseLinesTogetherNestDeeply) {
    const Temporary folder;
    const std::string level = "a" + repeated(".a", 250) + "=[\n{";
    EXPECT_THAT(refuse(folder.file("a", repeated(level, 100))).text, HasSubstr("too many dots"));
    EXPECT_THAT(refuse(folder.file("b", repeated(level, 30))).text, HasSubstr("error:"));
}

TEST(HostileFile, WithManyMistakes) {
    const Temporary folder;
    std::string text;
    for (int i = 0; i < 1500; ++i)
        text += fmt::format("k{} = {}\n", i, i);
    EXPECT_THAT(refuse(folder.file("a", text)).text, HasSubstr("1500 problems"));
}

}  // namespace
}  // namespace vmspawn
