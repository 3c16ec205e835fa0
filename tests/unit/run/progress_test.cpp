// The line that tells of what takes long, as a terminal gets it.
#include "run/progress.hpp"

#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <utility>

namespace vmspawn::test {
namespace {

using testing::HasSubstr;

constexpr const char* gone = "\r\033[K";

class Progress : public testing::Test {
protected:
    Progress() {
        winsize size{.ws_row = 25, .ws_col = 60, .ws_xpixel = 0, .ws_ypixel = 0};
        termios raw{};
        cfmakeraw(&raw);
        int ours = -1, theirs = -1;
        if (openpty(&ours, &theirs, nullptr, &raw, &size) == 0) {
            master_ = Fd(ours);
            slave_ = Fd(theirs);
            fcntl(ours, F_SETFL, O_NONBLOCK);
        }
        use(options(), slave_.get());
        plan_.directory = "/srv";
        plan_.notify.wait = true;
    }

    static RunOptions options(bool progress = true) {
        RunOptions options;
        options.progress = progress;
        return options;
    }

    /// What the terminal has got since the last look.
    std::string shown() {
        std::string all;
        std::array<char, 4096> buffer;
        for (ssize_t size = 0; (size = read(master_.get(), buffer.data(), buffer.size())) > 0;)
            all.append(buffer.data(), static_cast<std::size_t>(size));
        return all;
    }

    void after(int seconds) {
        time_ += std::chrono::seconds(seconds);
        line().time_passes();
    }

    ProgressLine& line() {
        if (!line_)
            line_.emplace(loop_, *messages_, plan_, console_is_shown_, [this] { return time_; });
        return *line_;
    }

    void use(const RunOptions& options, int fd) { messages_.emplace(options, fd); }

    static Resource setup() {
        Resource resource{.id = "tpm-setup", .needs = {}, .up = Spawn{.program = "/usr/bin/swtpm_setup", .arguments = {}, .inherits = {}}};
        std::get<Spawn>(resource.up).fills = Fill{.directory = "tpm-state", .reads = {}, .keeps = {}};
        resource.ready = Readiness::ended;
        return resource;
    }

