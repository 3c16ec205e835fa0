#include "run/report.hpp"

#include "run/messages.hpp"
#include "support.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cerrno>
#include <fcntl.h>
#include <thread>
#include <unistd.h>

namespace vmspawn::test {
namespace {

class Reports : public testing::Test {
protected:
    static Origin in_file() {
        auto source = std::make_shared<Source>();
        source->name = "hello.vmspawn";
        return FromFile{source, {{7, 8}, {7, 18}}};
    }
    [[nodiscard]] Report report(Action up, Failure failure, Origin because = FromDefault{}, std::string key = "") const {
        return describe(plan_,
                        {.id = "image", .needs = {}, .up = std::move(up), .because = std::move(because), .because_key = std::move(key)},
                        failure);
    }
    Plan plan_{.machine = "hello", .resources = {}, .directory = "/srv/vm", .home = "/root"};
};

TEST_F(Reports, NameTheResourceTheLineAndTheCause) {
    const Report one = report(OpenFile{"/srv/vm/disk.raw"}, {EACCES, "", ""}, in_file(), "image.path");
    EXPECT_EQ(one.text, "could not open image 'disk.raw' (hello.vmspawn:7:8, image.path): Permission denied");
    EXPECT_EQ(one.detail, "");
}

TEST_F(Reports, HolderTakesThePlaceOfBusy) {
    EXPECT_EQ(report(OpenFile{"/root/disk.raw"}, {EBUSY, "", "in use by qemu-io, pid 5"}).text,
              "could not open image '~/disk.raw': in use by qemu-io, pid 5");
    EXPECT_EQ(report(ClaimName{"/run", "dev"}, {EBUSY, "", "in use by vmspawn, pid 7"}, FromDefault{}, "name").text,
              "could not take the machine name 'dev' (name): in use by vmspawn, pid 7");
}

TEST_F(Reports, LastWordsAreDetail) {
    const Report one =
        report(Spawn{.program = "/usr/bin/qemu"}, {EIO, "", "it ended with status 1 before the machine was up\nqemu: no\nmore"});
    EXPECT_EQ(one.text, "could not start '/usr/bin/qemu': it ended with status 1 before the machine was up");
    EXPECT_EQ(one.detail, "qemu: no\nmore");
}

TEST_F(Reports, WhatWasTriedIsDetail) {
    const Report one = report(MakeMemory{}, {ENOENT, "open /x/initrd", ""});
    EXPECT_EQ(one.text, "could not make image: No such file or directory");
    EXPECT_EQ(one.detail, "open /x/initrd");
}

TEST_F(Reports, PathsOfOthersStayWhole) {
    EXPECT_EQ(report(OpenFile{"/srv/vmx/a"}, {ENOENT, "", ""}).text, "could not open image '/srv/vmx/a': No such file or directory");
    EXPECT_EQ(report(OpenFile{"/srv/vm"}, {EISDIR, "", ""}).text, "could not open image '/srv/vm': Is a directory");
}

std::string said(const RunOptions& options, void (*say)(Messages&)) {
    Pipe pipe = make_pipe();
    Messages messages(options, pipe.writer.get());
    say(messages);
    pipe.writer.reset();
    return read_all(pipe.reader.get());
}

void say_all(Messages& messages) {
    messages.status("one");
    messages.warning("two");
    messages.error("three", "a\nb");
}

TEST(MessagesTest, ArePrefixedAndDetailIsIndented) {
    EXPECT_EQ(said({}, say_all), "vmspawn: one\nvmspawn: two\nvmspawn: three\n  a\n  b\n");
}

TEST(MessagesTest, QuietDropsStatusOnly) {
    EXPECT_EQ(said({.quiet = true}, say_all), "vmspawn: two\nvmspawn: three\n  a\n  b\n");
}

TEST(MessagesTest, ColourIsForProblems) {
    EXPECT_EQ(said({.colour = true}, [](Messages& messages) { messages.status("one"); }), "vmspawn: one\n");
    EXPECT_EQ(said({.colour = true}, [](Messages& messages) { messages.error("two"); }), "vmspawn: \033[31mtwo\033[0m\n");
}

TEST(MessagesTest, TellWhereTheyComeFrom) {
    EXPECT_THAT(said({.located = true}, say_all), testing::MatchesRegex("vmspawn: [^ ]*report_test.cpp:[0-9]+: one\n.*three\n  a\n  b\n"));
    EXPECT_EQ(said({.with_tid = true}, [](Messages& messages) { messages.error("one"); }), fmt::format("vmspawn: [{}] one\n", gettid()));
    EXPECT_EQ(said({.target = LogTarget::console_prefixed}, say_all),
              "<6>vmspawn: one\n<4>vmspawn: two\n<3>vmspawn: three\n<3>  a\n<3>  b\n");
    EXPECT_EQ(said({.target = LogTarget::nowhere}, say_all), "");
}

TEST(MessagesTest, WaitForRoomWhereSomebodyHasMadeTheOpenFileSo) {
    Pipe pipe = make_pipe();
    fcntl(pipe.writer.get(), F_SETFL, O_NONBLOCK);
    const std::string block(65536, '.');
    while (write(pipe.writer.get(), block.data(), block.size()) > 0) {
    }
    std::string all;
    std::thread reader([&all, fd = pipe.reader.get()] {
        char bytes[4096];
        while (!all.ends_with("one\n"))
            all.append(bytes, static_cast<std::size_t>(read(fd, bytes, sizeof bytes)));
    });
    Messages(RunOptions{}, pipe.writer.get()).error("one");
    pipe.writer.reset();
    reader.join();
    EXPECT_TRUE(all.ends_with(".vmspawn: one\n"));
}

TEST(MessagesTest, WhatALineHasBegun) {
    const auto after = [](std::string_view bytes) { return unfinished_after(Unfinished::nothing, bytes); };
    EXPECT_EQ(after(""), Unfinished::nothing);
    EXPECT_EQ(after("one\n"), Unfinished::nothing);
    EXPECT_EQ(after("one\ntwo"), Unfinished::text);
    EXPECT_EQ(after("\033[1mone\n"), Unfinished::nothing);
    EXPECT_EQ(after("\033[1mone\ntwo"), Unfinished::text);
    EXPECT_EQ(after("one\033["), Unfinished::controls);
    EXPECT_EQ(unfinished_after(Unfinished::controls, "1mtwo"), Unfinished::controls);
    EXPECT_EQ(unfinished_after(Unfinished::controls, "1mtwo\n"), Unfinished::nothing);
}

TEST(MessagesTest, TheyTakeTheirTurn) {
    const std::string shown = said({}, [](Messages& messages) {
        std::string queued;
        messages.set_queue([&queued](std::string_view text) {
            queued += text;
            return queued.size() == text.size();  // the first one only
        });
        messages.status("one");
        messages.status("two");
        EXPECT_EQ(queued, "vmspawn: one\nvmspawn: two\n");
        messages.set_queue(nullptr);
    });
    EXPECT_EQ(shown, "vmspawn: two\n");
}

TEST(MessagesTest, RawMattersToATerminalOnly) {
    EXPECT_EQ(said({},
                   [](Messages& messages) {
                       messages.set_raw(true);
                       messages.set_unfinished(Unfinished::controls);
                       messages.status("one");
                   }),
              "vmspawn: one\n");
}

}  // namespace
}  // namespace vmspawn::test
