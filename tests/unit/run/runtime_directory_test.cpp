#include "run/runtime_directory.hpp"

#include "run/machine_ending.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vmspawn::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Runtime : public testing::Test {
protected:
    fs::path place(const std::string& name = "dev") { return directory_.path() / "base/systemd/vmspawn" / name; }
    Result<RuntimeDirectory> claim(const std::string& name = "dev") {
        return claim_runtime_directory({.base = (directory_.path() / "base").string(), .name = name});
    }
    static mode_t mode(const fs::path& path) {
        struct stat status {};
        return stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
    }

    TemporaryDirectory directory_;
};

TEST_F(Runtime, IsPrivateAndGoneAfterwards) {
    auto claimed = claim();
    ASSERT_TRUE(claimed);
    EXPECT_EQ(mode(place()), 0700U);
    EXPECT_EQ(mode(place().parent_path()), 0755U);
    fs::create_directories(place() / "a/b/c");
    write_text(place() / "a/b/file", "x");
    ASSERT_TRUE(release_runtime_directory(std::move(*claimed)));
    EXPECT_TRUE(fs::is_empty(directory_.path() / "base"));
}

TEST_F(Runtime, HowTheLastOneEndedDoesNotMatterAnyMore) {
    fs::create_directories(place().parent_path());
    const fs::path past = place(past_file("dev")), other = place(past_file("other"));
    write_text(past, "{}");
    write_text(other, "{}");
    auto claimed = claim();
    ASSERT_TRUE(claimed);
    EXPECT_FALSE(fs::exists(past));
    EXPECT_TRUE(fs::exists(other));
    ASSERT_TRUE(release_runtime_directory(std::move(*claimed)));
    EXPECT_TRUE(fs::exists(other));
}

TEST_F(Runtime, ALinkToTheKeyStandsBesideItAndReplacesALeftOne) {
    auto claimed = claim();
    ASSERT_TRUE(claimed);
    write_text(place() / "ed25519", "the key");
    auto left = link_key(*claimed, "ed25519");
    ASSERT_TRUE(left) << left.failure().detail;
    EXPECT_THAT(left->name, testing::MatchesRegex("machine-[0-9a-f]{8}-dev-ed25519"));
    EXPECT_EQ(read_text(place(left->name)), "the key");
    EXPECT_EQ(fs::read_symlink(place(left->name)), "dev/ed25519");
    auto link = link_key(*claimed, "ed25519");
    ASSERT_TRUE(link);
    unlink_key(*link);
    EXPECT_FALSE(fs::is_symlink(place(link->name)));
    fs::create_directory(place(link->name));
    EXPECT_FALSE(link_key(*claimed, "ed25519")) << "what is no link is left alone";
    fs::remove(place(link->name));
    ASSERT_TRUE(release_runtime_directory(std::move(*claimed)));
    EXPECT_TRUE(fs::is_empty(directory_.path() / "base"));
}

TEST_F(Runtime, ALinkLeadsToItFromElsewhere) {
    const fs::path elsewhere = directory_.path() / "service";
    const ClaimName action{.base = (directory_.path() / "base").string(), .name = "dev", .linked_in = elsewhere.string()};
    const auto nowhere = claim_runtime_directory(action);
    ASSERT_FALSE(nowhere);
    EXPECT_THAT(to_string(nowhere.failure()), testing::HasSubstr(elsewhere.string()));
    EXPECT_FALSE(fs::exists(place())) << "nothing is left";
    fs::create_directory(elsewhere);
    fs::create_symlink(place(), elsewhere / "dev");  // of a killed vmspawn
    auto claimed = claim_runtime_directory(action);
    ASSERT_TRUE(claimed) << to_string(claimed.failure());
    EXPECT_EQ(fs::canonical(elsewhere / "dev"), fs::canonical(place()));
    ASSERT_TRUE(release_runtime_directory(std::move(*claimed)));
    EXPECT_TRUE(fs::is_empty(elsewhere));
    write_text(elsewhere / "dev", "not ours");
    EXPECT_FALSE(claim_runtime_directory(action));
    EXPECT_EQ(read_text(elsewhere / "dev"), "not ours");
}

TEST_F(Runtime, ModesDoNotDependOnTheUmask) {
    const mode_t before = umask(0777);
    auto claimed = claim();
    umask(before);
    // The base itself is made with the caller's umask in mind: with 0777 nobody but root could use it.
    if (geteuid() == 0) {
        ASSERT_TRUE(claimed);
        EXPECT_EQ(mode(place()), 0700U);
        EXPECT_EQ(mode(place().parent_path()), 0755U);
        ASSERT_TRUE(release_runtime_directory(std::move(*claimed)));
    }
}

TEST_F(Runtime, ADrawnSuffixLetsManyRun) {
    const std::string name = std::string(46, 'n') + "--end";
    std::vector<RuntimeDirectory> held;
    for (int i = 0; i < 2; ++i) {
        auto claimed = claim_runtime_directory({.base = (directory_.path() / "base").string(), .name = name, .suffixed = true});
        ASSERT_TRUE(claimed);
        EXPECT_THAT(claimed->name, testing::MatchesRegex("n{46}-[0-9a-f]{16}"));
        EXPECT_TRUE(fs::exists(place(claimed->name)));
        held.push_back(std::move(*claimed));
    }
    EXPECT_NE(held[0].name, held[1].name);
}

