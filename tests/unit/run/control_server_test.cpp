// The clients of the control socket: in turn, bounded, and none in another's way.
#include "run/control_server.hpp"

#include "run/control_socket.hpp"
#include "run/socket_rights.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace vmspawn::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view describe_call(R"({"method":"io.systemd.MachineInstance.Describe"})"
                                         "\0",
                                         48 + 1);
constexpr std::string_view subscribe_call(
    R"({"method":"io.systemd.MachineInstance.SubscribeEvents","more":true,"parameters":{"filter":["A"]}})"
    "\0",
    98);

class Serving : public testing::Test {
protected:
    void SetUp() override {
        directory_fd_ = Fd(open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        Result<Fd> listener = make_control_socket(directory_fd_.get());
        ASSERT_TRUE(listener);
        server_.emplace(loop_, std::move(*listener), [this](int call, const ControlCall& asked, const std::vector<Fd>& descriptors) {
            descriptors_ += descriptors.size();
            if (std::holds_alternative<SubscribeEvents>(asked.request))
                server_->subscribe(call, std::get<SubscribeEvents>(asked.request));
            else if (answering_)
                server_->answer(call, reply_);
            else
                calls_.push_back(call);
        });
    }
    Fd connect() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        (directory_.path() / "control").string().copy(address.sun_path, sizeof address.sun_path - 1);
        Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        return fd;
    }
    /// All that happens until nothing is due any more: a timer that comes last tells.
    void say(const Fd& client, std::string_view bytes) {
        ASSERT_EQ(send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }
    /// What has come, and "END" when the connection is closed.
    static std::string heard(const Fd& client) {
        std::string all;
        char buffer[4096];
        for (;;) {
            const ssize_t size = read(client.get(), buffer, sizeof buffer);
            if (size < 0)
                return errno == EAGAIN ? all : all + "END";
            if (size == 0)
                return all + "END";
            all.append(buffer, static_cast<std::size_t>(size));
        }
    }

    TemporaryDirectory directory_;
    Fd directory_fd_;
    EventLoop loop_;
    std::optional<ControlServer> server_;
    std::vector<int> calls_;
    std::size_t descriptors_ = 0;
    bool answering_ = false;
    std::string reply_ = std::string("ok") + '\0';
};

TEST_F(Serving, TheSocketIsItsOwners) {
    struct stat status {};
    ASSERT_EQ(stat((directory_.path() / "control").c_str(), &status), 0);
    EXPECT_TRUE(S_ISSOCK(status.st_mode));
    EXPECT_EQ(status.st_mode & 07777, 0644U);
    remove_control_socket(directory_fd_.get());
    EXPECT_NE(stat((directory_.path() / "control").c_str(), &status), 0);
}

TEST_F(Serving, CallsOfAClientAreAnsweredInTurn) {
    const Fd client = connect();
    say(client, std::string(describe_call) + std::string(describe_call));
    settle(loop_);
    ASSERT_THAT(calls_, SizeIs(1)) << "the second waits for the first's answer";
    server_->answer(calls_[0], "first");
    ASSERT_THAT(calls_, SizeIs(2));
    server_->answer(calls_[1], "second");
    server_->answer(99, "nobody's");
    EXPECT_EQ(heard(client), "firstsecond");
}

TEST_F(Serving, AThousandCallsAtOnce) {
    answering_ = true;
    const Fd client = connect();
    std::string all;
    for (int i = 0; i < 1000; ++i)
        all += describe_call;
    std::size_t sent = 0;
    std::string answers;
    constexpr int rounds = 1000;
    for (int i = 0; i < rounds && answers.size() < 3000; ++i) {
        const ssize_t size = send(client.get(), all.data() + sent, all.size() - sent, MSG_NOSIGNAL);
        sent += size > 0 ? static_cast<std::size_t>(size) : 0;
        settle(loop_);
        answers += heard(client);
    }
    EXPECT_EQ(answers.size(), 3000U);
}

TEST_F(Serving, ACallInPiecesIsOneCall) {
    const Fd client = connect();
    say(client, describe_call.substr(0, 10));
    settle(loop_);
    EXPECT_THAT(calls_, IsEmpty());
    say(client, describe_call.substr(10));
    settle(loop_);
    EXPECT_THAT(calls_, SizeIs(1));
}

TEST_F(Serving, WhoTalksNonsenseIsCutOffAlone) {
    const Fd good = connect();
    for (const std::string& bytes : {std::string("GET / HTTP/1.1\r\n\r\n\0", 19), std::string(1, '\0'), std::string("{}\0", 3)}) {
        const Fd bad = connect();
        say(bad, bytes);
        settle(loop_);
        EXPECT_EQ(heard(bad), "END") << bytes;
    }
    const Fd endless = connect();
    std::string rest(ControlServer::longest_message + 2, 'x');
    while (!rest.empty()) {
        const ssize_t size = send(endless.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (size < 0 && errno != EAGAIN)
            break;
        rest.erase(0, size > 0 ? static_cast<std::size_t>(size) : 0);
        settle(loop_);
    }
    settle(loop_);
    EXPECT_EQ(heard(endless), "END");
    say(good, describe_call);
    settle(loop_);
    EXPECT_THAT(calls_, SizeIs(1));
}

TEST_F(Serving, WhoSaysNoMoreStillHearsTheAnswer) {
    const Fd client = connect();
    say(client, describe_call);
    shutdown(client.get(), SHUT_WR);
    settle(loop_);
    ASSERT_THAT(calls_, SizeIs(1));
    server_->answer(calls_[0], "late");
    settle(loop_);
    EXPECT_EQ(heard(client), "lateEND");
}

TEST_F(Serving, AnAnswerForOneWhoHasGoneIsDropped) {
    {
        const Fd client = connect();
        say(client, describe_call);
        settle(loop_);
    }
    ASSERT_THAT(calls_, SizeIs(1));
    server_->answer(calls_[0], "nobody");
    settle(loop_);
    answering_ = true;
    const Fd next = connect();
    say(next, describe_call);
    settle(loop_);
    EXPECT_EQ(heard(next), reply_);
}

TEST_F(Serving, OnlyWantedEventsCome) {
    const Fd client = connect();
    say(client, subscribe_call);
    settle(loop_);
    server_->publish("B", "");
    server_->publish("A", "{}");
    EXPECT_EQ(heard(client), event_reply("READY", "") + event_reply("A", "{}"));
    server_->close_subscribers();
    EXPECT_EQ(heard(client), "END");
}

TEST_F(Serving, ASubscriberWhoDoesNotListenIsCutOff) {
    const Fd silent = connect();
    const Fd other = connect();
    say(silent, subscribe_call);
    settle(loop_);
    const std::string data = "\"" + std::string(10000, 'x') + "\"";
    for (int i = 0; i < 1000; ++i)  // more than any socket holds
        server_->publish("A", data);
    settle(loop_);
    say(other, describe_call);
    settle(loop_);
    EXPECT_THAT(calls_, SizeIs(1));
    EXPECT_TRUE(heard(silent).ends_with("END"));
}

TEST_F(Serving, OneTooManyIsClosed) {
    std::vector<Fd> clients;
    for (std::size_t i = 0; i < ControlServer::most_links; ++i) {
        clients.push_back(connect());
        settle(loop_);
    }
    const Fd late = connect();
    settle(loop_);
    EXPECT_EQ(heard(late), "END");
    clients.pop_back();
    settle(loop_);
    const Fd next = connect();
    settle(loop_);
    EXPECT_EQ(heard(next), "");
}

TEST_F(Serving, DescriptorsComeWithTheirCall) {
    const Fd client = connect();
    const int passed = STDERR_FILENO;
    ASSERT_GT(send_with_rights(client.get(), describe_call, {&passed, 1}), 0);
    settle(loop_);
    EXPECT_EQ(descriptors_, 1U);
    EXPECT_THAT(calls_, SizeIs(1));
}

}  // namespace
}  // namespace vmspawn::test
