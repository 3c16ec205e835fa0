// What is said to the host's systemd, and what its answers mean. That it listens is for the end-to-end tests.
#include "run/control_socket.hpp"
#include "run/descendants.hpp"
#include "run/host_scope.hpp"
#include "run/registration.hpp"
#include "run/service.hpp"
#include "run/tap_request.hpp"
#include "run/varlink.hpp"
#include "support.hpp"

#include <gmock/gmock.h>

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmspawn {
namespace {

TEST(HostServices, AScopeIsNamedAsMachinedNamesIt) {
    EXPECT_EQ(scope_of_machine("web"), "machine-web.scope");
    EXPECT_EQ(scope_of_machine("web-1.example"), "machine-web\\x2d1.example.scope");
}

TEST(HostServices, MachinedIsToldWhatIsKnown) {
    EXPECT_THAT(register_parameters({.machine = "web", .may_ask = true}, 7),
                testing::HasSubstr(R"(,"allowInteractiveAuthentication":true)"));
    EXPECT_EQ(register_parameters({.machine = "web"}, 7), R"({"name":"web","service":"systemd-vmspawn","class":"vm","leader":7})");
    EXPECT_EQ(register_parameters({.machine = "web",
                                   .id = "00112233445566778899aabbccddeeff",
                                   .directory = "/srv/\"tree\"",
                                   .cid = "77",
                                   .ssh_address = "vsock/77",
                                   .ssh_key = "/run/key",
                                   .control = "/run/control"},
                                  7),
              R"({"name":"web","service":"systemd-vmspawn","class":"vm","leader":7,"id":"00112233445566778899aabbccddeeff",)"
              R"("rootDirectory":"/srv/\"tree\"","vSockCid":77,"sshAddress":"vsock/77","sshPrivateKeyPath":"/run/key",)"
              R"("controlAddress":"/run/control"})");
}

TEST(HostServices, AnOlderMachinedRefusesTheControlSocket) {
    const auto refusal = [](const std::string& parameter) {
        return read_varlink_reply(R"({"error":"org.varlink.service.InvalidParameter","parameters":{"parameter":")" + parameter + "\"}}",
                                  "ask")
            .failure();
    };
    EXPECT_TRUE(knows_no_control(refusal("controlAddress")));
    EXPECT_FALSE(knows_no_control(refusal("name")));
}

TEST(HostServices, RepliesByVarlink) {
    EXPECT_TRUE(read_varlink_reply("{\"parameters\":{}}", "ask"));
    const auto taken = read_varlink_reply("{\"error\":\"io.systemd.Machine.MachineExists\"}", "ask");
    EXPECT_EQ(taken.failure().error, EEXIST);
    EXPECT_EQ(taken.failure().detail, "io.systemd.Machine.MachineExists");
    const auto invalid = read_varlink_reply(R"({"error":"org.varlink.service.InvalidParameter","parameters":{"parameter":"id"}})", "ask");
    EXPECT_EQ(invalid.failure().error, EIO);
    EXPECT_EQ(invalid.failure().detail, "org.varlink.service.InvalidParameter parameter=id");
    for (const char* bytes : {"", "[]", "{", "\xff", "7"})
        EXPECT_EQ(read_varlink_reply(bytes, "ask").failure().error, EPROTO) << bytes;
    EXPECT_EQ(read_varlink_reply("{\"error\":3}", "ask").failure().error, EIO);
}

TEST(HostServices, RefusalsOfATapAreToldInWords) {
    const auto told = [](const std::string& error, const std::string& parameters = "") {
        return explain_refusal(read_varlink_reply(R"({"error":")" + error + R"(","parameters":{)" + parameters + "}}", "ask").failure());
    };
    const Failure lsm = told("io.systemd.NamespaceResource.UserNamespaceInterfaceNotSupported");
    EXPECT_EQ(lsm.error, EOPNOTSUPP);
    EXPECT_THAT(lsm.detail, testing::AllOf(testing::HasSubstr("BPF LSM"), testing::EndsWith("UserNamespaceInterfaceNotSupported")));
    EXPECT_EQ(told("org.varlink.service.PermissionDenied").error, EACCES);
    EXPECT_EQ(told("io.systemd.InteractiveAuthenticationRequired").error, EACCES);
    for (const char* unknown : {"mangleName", "mode", "networkNamespaceFileDescriptor"})
        EXPECT_THAT(told("org.varlink.service.InvalidParameter", R"("parameter":")" + std::string(unknown) + "\"").detail,
                    testing::HasSubstr("too old"));
    EXPECT_EQ(told("org.varlink.service.InvalidParameter", R"("parameter":"name")").error, EIO);
    const Failure other = told("io.systemd.System");
    EXPECT_EQ(other.error, EIO);
    EXPECT_EQ(other.detail, "io.systemd.System");
}

TEST(HostServices, ATapsReplyNamesItAndItsDescriptor) {
    const auto told = read_interface(R"({"parameters":{"hostInterfaceName":"ns-0123456789ab","interfaceFileDescriptor":0}})", 1);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->name, "ns-0123456789ab");
    EXPECT_EQ(told->descriptor, 0U);
    for (const char* wrong :
         {R"({"parameters":{"hostInterfaceName":"a","interfaceFileDescriptor":1}})",
          R"({"parameters":{"hostInterfaceName":"a","interfaceFileDescriptor":-1}})",
          R"({"parameters":{"hostInterfaceName":7,"interfaceFileDescriptor":0}})", R"({"parameters":[]})", "{}", "[]", ""})
        EXPECT_EQ(read_interface(wrong, 1).failure().error, EPROTO) << wrong;
}