TEST_F(Runtime, NameInUseNamesTheHolder) {
    auto claimed = claim();
    ASSERT_TRUE(claimed);
    const auto second = claim();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.failure().error, EBUSY);
    EXPECT_EQ(second.failure().detail, "in use by vmspawn, pid " + std::to_string(getpid()));
    EXPECT_TRUE(fs::exists(place())) << "who fails removes nothing";
    EXPECT_TRUE(claim("other")) << "another name is free";
}

TEST_F(Runtime, WhatAKilledVmspawnLeftIsCleaned) {
    const Pipe pipe = make_pipe();
    const pid_t pid = run_in_child(0, pipe.writer.get(), 2, [&] {
        auto claimed = claim();
        write_text(place() / "left.sock", "");
        dprintf(1, "x");
        pause();
        return claimed ? 0 : 1;
    });
    char byte = 0;
    ASSERT_EQ(read(pipe.reader.get(), &byte, 1), 1);
    kill(pid, SIGKILL);
    wait_for(pid);
    EXPECT_TRUE(fs::exists(place() / "left.sock"));
    auto claimed = claim();
    ASSERT_TRUE(claimed);
    EXPECT_FALSE(fs::exists(place() / "left.sock"));
    ASSERT_TRUE(release_runtime_directory(std::move(*claimed)));
    EXPECT_FALSE(fs::exists(place()));
}

TEST_F(Runtime, ForeignDirectoryIsLeftAlone) {
    fs::create_directories(place());
    write_text(place() / "precious", "data");
    const auto claimed = claim();
    ASSERT_FALSE(claimed);
    EXPECT_EQ(claimed.failure().error, EEXIST);
    EXPECT_THAT(claimed.failure().detail, HasSubstr("was not made by vmspawn"));
    EXPECT_EQ(read_text(place() / "precious"), "data");
}

TEST_F(Runtime, EmptyForeignDirectoryIsTaken) {
    fs::create_directories(place());
    EXPECT_TRUE(claim());
}

TEST_F(Runtime, LinksAreNotFollowed) {
    fs::create_directories(place().parent_path());
    fs::create_directory(directory_.path() / "elsewhere");
    fs::create_directory_symlink(directory_.path() / "elsewhere", place());
    const auto claimed = claim();
    ASSERT_FALSE(claimed);
    EXPECT_TRUE(fs::is_empty(directory_.path() / "elsewhere"));
}

TEST_F(Runtime, CleaningDoesNotLeaveThroughALink) {
    fs::create_directory(directory_.path() / "elsewhere");
    write_text(directory_.path() / "elsewhere/file", "kept");
    auto claimed = claim();
    ASSERT_TRUE(claimed);
    fs::create_directory_symlink(directory_.path() / "elsewhere", place() / "link");
    ASSERT_TRUE(release_runtime_directory(std::move(*claimed)));
    EXPECT_EQ(read_text(directory_.path() / "elsewhere/file"), "kept");
}

TEST_F(Runtime, BaseInAnExposedDirectoryMustBeOurs) {
    chmod(directory_.path().c_str(), 01777);
    fs::create_directory(directory_.path() / "base");
    chmod((directory_.path() / "base").c_str(), 0755);
    const auto open_to_others = claim();
    ASSERT_FALSE(open_to_others);
    EXPECT_EQ(open_to_others.failure().error, EPERM);
    fs::remove(directory_.path() / "base");
    fs::create_directory(directory_.path() / "real");
    fs::create_directory_symlink(directory_.path() / "real", directory_.path() / "base");
    EXPECT_FALSE(claim()) << "a link there may lead anywhere";
    fs::remove(directory_.path() / "base");
    EXPECT_TRUE(claim()) << "made by us, it is private";
    EXPECT_EQ(mode(directory_.path() / "base"), 0700U);
}

TEST_F(Runtime, ParentsThatAnotherRunUsesStay) {
    auto first = claim("first");
    auto second = claim("second");
    ASSERT_TRUE(first && second);
    ASSERT_TRUE(release_runtime_directory(std::move(*first)));
    EXPECT_TRUE(fs::exists(place("second")));
    ASSERT_TRUE(release_runtime_directory(std::move(*second)));
    EXPECT_FALSE(fs::exists(place("second")));
}

TEST_F(Runtime, ManyWhoWantOneNameTakeTurns) {
    constexpr int runs = 4;
    std::vector<pid_t> children;
    for (int i = 0; i < runs; ++i) {
        children.push_back(run_in_child(0, 1, 2, [&] {
            for (int round = 0; round < 200; ++round) {
                auto claimed = claim();
                if (!claimed && claimed.failure().error != EBUSY)
                    return 1;
                if (!claimed)
                    continue;
                // Alone in here: nobody else's file is in the way.
                const Fd file(open((place() / "alone").c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
                if (!file || !release_runtime_directory(std::move(*claimed)))
                    return 2;
            }
            return 0;
        }));
    }
    for (const pid_t child : children)
        EXPECT_EQ(wait_for(child), 0);
    EXPECT_FALSE(fs::exists(place()));
}

}  // namespace
}  // namespace vmspawn::test
