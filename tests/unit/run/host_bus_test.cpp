// What becomes of the answers of the host's systemd by D-Bus.
#include "fake_bus.hpp"
#include "run/host_scope.hpp"
#include "run/registration.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cerrno>
#include <unistd.h>

namespace vmspawn::test {
namespace {

constexpr const char* job = "/org/freedesktop/systemd1/job/7";
constexpr const char* unit = "machine-web.scope";

class HostBus : public testing::Test {
protected:
    /// The outcome of a scope: `answer` replies to the first, second, … wish for one.
    Result<void> make_scope(const std::function<void(int wish, FakeBus& bus, sd_bus_message* call)>& answer) {
        FakeBus bus(loop_, [&](const std::string& member, sd_bus_message* call) {
            if (member == "StartTransientUnit")
                answer(++wishes_, bus, call);
            else if (member == "GetUnitProcesses")
                sd_bus_reply_method_return(call, "a(sus)", 1, "/machine.slice", static_cast<std::uint32_t>(getpid()), "sleep 7");
            else
                sd_bus_reply_method_return(call, "");
        });
        std::optional<Result<void>> outcome;
        HostScope scope(loop_, {}, "web", {.made = [&](Result<void> made) { outcome = std::move(made); }, .stop_asked = {}});
        scope.admit([] { return std::vector<pid_t>(); });
        while (!outcome)
            EXPECT_TRUE(loop_.turn());
        return *outcome;
    }
    static void done(FakeBus& bus, sd_bus_message* call) {
        sd_bus_reply_method_return(call, "o", job);
        bus.emit("JobRemoved", [](sd_bus_message* signal) { sd_bus_message_append(signal, "uoss", 7U, job, unit, "done"); });
    }
    static void refuse(sd_bus_message* call, const char* error) { sd_bus_reply_method_errorf(call, error, "systemd's words"); }
    /// This process, as it is told to users.
    static std::string self() {
        return fmt::format("{}, pid {}", std::filesystem::read_symlink("/proc/self/exe").filename().string(), getpid());
    }

    EventLoop loop_;
    int wishes_ = 0;
};

TEST_F(HostBus, ProcessesAreListedAnewWhenOneHasEnded) {
    EXPECT_TRUE(make_scope([](int wish, FakeBus& bus, sd_bus_message* call) {
        wish == 1 ? refuse(call, "org.freedesktop.systemd1.NoSuchProcess") : done(bus, call);
    }));
    EXPECT_EQ(wishes_, 2);
}

TEST_F(HostBus, ProcessesAreListedAnewOnlyOnce) {
    const auto outcome = make_scope([](int, FakeBus&, sd_bus_message* call) { refuse(call, "System.Error.ESRCH"); });
    EXPECT_EQ(outcome.failure().error, ESRCH);
    EXPECT_EQ(wishes_, 2);
}

TEST_F(HostBus, WhoHasTheScopesNameIsTold) {
    const auto outcome = make_scope([](int wish, FakeBus& bus, sd_bus_message* call) {
        refuse(call, "org.freedesktop.systemd1.UnitExists");
        if (wish == 1)  // somebody else was faster
            bus.emit("UnitRemoved", [](sd_bus_message* signal) { sd_bus_message_append(signal, "so", unit, "/unit"); });
    });
    EXPECT_EQ(outcome.failure().error, EBUSY);
    EXPECT_EQ(outcome.failure().detail, "there is a machine-web.scope already, in use by " + self());
    EXPECT_EQ(wishes_, 2);
}

/// Of a machined that has a machine of that name, and no varlink.
Result<void> register_taken(EventLoop& loop, const FakeBus::Serve& serve) {
    FakeBus bus(loop, [&](const std::string& member, sd_bus_message* call) {
        if (member == "StartServiceByName")
            sd_bus_reply_method_return(call, "u", 1U);
        else if (member == "RegisterMachine")
            sd_bus_reply_method_errorf(call, "org.freedesktop.machine1.MachineExists", "Machine 'web' already exists");
        else
            serve(member, call);
    });
    std::optional<Result<void>> outcome;
    Registration registration(loop, {.machine = "web"}, [&](Result<void> made) { outcome = std::move(made); });
    registration.begin(getpid());
    while (!outcome)
        EXPECT_TRUE(loop.turn());
    return *outcome;
}

TEST_F(HostBus, WhoHasTheMachinesNameIsTold) {
    const auto outcome = register_taken(loop_, [](const std::string& member, sd_bus_message* call) {
        if (member == "GetMachine")
            sd_bus_reply_method_return(call, "o", "/org/freedesktop/machine1/machine/web");
        else
            sd_bus_reply_method_return(call, "a{sv}", 3, "Name", "s", "web", "Service", "s", "systemd-nspawn", "Leader", "u",
                                       static_cast<std::uint32_t>(getpid()));
    });
    EXPECT_EQ(outcome.failure().error, EBUSY);
    EXPECT_EQ(outcome.failure().detail, "systemd-machined has a machine web already, of systemd-nspawn, with the leader " + self());
}

TEST_F(HostBus, AHolderThatCannotBeAskedForHasTheNameAllTheSame) {
    const auto outcome = register_taken(
        loop_, [](const std::string&, sd_bus_message* call) { sd_bus_reply_method_errorf(call, SD_BUS_ERROR_ACCESS_DENIED, "no"); });
    EXPECT_EQ(outcome.failure().error, EBUSY);
    EXPECT_EQ(outcome.failure().detail, "systemd-machined has a machine web already");
}

}  // namespace
}  // namespace vmspawn::test
