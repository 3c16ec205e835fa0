// The executor with a helper beside QEMU. Both are small Python programs here: the helper takes the connection that QEMU already
// has, QEMU speaks QMP.
#include "machine_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>

namespace vmspawn::test {
namespace {

using testing::HasSubstr;

class Helpers : public Machine {
protected:
    void SetUp() override {
        if (find_program("python3").empty())
            GTEST_SKIP() << "python3 is not installed";
    }

    /// `helper` runs with the connection in c, `qemu` with the connection in h and say() for QMP.
    Plan machine(const std::string& helper, const std::string& qemu) {
        Plan plan = tiny_machine(directory_.path(), Guest::idle);
        plan.console = {};
        plan.stop = {.power_off = std::chrono::seconds(1), .terminate = std::chrono::seconds(1)};
        Spawn spawn{.program = find_program("python3"), .arguments = {"-c", accept + helper}, .death_signal = SIGKILL};
        spawn.arguments.push_back(Word() += Late{"socket", Late::What::fd});
        plan.resources.insert(plan.resources.end() - 1, {.id = "socket", .needs = {"name"}, .up = Listen{"--socket-path="}});
        plan.resources.insert(plan.resources.end() - 1,
                              {.id = "root-fs", .needs = {"socket"}, .up = std::move(spawn), .because_key = "image.directory"});
        qemu_of(plan).program = find_program("python3");
        qemu_of(plan).arguments = {"-c", speak + qemu};
        qemu_of(plan).arguments.push_back(Word() += Late{"qmp", Late::What::fd});
        qemu_of(plan).arguments.push_back(Word() += Late{"socket", Late::What::chardev});
        return plan;
    }

