// All rows of the table of exit statuses (definition, section 4), and which row wins.
#include "run/supervisor.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>

namespace vmspawn {
namespace {

constexpr ProcessEnd in_order{.signalled = false, .code = 0};
constexpr ProcessEnd with_one{.signalled = false, .code = 1};
constexpr ProcessEnd killed_by(int signal) {
    return {.signalled = true, .code = signal};
}

struct Row {
    const char* situation;
    Facts facts;
    int status;
};

Facts facts(void (*change)(Facts&)) {
    Facts result{.orderly = true, .qemu = in_order};
    change(result);
    return result;
}

const Row rows[] = {
    {"the guest powered off", facts([](Facts&) {}), 0},
    {"a file is not there", facts([](Facts& f) { f = {.bring_up_error = ENOENT}; }), ENOENT},
    {"no permission", facts([](Facts& f) { f = {.bring_up_error = EACCES}; }), EACCES},
    {"the host cannot", facts([](Facts& f) { f = {.bring_up_error = EOPNOTSUPP}; }), 95},
    {"in use", facts([](Facts& f) { f = {.bring_up_error = EBUSY}; }), 16},
    {"QEMU died at its start", facts([](Facts& f) { f = {.bring_up_error = EIO, .qemu = with_one}; }), EIO},
    {"an errno beyond a status", facts([](Facts& f) { f = {.bring_up_error = 512}; }), 255},
    {"QEMU was killed by a stranger", facts([](Facts& f) { f.orderly = false, f.qemu = killed_by(SIGKILL); }), EIO},
    {"QEMU crashed", facts([](Facts& f) { f.orderly = false, f.qemu = killed_by(SIGSEGV); }), EIO},
    {"QEMU crashed after the guest powered off", facts([](Facts& f) { f.qemu = killed_by(SIGSEGV); }), EIO},
    {"QEMU failed", facts([](Facts& f) { f.orderly = false, f.qemu = with_one; }), EIO},
    {"QEMU failed after the guest powered off", facts([](Facts& f) { f.qemu = with_one; }), EIO},
    {"QEMU ended well without a word", facts([](Facts& f) { f.orderly = false; }), EIO},
    {"QEMU failed after EXIT_STATUS=0", facts([](Facts& f) { f.guest_status = 0, f.orderly = false, f.qemu = with_one; }), EIO},
    {"KVM gave up, and we ended QEMU", facts([](Facts& f) { f.orderly = false, f.broken = true, f.killed = true; }), EIO},
    {"panic", facts([](Facts& f) { f.panicked = true; }), 255},
    {"panic with -action panic=exit-failure", facts([](Facts& f) { f.panicked = true, f.qemu = with_one; }), 255},
    {"panic outranks the guest's status", facts([](Facts& f) { f.panicked = true, f.guest_status = 3; }), 255},
    {"panic, then a signal", facts([](Facts& f) { f.panicked = true, f.asked_by = SIGTERM; }), 255},
    {"time ran out", facts([](Facts& f) { f.timed_out = true, f.killed = true; }), ETIMEDOUT},
    {"EXIT_STATUS=7", facts([](Facts& f) { f.guest_status = 7; }), 7},
    {"EXIT_STATUS=0", facts([](Facts& f) { f.guest_status = 0; }), 0},
    {"EXIT_STATUS=7, then a signal", facts([](Facts& f) { f.guest_status = 7, f.asked_by = SIGINT; }), 7},
    {"asked by SIGTERM, powered off in order", facts([](Facts& f) { f.asked_by = SIGTERM; }), 0},
    {"asked by SIGTERM, ended by SIGTERM", facts([](Facts& f) { f = {.asked_by = SIGTERM, .killed = true, .qemu = in_order}; }), 143},
    {"asked by SIGINT, had to be killed", facts([](Facts& f) { f = {.asked_by = SIGINT, .killed = true, .qemu = killed_by(SIGKILL)}; }),
     130},
    {"asked by SIGHUP, ended by SIGTERM", facts([](Facts& f) { f = {.asked_by = SIGHUP, .killed = true, .qemu = in_order}; }), 129},
    {"powered off in order just before our SIGTERM", facts([](Facts& f) { f.asked_by = SIGTERM, f.killed = true; }), 0},
    {"powered off, but QEMU hung and had to be killed",
     facts([](Facts& f) { f.asked_by = SIGTERM, f.killed = true, f.qemu = killed_by(SIGKILL); }), 143},
    {"ended before it was up, on request", facts([](Facts& f) { f = {.asked_by = SIGINT, .killed = true, .qemu = killed_by(SIGTERM)}; }),
     130},
    {"crashed while we were ending it", facts([](Facts& f) { f = {.asked_by = SIGINT, .killed = true, .qemu = killed_by(SIGSEGV)}; }), EIO},
};

TEST(Verdict, FollowsTheTable) {
    for (const Row& row : rows)
        EXPECT_EQ(verdict(row.facts), row.status) << row.situation;
}

TEST(Verdict, IsNeverZeroWhenQemuFailed) {
    for (unsigned bits = 0; bits < 1U << 7; ++bits) {
        for (const ProcessEnd end : {in_order, with_one, killed_by(SIGSEGV), killed_by(SIGKILL), killed_by(SIGTERM)}) {
            Facts all{.panicked = (bits & 1) != 0,
                      .timed_out = (bits & 2) != 0,
                      .killed = (bits & 4) != 0,
                      .broken = (bits & 8) != 0,
                      .orderly = (bits & 16) != 0,
                      .qemu = end};
            if ((bits & 32) != 0)
                all.guest_status = 0;
            if ((bits & 64) != 0)
                all.asked_by = SIGTERM;
            EXPECT_FALSE(qemu_failed(all) && verdict(all) == 0) << "facts " << bits << ", QEMU " << to_string(end);
        }
    }
}

TEST(ProcessEnd, IsSaidInWords) {
    EXPECT_EQ(to_string(with_one), "ended with status 1");
    EXPECT_EQ(to_string(killed_by(SIGSEGV)), "was killed by SIGSEGV");
    EXPECT_EQ(to_string(killed_by(40)), "was killed by signal 40");
}

}  // namespace
}  // namespace vmspawn
