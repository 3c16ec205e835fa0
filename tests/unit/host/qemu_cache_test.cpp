#include "host/qemu_cache.hpp"

#include "fake_qemu.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>

namespace vmspawn {
namespace {

namespace fs = std::filesystem;

class QemuCache : public testing::Test {
protected:
    [[nodiscard]] std::string cache() const { return directory_ / "cache/vmspawn"; }
    [[nodiscard]] static ProbedQemu probed() {
        return {.facts = {.version = "7.2.22", .features = {"sandbox", "device/nvme"}, .machines = {{"q35", "pc-q35-7.2"}}},
                .target = "x86_64"};
    }
    /// The one file in the cache.
    [[nodiscard]] std::string file() const {
        std::string found;
        for (const auto& entry : fs::directory_iterator(cache()))
            found = entry.path();
        return found;
    }

    TemporaryDirectory directory_;
    QemuKey key_{.path = "/usr/bin/qemu", .size = 10, .changed = 20, .io_uring = true};
};

TEST_F(QemuCache, GivesBackWhatWasStored) {
    EXPECT_FALSE(load_cached(cache(), key_));
    store_cached(cache(), key_, probed());
    const auto found = load_cached(cache(), key_);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->target, "x86_64");
    EXPECT_EQ(found->facts.version, "7.2.22");
    EXPECT_EQ(found->facts.features, probed().facts.features);
    EXPECT_EQ(found->facts.machines, probed().facts.machines);
    EXPECT_EQ(std::distance(fs::directory_iterator(cache()), {}), 1) << "no temporary file stays";
    EXPECT_EQ(fs::status(cache()).permissions(), fs::perms::owner_all);
}

TEST_F(QemuCache, AnyChangeOfTheBinaryCounts) {
    store_cached(cache(), key_, probed());
    for (const QemuKey& other : {QemuKey{"/usr/bin/qemu", 11, 20, true}, QemuKey{"/usr/bin/qemu", 10, 21, true},
                                 QemuKey{"/usr/bin/qemu", 10, 20, false}, QemuKey{"/usr/bin/qemu2", 10, 20, true}})
        EXPECT_FALSE(load_cached(cache(), other));
    EXPECT_TRUE(load_cached(cache(), key_));
}

TEST_F(QemuCache, CorruptFilesAreIgnoredAndReplaced) {
    store_cached(cache(), key_, probed());
    const std::string path = file();
    const std::string good = read_file(path);
    std::string wrong_type = good;
    wrong_type.replace(wrong_type.find("\"7.2.22\""), 8, "7");
    for (const std::string& bad : {std::string(), std::string("{"), good.substr(0, good.size() / 2), std::string(100'000, '['),
                                   std::string("[]"), std::string("\xff\0\xfe", 3), wrong_type, std::string(1U << 20U, ' ') + good}) {
        std::ofstream(path, std::ios::binary) << bad;
        EXPECT_FALSE(load_cached(cache(), key_));
        store_cached(cache(), key_, probed());
        EXPECT_TRUE(load_cached(cache(), key_));
    }
}

TEST_F(QemuCache, AnotherVmspawnsFileIsIgnored) {
    store_cached(cache(), key_, probed());
    std::string text = read_file(file());
    const auto digest = text.find("\"digest\": \"");
    text[digest + 11] = text[digest + 11] == '0' ? '1' : '0';
    std::ofstream(file(), std::ios::binary) << text;
    EXPECT_FALSE(load_cached(cache(), key_));
}

TEST_F(QemuCache, FilesThatOthersMayWriteAreNotBelieved) {
    store_cached(cache(), key_, probed());
    fs::permissions(file(), fs::perms(0666));
    EXPECT_FALSE(load_cached(cache(), key_));
    fs::permissions(file(), fs::perms(0644));
    EXPECT_TRUE(load_cached(cache(), key_));
    if (geteuid() == 0) {
        ASSERT_EQ(chown(file().c_str(), 12345, 12345), 0);
        EXPECT_FALSE(load_cached(cache(), key_));
    }
}

TEST_F(QemuCache, FifosAndLinksDoNotBlockOrMislead) {
    store_cached(cache(), key_, probed());
    const std::string path = file();
    fs::rename(path, directory_ / "elsewhere");
    fs::create_symlink(directory_ / "elsewhere", path);
    EXPECT_FALSE(load_cached(cache(), key_));
    fs::remove(path);
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    EXPECT_FALSE(load_cached(cache(), key_));
}

TEST_F(QemuCache, UnwritablePlacesAreNoError) {
    store_cached("/proc/vmspawn", key_, probed());
    store_cached(directory_ / "no/such/directory", key_, probed());
    directory_.write("file", "");
    store_cached(directory_ / "file/vmspawn", key_, probed());
    EXPECT_FALSE(load_cached(directory_ / "file/vmspawn", key_));
}

TEST_F(QemuCache, PlaceFollowsTheEnvironment) {
    const Variable home("HOME", directory_.path());
    {
        const Variable cache_home("XDG_CACHE_HOME", "/var/c");
        EXPECT_EQ(cache_directory(), "/var/c/vmspawn");
    }
    {
        const Variable relative("XDG_CACHE_HOME", "c");
        EXPECT_EQ(cache_directory(), directory_.path() + "/.cache/vmspawn");
    }
    const Variable unset("XDG_CACHE_HOME", std::nullopt);
    EXPECT_EQ(cache_directory(), directory_.path() + "/.cache/vmspawn");
    const Variable none("HOME", std::nullopt);
    EXPECT_EQ(cache_directory(), "");
}

TEST_F(QemuCache, HomeOfAnotherUserIsNotUsed) {
    if (geteuid() != 0)
        GTEST_SKIP() << "needs root to give a directory away";
    ASSERT_EQ(chown(directory_.path().c_str(), 12345, 12345), 0);
    const Variable unset("XDG_CACHE_HOME", std::nullopt);
    const Variable home("HOME", directory_.path());
    EXPECT_EQ(cache_directory(), "");
}

TEST_F(QemuCache, KeyIsOfTheFileBehindALink) {
    const std::string binary = directory_.write("qemu", "12345", 0755);
    fs::create_symlink(binary, directory_ / "link");
    const auto key = qemu_key(directory_ / "link");
    ASSERT_TRUE(key);
    EXPECT_EQ(key->path, fs::canonical(binary));
    EXPECT_EQ(key->size, 5U);
    const timespec times[2] = {{1, 0}, {1234, 5678}};
    ASSERT_EQ(utimensat(AT_FDCWD, binary.c_str(), times, 0), 0);
    EXPECT_EQ(qemu_key(binary)->changed, 1'234'000'005'678);
    EXPECT_FALSE(qemu_key(directory_ / "none"));
}

}  // namespace
}  // namespace vmspawn
