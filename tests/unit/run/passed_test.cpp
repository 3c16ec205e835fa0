#include "run/passed.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <string>
#include <unistd.h>
#include <vector>

namespace vmspawn {
namespace {

bool is_open(int fd) {
    return fcntl(fd, F_GETFD) >= 0;
}

/// What `check` has against what arrives in a process to which /dev/null is passed under each of the names.
std::string wrong_with(const std::vector<std::string>& names, const std::string& count,
                       const std::function<std::string(const PassedDescriptors&, const Diagnostics&)>& check) {
    test::Pipe said = test::make_pipe();
    const pid_t pid = test::run_in_child(0, said.writer.get(), 2, [&] {
        std::string all;
        for (std::size_t i = 0; i < names.size(); ++i) {
            all += (i == 0 ? "" : ":") + names[i];
            dup2(0, 3 + static_cast<int>(i));
        }
        setenv("LISTEN_FDS", count.c_str(), 1);
        setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
        setenv("LISTEN_FDNAMES", all.c_str(), 1);
        Diagnostics found;
        const PassedDescriptors passed = take_passed(found);
        const std::string wrong = check(passed, found);
        return write(1, wrong.data(), wrong.size()) == static_cast<ssize_t>(wrong.size()) ? 0 : 1;
    });
    said.writer.reset();
    std::string wrong = test::read_all(said.reader.get());
    EXPECT_EQ(test::wait_for(pid), 0);
    return wrong;
}

TEST(Passed, WhatHasAKnownNameIsTaken) {
    EXPECT_EQ(wrong_with({"vhost-vsock", "kvm"}, "2",
                         [](const auto& passed, const auto& found) -> std::string {
                             if (passed.size() != 2 || passed.at("vhost-vsock").get() != 3 || passed.at("kvm").get() != 4)
                                 return "not both";
                             if ((fcntl(4, F_GETFD) & FD_CLOEXEC) == 0)
                                 return "a child would have it";
                             return found.empty() && std::getenv("LISTEN_FDS") == nullptr ? "" : "said more";
                         }),
              "");
}

TEST(Passed, OthersAreClosedAndSaid) {
    EXPECT_EQ(wrong_with({"kvm", "http", "kvm"}, "3",
                         [](const auto& passed, const auto& found) -> std::string {
                             if (passed.size() != 1 || passed.at("kvm").get() != 5 || is_open(3) || is_open(4))
                                 return "not the last one alone";
                             return found.size() == 2 && !found.has_errors() && found.begin()->summary.find("'http'") != std::string::npos
                                        ? ""
                                        : "not said";
                         }),
              "");
}

TEST(Passed, NonsenseIsAWarning) {
    EXPECT_EQ(wrong_with({}, "many",
                         [](const auto& passed, const auto& found) -> std::string {
                             return passed.empty() && found.size() == 1 && !found.has_errors() ? "" : "not said";
                         }),
              "");
}

TEST(Passed, ACopyIsTaken) {
    PassedDescriptors passed;
    passed["kvm"] = Fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_NE(copy_passed(passed, "kvm")->get(), passed.at("kvm").get());
    EXPECT_EQ(copy_passed(passed, "vhost-vsock").failure().error, EBADF);
}

}  // namespace
}  // namespace vmspawn
