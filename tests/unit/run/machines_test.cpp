#include "run/machines.hpp"

#include "base/file.hpp"
#include "run/machine_ending.hpp"
#include "run/state_file.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace vmspawn {
namespace {

using test::TemporaryDirectory;
using test::write_text;
using testing::ElementsAre;

class Machines : public testing::Test {
protected:
    TemporaryDirectory temporary_;
    std::string base_ = temporary_.path();

    [[nodiscard]] std::filesystem::path directory(const std::string& name) const { return temporary_.path() / "systemd/vmspawn" / name; }
    /// A machine whose vmspawn is this process.
    std::unique_ptr<StateFile> machine(const std::string& name) const {
        std::filesystem::create_directories(directory(name));
        return std::make_unique<StateFile>(Fd(open(directory(name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    }
    [[nodiscard]] MachineState state_of(const std::string& name) const { return find_listed({base_}, name)->state; }
};

TEST_F(Machines, TheStateIsWhatTheServiceManagerIsTold) {
    const auto file = machine("one");
    EXPECT_EQ(state_of("one").pid, getpid());
    EXPECT_FALSE(state_of("one").ready);
    file->tell("STATUS=VM started.");
    EXPECT_EQ(state_of("one").status, "VM started.");
    file->tell("READY=1\nSTATUS=VM running: \"a\" \xff");
    EXPECT_TRUE(state_of("one").ready);
    EXPECT_EQ(state_of("one").status, "VM running: \"a\" \uFFFD") << "JSON holds no other bytes";
    file->tell("STOPPING=1\nSTATUS=");
    EXPECT_TRUE(state_of("one").stopping && state_of("one").status.empty());
    file->set_processes({{"qemu", 5}, {"tpm", 7}});
    EXPECT_EQ(state_of("one").processes.at(1).pid, 7);
}

TEST_F(Machines, WhatStandsBesideTheStateIsForItsOwnerAlone) {
    const auto file = machine("one");
    file->write_beside("definition.json", "{}");
    file->write_beside("definition.json", "{\"version\":1}");
    const auto path = directory("one") / "definition.json";
    EXPECT_EQ(*read_file(path, 100), "{\"version\":1}");
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(Machines, AreListedByName) {
    std::vector<std::unique_ptr<StateFile>> files;
    for (int i = 0; i < 200; ++i)
        files.push_back(machine("m" + std::to_string(i)));
    const auto listed = list_machines({base_, base_ + "/nowhere"});
    EXPECT_EQ(listed.size(), 200U);
    EXPECT_EQ(listed.at(2).name, "m10");
}

TEST_F(Machines, TheRecordIsReadAsFarAsItIsOne) {
    const auto file = machine("one");
    write_text(directory("one") / "machine.json", R"({"cpus":2,"ram":"much","image":7,"definition":"/d","announced":["a",1,"b"]})");
    const Result<ListedMachine> found = find_listed({base_}, "one");
    EXPECT_EQ(found->cpus, 2U);
    EXPECT_EQ(found->ram, 0U);
    EXPECT_EQ(found->image, "");
    EXPECT_EQ(found->definition, "/d");
    EXPECT_THAT(found->announced, ElementsAre("a", "b"));
    for (const char* nonsense : {"", "[", "7", "null", "{\"a\":"}) {
        write_text(directory("one") / "machine.json", nonsense);
        EXPECT_TRUE(find_listed({base_}, "one")) << nonsense;
    }
}

TEST_F(Machines, OneWhoseProcessIsAnotherIsNone) {
    const auto file = machine("one");
    MachineState state = state_of("one");
    state.ticks += 1;
    write_text(directory("one") / "state.json", to_json(state));
    EXPECT_EQ(find_listed({base_}, "one").failure().error, ENOENT);
    for (const char* nonsense : {"", "[]", "{\"pid\":-1}", "{\"pid\":1e300}", "{\"pid\":99999999999}"}) {
        write_text(directory("one") / "state.json", nonsense);
        EXPECT_FALSE(find_listed({base_}, "one")) << nonsense;
    }
}

TEST_F(Machines, AnEndingIsReadByThoseWhoHadItOpen) {
    const auto file = machine("one");
    file->expect_ending();
    const Fd open_before(open((directory("one") / "ending.json").c_str(), O_RDONLY | O_CLOEXEC));
    std::filesystem::remove(directory("one") / "ending.json");
    file->tell_ending({5, "QEMU died"}, "");
    std::array<char, 100> text{};
    const ssize_t size = read(open_before.get(), text.data(), text.size());
    EXPECT_EQ(read_ending({text.data(), static_cast<std::size_t>(size)})->words, "QEMU died");
    EXPECT_TRUE(list_past({base_}).empty()) << "it was not in the background";
}

TEST_F(Machines, AFailureInTheBackgroundIsKeptForADay) {
    for (const char* name : {"well", "ill", "old"})
        machine(name)->tell_ending({name == std::string("well") ? 0 : 5, "a\nb\xff"}, name);
    const auto old = temporary_.path() / "systemd/vmspawn" / past_file("old");
    std::filesystem::last_write_time(old, std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
    const auto all = list_past({base_, base_ + "/nowhere"});
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].name, "ill");
    EXPECT_EQ(all[0].ending.words, "a\nb\uFFFD");
    EXPECT_FALSE(std::filesystem::exists(old));
    EXPECT_EQ(find_past({base_}, "ill")->ending.status, 5);
    for (const char* nonsense : {"", "[]", "{}", R"({"status":-1})", R"({"status":256})", R"({"status":"5"})"}) {
        write_text(temporary_.path() / "systemd/vmspawn" / past_file("ill"), nonsense);
        EXPECT_FALSE(find_past({base_}, "ill")) << nonsense;
    }
    forget_past(base_, "ill");
    EXPECT_FALSE(std::filesystem::exists(temporary_.path() / "systemd/vmspawn" / past_file("ill")));
}

TEST(ProcessFacts, AreOfTheProcessAskedFor) {
    const Result<ProcessFacts> own = facts_of(getpid());
    EXPECT_EQ(own->parent, getppid());
    EXPECT_GT(own->ticks, 0U);
    EXPECT_GT(own->memory, 100'000U);
    EXPECT_EQ(facts_of(-1).failure().error, ESRCH);
}

}  // namespace
}  // namespace vmspawn
