// A directory of state for one run at a time, and its first content: all of it or nothing.
#include "run/fill.hpp"

#include "run/keep_directory.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <sys/stat.h>

namespace vmspawn::test {
namespace {

using testing::HasSubstr;

class Filling : public testing::Test {
protected:
    TemporaryDirectory directory_;
    std::filesystem::path state_ = directory_.path() / "deep" / "state";
    Fill fill_{.directory = "state", .reads = {{"setup.conf", "words\n"}}, .keeps = {"extra", "certificate", "tpm"}};

    Result<KeptDirectory> keep() { return keep_directory({state_.string()}, -1, "state"); }
    [[nodiscard]] bool there(const char* name) const { return std::filesystem::exists(state_ / name); }
};

TEST_F(Filling, DirectoryIsMadeForItsOwnerAndGoesAgainWhenEmpty) {
    Result<KeptDirectory> kept = keep();
    ASSERT_TRUE(kept);
    struct stat status {};
    ASSERT_EQ(stat(state_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0700U);
    leave_directory(std::move(*kept));
    EXPECT_FALSE(std::filesystem::exists(state_));
}

TEST_F(Filling, DirectoryWithContentOrOfSomebodyElseStays) {
    std::filesystem::create_directories(state_);
    leave_directory(std::move(*keep()));
    EXPECT_TRUE(std::filesystem::exists(state_)) << "this run did not make it";
    std::filesystem::remove(state_);
    Result<KeptDirectory> kept = keep();
    write_text(state_ / "tpm", "x");
    leave_directory(std::move(*kept));
    EXPECT_TRUE(there("tpm"));
}

TEST_F(Filling, SecondRunIsToldWhoHasIt) {
    const Result<KeptDirectory> first = keep();
    ASSERT_TRUE(first);
    const Result<KeptDirectory> second = keep();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.failure().error, EBUSY);
    EXPECT_THAT(second.failure().detail, HasSubstr("in use by"));
}

TEST_F(Filling, WhatIsKeptMovesAndTheRestGoes) {
    const Result<KeptDirectory> kept = keep();
    const int directory = kept->directory.get();
    const Result<Fd> work = begin_filling(directory, fill_);
    ASSERT_TRUE(work && *work);
    EXPECT_EQ(read_text(state_ / ".new/setup.conf"), "words\n");
    write_text(state_ / ".new/tpm", "state");
    write_text(state_ / ".new/certificate", "signed");
    write_text(state_ / ".new/key", "secret");
    ASSERT_TRUE(finish_filling(directory, fill_)) << "what not every version makes may be missing";
    EXPECT_EQ(read_text(state_ / "tpm"), "state");
    EXPECT_EQ(read_text(state_ / "certificate"), "signed");
    EXPECT_FALSE(there("key"));
    EXPECT_FALSE(there(".new"));
    const Result<Fd> again = begin_filling(directory, fill_);
    ASSERT_TRUE(again);
    EXPECT_FALSE(*again) << "nothing is to run";
}

TEST_F(Filling, WithoutTheLastFileItIsAFailure) {
    const Result<KeptDirectory> kept = keep();
    ASSERT_TRUE(begin_filling(kept->directory.get(), fill_));
    EXPECT_FALSE(finish_filling(kept->directory.get(), fill_));
    give_up_filling(kept->directory.get());
    EXPECT_TRUE(std::filesystem::is_empty(state_));
}

TEST_F(Filling, WhatAKilledRunLeftGoesFirst) {
    std::filesystem::create_directories(state_ / ".new/inner");
    write_text(state_ / ".new/tpm", "half");
    const Result<KeptDirectory> kept = keep();
    ASSERT_TRUE(begin_filling(kept->directory.get(), fill_));
    EXPECT_FALSE(there(".new/tpm"));
    EXPECT_FALSE(there(".new/inner"));
}

}  // namespace
}  // namespace vmspawn::test