class Answering : public testing::Test {
protected:
    void SetUp() override {
        int ends[2];
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
        ours_ = Fd(ends[0]);
        service_ = Fd(ends[1]);
    }
    /// Of a call whose service has said `reply` and left.
    Result<void> answer(std::string_view reply) {
        EXPECT_EQ(write(service_.get(), reply.data(), reply.size()), static_cast<ssize_t>(reply.size()));
        EXPECT_EQ(shutdown(service_.get(), SHUT_WR), 0);
        std::optional<Result<void>> got;
        const VarlinkCall call(
            loop_, std::move(ours_), varlink_call("a.B", "{}"), "ask",
            [&](Result<VarlinkReply> result) {
                got = result ? Result<void>() : result.failure();
                if (result)
                    received_ = std::move(result->descriptors);
            },
            passed_);
        while (!got)
            EXPECT_TRUE(loop_.turn());
        return *got;
    }
    EventLoop loop_;
    Fd ours_, service_;
    std::vector<int> passed_;
    std::vector<Fd> received_;
};

TEST_F(Answering, ACallIsOneMessageEachWay) {
    EXPECT_TRUE(answer(std::string_view("{}\0", 3)));
    char heard[100];
    const ssize_t size = read(service_.get(), heard, sizeof heard);
    EXPECT_EQ(std::string_view(heard, static_cast<std::size_t>(size)), std::string_view("{\"method\":\"a.B\",\"parameters\":{}}\0", 33));
}

ino_t inode(int fd) {
    struct stat status {};
    return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

// The descriptors of a service that does what it is asked by sending back what it was sent: as another call's.
TEST_F(Answering, DescriptorsGoBothWays) {
    const Fd first(open("/dev/null", O_RDONLY | O_CLOEXEC)), second(open("/dev/zero", O_RDONLY | O_CLOEXEC));
    passed_ = {first.get(), second.get()};
    bool answered = false;
    const std::string bytes("{}\0", 3);
    const VarlinkCall there(
        loop_, std::move(service_), bytes, "ask", [](const Result<VarlinkReply>&) {}, passed_);
    const VarlinkCall here(loop_, std::move(ours_), bytes, "ask",
                           [&](Result<VarlinkReply> reply) {
                               ASSERT_TRUE(reply);
                               received_ = std::move(reply->descriptors);
                               answered = true;
                           },
                           {second.get()});
    while (!answered)
        ASSERT_TRUE(loop_.turn());
    ASSERT_EQ(received_.size(), 2U);
    EXPECT_EQ(inode(received_[0].get()), inode(first.get()));
    EXPECT_EQ(inode(received_[1].get()), inode(second.get()));
    EXPECT_NE(fcntl(received_[0].get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(Answering, AnAnswerThatBreaksOffIsNone) {
    EXPECT_EQ(answer("{\"parameters\":").failure().error, EPROTO);
}

TEST_F(Answering, AnAnswerWithoutEndIsNone) {
    EXPECT_EQ(answer(std::string(VarlinkCall::longest_reply + 1, ' ')).failure().error, EPROTO);
}

TEST(HostServices, NobodyBehindASocketIsAFailure) {
    EXPECT_EQ(connect_by_varlink("/nonexistent/socket").failure().error, ENOENT);
    EXPECT_EQ(connect_by_varlink("/" + std::string(200, 'a')).failure().error, ENAMETOOLONG);
}

TEST(HostServices, ASocketIsReachedHoweverLongItsPath) {
    const test::TemporaryDirectory base;
    const std::string path = base.path().string() + "/" + std::string(150, 'a');
    ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
    const Fd directory(open(path.c_str(), O_PATH | O_CLOEXEC));
    const Result<Fd> listener = make_control_socket(directory.get());
    ASSERT_TRUE(listener);
    EXPECT_TRUE(connect_by_varlink(path + "/control"));
}

TEST(HostServices, WhatAProcessHasStartedBelongsToIt) {
    int ready[2];
    ASSERT_EQ(pipe2(ready, O_CLOEXEC), 0);
    const pid_t child = fork();
    if (child == 0) {
        const pid_t grandchild = fork();
        if (grandchild != 0 && write(ready[1], &grandchild, sizeof grandchild) < 0)
            _exit(1);
        pause();
        _exit(0);
    }
    pid_t grandchild = 0;
    ASSERT_EQ(read(ready[0], &grandchild, sizeof grandchild), static_cast<ssize_t>(sizeof grandchild));
    EXPECT_THAT(with_descendants({child}), testing::ElementsAre(child, grandchild));
    for (const pid_t process : {grandchild, child})
        kill(process, SIGKILL);
    EXPECT_EQ(waitpid(child, nullptr, 0), child);
    EXPECT_THAT(with_descendants({child}), testing::ElementsAre(child)) << "it is gone, and so are those below it";
    for (const int end : ready)
        close(end);
}

TEST(HostServices, ThisIsNotMachined) {
    EXPECT_FALSE(is_machined(getpid()));
    EXPECT_FALSE(is_machined(0));
}

}  // namespace
}  // namespace vmspawn
