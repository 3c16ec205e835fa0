// A user's machine, told to their own systemd-machined and to the system's.
#include "run/registrations.hpp"
#include "support.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace vmspawn::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// Hears one call, and answers when it is told to.
class FakeMachined {
public:
    FakeMachined(EventLoop& loop, std::string path)
        : loop_(loop), path_(std::move(path)), listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(listen(listener_.get(), 5), 0);
    }
    /// What it was asked, without the NUL.
    std::string heard() {
        EXPECT_TRUE(eventually([&] {
            settle(loop_);
            client_ = Fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
            return static_cast<bool>(client_);
        }));
        return read_some(client_.get());
    }
    void answer(std::string reply) {
        reply += '\0';
        write_to(client_.get(), reply);
        settle(loop_);
    }
    void accept() { answer(R"({"parameters":{}})"); }
    void refuse() { answer(R"({"error":"org.varlink.service.PermissionDenied"})"); }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    EventLoop& loop_;
    std::string path_;
    Fd listener_, client_;
};

class TwoMachineds : public testing::Test {
protected:
    TwoMachineds() {
        setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
        setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
    }
    ~TwoMachineds() override {
        unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
        unsetenv("DBUS_SESSION_BUS_ADDRESS");
    }
    void begin(const std::string& also) {
        registrations_.emplace(loop_, MachineEntry{.user = true, .socket = own_.path(), .machine = "web", .control = "/c", .may_ask = true},
                               also, [this](Result<void> result) { outcome_ = std::move(result); });
        registrations_->begin(77);
    }

    EventLoop loop_;
    TemporaryDirectory directory_;
    FakeMachined own_{loop_, directory_.path() / "own"}, system_{loop_, directory_.path() / "system"};
    std::optional<Registrations> registrations_;
    std::optional<Result<void>> outcome_;
};

TEST_F(TwoMachineds, BothAreTold) {
    begin(system_.path());
    EXPECT_THAT(own_.heard(), AllOf(HasSubstr(R"("leader":77)"), HasSubstr("allowInteractiveAuthentication")));
    EXPECT_THAT(system_.heard(), AllOf(HasSubstr(R"("leader":77)"), HasSubstr(R"("name":"web")"), HasSubstr(R"("controlAddress":"/c")"),
                                       Not(HasSubstr("allowInteractiveAuthentication"))));
    own_.accept();
    EXPECT_TRUE(outcome_ && *outcome_) << "nobody waits for the system's";
    system_.refuse();
    EXPECT_TRUE(*outcome_) << "and its refusal is no matter";
}

TEST_F(TwoMachineds, EitherWillDo) {
    begin(system_.path());
    (void)own_.heard();
    (void)system_.heard();
    own_.refuse();
    EXPECT_FALSE(outcome_);
    system_.accept();
    EXPECT_TRUE(outcome_ && *outcome_);
}

TEST_F(TwoMachineds, TheFirstOnesRefusalIsTold) {
    begin(system_.path());
    (void)own_.heard();
    (void)system_.heard();
    system_.answer(R"({"error":"io.systemd.System"})");
    EXPECT_FALSE(outcome_);
    own_.refuse();
    ASSERT_TRUE(outcome_ && !*outcome_);
    EXPECT_EQ(outcome_->failure().detail, "org.varlink.service.PermissionDenied");
}

TEST_F(TwoMachineds, ASystemsThatDoesNotListenIsNotStarted) {
    begin(directory_.path() / "nobody");
    (void)own_.heard();
    own_.refuse();
    ASSERT_TRUE(outcome_ && !*outcome_);
    EXPECT_EQ(outcome_->failure().detail, "org.varlink.service.PermissionDenied");
}

}  // namespace
}  // namespace vmspawn::test