    Fd master_, slave_;
    EventLoop loop_;
    Plan plan_;
    std::optional<Messages> messages_;
    bool console_is_shown_ = false;
    std::chrono::steady_clock::time_point time_{};
    std::optional<ProgressLine> line_;
};

TEST_F(Progress, TellsAfterASecondAndIsGoneWhenItIsUp) {
    line().begins(setup());
    after(0);
    EXPECT_EQ(shown(), "");
    after(1);
    EXPECT_EQ(shown(), std::string(gone) + "vmspawn: making tpm-state with swtpm_setup … 1 s");
    after(2);
    EXPECT_EQ(shown(), std::string(gone) + "vmspawn: making tpm-state with swtpm_setup … 3 s");
    line().came_up(setup());
    EXPECT_EQ(shown(), gone);
    after(1);
    EXPECT_EQ(shown(), "");
}

TEST_F(Progress, WhatVmspawnDoesByItselfIsToldBefore) {
    const Resource image{.id = "image", .needs = {}, .up = OpenFile{.path = "/srv/disk.raw", .grow = Grow{}}};
    line().begins(image);
    EXPECT_EQ(shown(), std::string(gone) + "vmspawn: growing 'disk.raw' …");
    line().came_up(image);
    EXPECT_EQ(shown(), gone);
}

TEST_F(Progress, OfSeveralTheOldestAndThenTheNext) {
    line().begins(Resource{.id = "image", .needs = {}, .up = OpenFile{.path = "/srv/disk.raw", .grow = Grow{}}});
    after(1);
    EXPECT_THAT(shown(), HasSubstr("growing 'disk.raw' … 1 s"));
    Resource qemu{.id = "qemu", .needs = {}, .up = Spawn{.program = "/usr/bin/qemu-system-x86_64", .arguments = {}, .inherits = {}}};
    qemu.ready = Readiness::greeting;
    line().begins(qemu);
    after(1);
    EXPECT_THAT(shown(), HasSubstr("growing 'disk.raw' … 2 s"));
    line().failed(Resource{.id = "image", .needs = {}, .up = OpenFile{}});
    shown();
    after(1);
    EXPECT_THAT(shown(), HasSubstr("starting qemu-system-x86_64 … 2 s"));
    line().starts_again();
    EXPECT_EQ(shown(), gone);
}

TEST_F(Progress, QemuWaitsForTheOthers) {
    Resource qemu{.id = "qemu", .needs = {}, .up = Spawn{.program = "/usr/bin/qemu", .arguments = {}, .inherits = {}}};
    qemu.ready = Readiness::greeting;
    line().begins(qemu);
    line().begins(setup());
    after(1);
    EXPECT_THAT(shown(), HasSubstr("swtpm_setup … 1 s"));
    line().came_up(setup());
    after(1);
    EXPECT_THAT(shown(), HasSubstr("starting qemu … 2 s"));
}

TEST_F(Progress, MessageTakesItsPlace) {
    line().begins(setup());
    after(1);
    shown();
    messages_->warning("something");
    EXPECT_EQ(shown(), std::string(gone) + "vmspawn: something\n");
    messages_->warning("more");
    EXPECT_EQ(shown(), "vmspawn: more\n");
    after(1);
    EXPECT_THAT(shown(), HasSubstr(" … 2 s"));
    line_.reset();
    EXPECT_EQ(shown(), gone) << "nothing stays behind";
}

TEST_F(Progress, GuestThatIsNotReadyWithWhatItSays) {
    line().saw(MachineUp{});
    after(2);
    EXPECT_EQ(shown(), std::string(gone) + "vmspawn: waiting until the guest is ready … 2 s");
    line().saw(GuestSaid{"STATUS", std::string(100, 'x')});
    after(10);
    EXPECT_EQ(shown(), std::string(gone) + "vmspawn: waiting until the guest is ready: xxxxxxxx… … 12 s") << "59 columns, the time is seen";
    line().saw(GuestSaid{"READY", "1"});
    EXPECT_EQ(shown(), gone);
    after(1);
    EXPECT_EQ(shown(), "");
}

TEST_F(Progress, GuestWhoseConsoleIsSeenAndThatNobodyWaitsFor) {
    console_is_shown_ = true;
    line().saw(MachineUp{});
    after(2);
    EXPECT_EQ(shown(), "");
    line_.reset();
    console_is_shown_ = false;
    plan_.notify.wait = false;
    line().saw(MachineUp{});
    after(2);
    EXPECT_EQ(shown(), "");
}

TEST_F(Progress, MachineThatIsToEndIsNotWaitedFor) {
    for (const Event& event : std::vector<Event>{Signalled{SIGTERM}, TimeIsUp{}, ReadyTimedOut{}, QemuEnded{}, KeysTyped{},
                                                 QmpEvent{.name = "SHUTDOWN", .reason = "guest-shutdown", .guest = true}}) {
        line_.reset();
        line().saw(MachineUp{});
        after(1);
        EXPECT_THAT(shown(), HasSubstr("waiting until"));
        line().saw(event);
        EXPECT_EQ(shown(), gone);
        after(1);
        EXPECT_EQ(shown(), "") << event.index();
    }
}

TEST_F(Progress, NothingIsWrittenOverAQuestionForAPassword) {
    Resource scope{.id = "scope", .needs = {}, .up = MakeScope{.may_ask = true}};
    scope.ready = Readiness::answered;
    plan_.resources = {scope};
    line().begins(setup());
    after(1);
    EXPECT_THAT(shown(), HasSubstr("swtpm_setup"));
    line().begins(scope);
    after(1);
    EXPECT_EQ(shown(), gone);
    after(1);
    EXPECT_EQ(shown(), "");
    line().came_up(scope);
    after(1);
    EXPECT_THAT(shown(), HasSubstr("swtpm_setup"));
}

TEST_F(Progress, SilentWhereItIsNotForATerminal) {
    Pipe pipe = make_pipe();
    RunOptions quiet = options(), other = options();
    quiet.quiet = true;
    other.target = LogTarget::console_prefixed;
    for (const auto& [wanted, fd] :
         {std::pair(options(false), slave_.get()), {quiet, slave_.get()}, {other, slave_.get()}, {options(), pipe.writer.get()}}) {
        line_.reset();
        use(wanted, fd);
        line().begins(setup());
        after(2);
        line().came_up(setup());
    }
    line_.reset();
    pipe.writer.reset();
    EXPECT_EQ(shown() + read_all(pipe.reader.get()), "");
}

TEST_F(Progress, GoesOnByTheLoop) {
    time_ += std::chrono::seconds(60);
    line().begins(setup());
    time_ += std::chrono::seconds(5);
    ASSERT_TRUE(loop_.turn());  // returns with the first tick
    EXPECT_THAT(shown(), HasSubstr("swtpm_setup … 5 s"));
    time_ += std::chrono::seconds(5);
    ASSERT_TRUE(loop_.turn());
    EXPECT_THAT(shown(), HasSubstr("swtpm_setup … 10 s"));
}

}  // namespace
}  // namespace vmspawn::test