    static constexpr const char* greet = "say({'QMP': {}})\n";
    static constexpr const char* power_off = "say({'event': 'SHUTDOWN', 'data': {'guest': True, 'reason': 'guest-shutdown'}})\n";
    const std::string accept =
        "import os, signal, socket, sys\n"
        "def connection():\n"
        "    return socket.socket(fileno=int(sys.argv[1])).accept()[0]\n";
    const std::string speak =
        "import json, os, socket, sys\n"
        "q = socket.socket(fileno=int(sys.argv[1]))\n"
        "h = socket.socket(fileno=int(sys.argv[2].removeprefix('fd=')))\n"
        "def say(what): q.sendall(json.dumps(what).encode() + b'\\n')\n"
        "def gone():\n"
        "    try: return not h.recv(1)\n"
        "    except ConnectionError: return True\n";
};

TEST_F(Helpers, HelperServesQemuAndItsEndAfterQemusIsNotReported) {
    const Ended ended = run(machine("c = connection(); c.sendall(c.recv(1)); c.recv(1); print('client gone'); sys.exit(3)",
                                    "h.sendall(b'x'); assert h.recv(1) == b'x'\n" + std::string(greet) + power_off));
    EXPECT_EQ(ended.status, 0);
    EXPECT_EQ(ended.messages, "");
    expect_nothing_left();
}

TEST_F(Helpers, HelperThatDiesAtItsStartStopsTheBringUp) {
    const Ended ended = run(machine("print('no such tree', flush=True); sys.exit(1)", "sys.exit(1 if gone() else 0)"));
    EXPECT_EQ(ended.status, EIO);
    EXPECT_THAT(ended.messages,
                HasSubstr("python3' (image.directory): it ended with status 1 before the machine was up\n  no such tree\n"));
    expect_nothing_left();
}

TEST_F(Helpers, HelperThatCanBeDroppedIsLeftOutOfASecondStart) {
    for (const char* program : {"", "/no/such/helper"}) {
        Plan plan = machine("print('no luck', flush=True); sys.exit(1)", "");
        Resource& helper = plan.resources.end()[-2];
        helper.on_failure = OnFailure::drop_words;
        helper.without = "there is no helper";
        if (*program != '\0')
            std::get<Spawn>(helper.up).program = program;
        Spawn& qemu = qemu_of(plan);
        qemu.arguments.back().optional = "root-fs";
        plan.resources.back().needs.emplace_back("socket");
        qemu.arguments[1] =
            "import json, os, socket, sys\nq = socket.socket(fileno=int(sys.argv[1]))\n"
            "def say(what): q.sendall(json.dumps(what).encode() + b'\\n')\n"
            "if len(sys.argv) > 2:\n    socket.socket(fileno=int(sys.argv[2].removeprefix('fd='))).recv(1)\n    sys.exit(1)\n" +
            std::string(greet) + power_off;
        const Ended ended = run(plan);
        EXPECT_EQ(ended.status, 0) << ended.messages;
        EXPECT_THAT(ended.messages, HasSubstr("there is no helper"));
        expect_nothing_left();
        output_ = make_pipe();
        messages_ = make_pipe();
    }
}

TEST_F(Helpers, ChildrenThatAHelperLeftEndWithIt) {
    const std::filesystem::path pid = directory_.path() / "pid";
    const Ended ended =
        run(machine("import subprocess, time\nopen('" + pid.string() +
                        "', 'w').write(str(subprocess.Popen(['sleep', '1000']).pid))\nc = connection(); c.sendall(b'x'); c.recv(1)",
                    "h.recv(1)\n" + std::string(greet) + power_off));
    EXPECT_EQ(ended.status, 0) << ended.messages;
    const pid_t left = std::stoi(read_text(pid));
    EXPECT_TRUE(eventually([left] { return !process_exists(left); }));
}

TEST_F(Helpers, HelperThatIsKilledAtItsStartDoesNotHangQemu) {
    const Ended ended = run(machine("os.kill(os.getpid(), signal.SIGKILL)", "gone(); sys.exit(1)"));
    EXPECT_EQ(ended.status, EIO);
    EXPECT_THAT(ended.messages, HasSubstr("it was killed by SIGKILL before the machine was up\n"));
    expect_nothing_left();
}

TEST_F(Helpers, HelperThatIsKilledWhileTheMachineRunsIsItsEnd) {
    for (const char* reaction :
         {"gone(); sys.exit(1)", "gone(); q.recv(1 << 16); q.recv(1)", "gone(); say({'event': 'STOP'}); os.abort()"}) {
        const Ended ended = Machine::run(machine("c = connection(); c.recv(1); os.kill(os.getpid(), signal.SIGKILL)",
                                                 greet + std::string("h.sendall(b'x')\n") + reaction));
        EXPECT_EQ(ended.status, EIO) << reaction;
        EXPECT_THAT(ended.messages, HasSubstr("root-fs (image.directory) was killed by SIGKILL; the guest cannot go on without it\n"));
        expect_nothing_left();
        output_ = make_pipe();
        messages_ = make_pipe();
    }
}

TEST_F(Helpers, MissingHelperIsNamedWithItsKey) {
    Plan plan = machine("", "gone(); sys.exit(1)");
    std::get<Spawn>(plan.resources.end()[-2].up).program = "/no/such/virtiofsd";
    const Ended ended = run(plan);
    EXPECT_EQ(ended.status, ENOENT);
    EXPECT_EQ(ended.messages,
              "vmspawn: could not start '/no/such/virtiofsd' (image.directory): No such file or directory\n"
              "  run /no/such/virtiofsd\n");
    expect_nothing_left();
}

TEST_F(Helpers, EachHasItsEndOnly) {
    const Ended ended =
        run(machine("c = connection(); c.sendall(b' '.join(os.readlink(f'/proc/self/fd/{n}').encode() for n in (3, 4)) if "
                    "os.path.exists('/proc/self/fd/5') else b'two'); c.recv(1)",
                    "assert h.recv(100) == b'two'\n" + std::string(greet) + power_off));
    EXPECT_EQ(ended.status, 0) << ended.messages;
}

TEST_F(Helpers, HelperThatIgnoresItsEndIsKilledInTheTearDown) {
    const Ended ended = run(machine("signal.signal(signal.SIGTERM, signal.SIG_IGN); c = connection(); c.sendall(b'x'); signal.pause()",
                                    "h.recv(1)\n" + std::string(greet) + power_off));
    EXPECT_EQ(ended.status, 0);
    expect_nothing_left();
}

}  // namespace
}  // namespace vmspawn::test
