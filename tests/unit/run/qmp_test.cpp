// The client over a socket pair; the test is QEMU.
#include "run/qmp.hpp"

#include "run/channels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Qmp : public testing::Test {
protected:
    Qmp() : client_(loop_, std::move(pair_.ours), handlers()) {}

    QmpClient::Handlers handlers() {
        return {.greeted = [this] { log_.emplace_back("greeted"); },
                .event = [this](const QmpEvent& event) { log_.push_back("event " + event.name + " " + event.reason); },
                .status = [this](const QmpStatus& status) { log_.push_back("status " + status.status); },
                .refused = [this](const std::string& command, const std::string& error) { log_.push_back(command + " refused: " + error); },
                .broken = [this](const std::string& problem) { log_.push_back("broken " + problem); },
                .lost = [] {}};
    }

    void say(std::string_view text) { ASSERT_EQ(write(pair_.theirs.get(), text.data(), text.size()), static_cast<ssize_t>(text.size())); }

    std::string heard() {
        std::string text(4096, '\0');
        const ssize_t size = recv(pair_.theirs.get(), text.data(), text.size(), MSG_DONTWAIT);
        text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        return text;
    }

    EventLoop loop_;
    SocketPair pair_ = *make_socket_pair();
    std::vector<std::string> log_;
    QmpClient client_;
};

TEST_F(Qmp, NegotiatesAheadOfTheGreeting) {
    EXPECT_EQ(heard(), "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
    say("{\"QMP\": {}}\r\n{\"return\": {}, \"id\": 1}\r\n");
    ASSERT_TRUE(loop_.turn());
    EXPECT_THAT(log_, ElementsAre("greeted"));
}

TEST_F(Qmp, AnswersFindTheirCommand) {
    client_.execute("query-status");
    client_.execute("system_powerdown");
    say("{\"return\": {}, \"id\": 1}\n{\"id\": 3, \"error\": {\"desc\": \"not now\"}}\n{\"return\": {\"status\": \"paused\"}, \"id\": "
        "2}\n");
    ASSERT_TRUE(loop_.turn());
    EXPECT_THAT(log_, ElementsAre("system_powerdown refused: not now", "status paused"));
}

TEST_F(Qmp, EventInPiecesIsOneEvent) {
    say("{\"event\": \"SHUT");
    ASSERT_TRUE(loop_.turn());
    EXPECT_THAT(log_, IsEmpty());
    say("DOWN\", \"data\": {\"guest\": true, \"reason\": \"guest-shutdown\"}}\n");
    ASSERT_TRUE(loop_.turn());
    EXPECT_THAT(log_, ElementsAre("event SHUTDOWN guest-shutdown"));
}

TEST_F(Qmp, MalformedLineIsTheLastOneRead) {
    say("nonsense\n{\"event\": \"STOP\"}\n");
    ASSERT_TRUE(loop_.turn());
    EXPECT_THAT(log_, ElementsAre(HasSubstr("broken this is not QMP: nonsense")));
    client_.execute("query-status");  // goes nowhere, harms nothing
    client_.drain();
    EXPECT_EQ(log_.size(), 1U);
}

TEST_F(Qmp, AnswerToNoQuestionIsAnError) {
    say("{\"return\": {}, \"id\": 99}\n{\"event\": \"STOP\"}\n");
    ASSERT_TRUE(loop_.turn());
    EXPECT_THAT(log_, ElementsAre("broken an answer to a question that was not asked: id 99"));
}

TEST_F(Qmp, EndlessLineIsAnErrorBeforeItFillsTheMemory) {
    const std::string piece(16384, 'x');
    for (std::size_t sent = 0; log_.empty() && sent < 2 * QmpClient::longest_line; sent += piece.size()) {
        say(piece);
        ASSERT_TRUE(loop_.turn());
    }
    EXPECT_THAT(log_, ElementsAre("broken a line is too long"));
}

TEST_F(Qmp, DrainReadsWhatADeadQemuLeft) {
    say("{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, \"reason\": \"guest-shutdown\"}}\n");
    pair_.theirs.reset();
    client_.drain();
    EXPECT_THAT(log_, ElementsAre("event SHUTDOWN guest-shutdown"));
    client_.drain();
    client_.execute("query-status");
    EXPECT_EQ(log_.size(), 1U);
}

}  // namespace
}  // namespace vmspawn
