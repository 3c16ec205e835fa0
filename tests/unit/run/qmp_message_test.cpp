#include "run/qmp_message.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

bool is_malformed(std::string_view line) {
    return std::holds_alternative<QmpMalformed>(parse_qmp(line));
}

TEST(QmpMessage, Greeting) {
    EXPECT_TRUE(std::holds_alternative<QmpGreeting>(parse_qmp(R"({"QMP": {"version": {}, "capabilities": ["oob"]}})")));
}

TEST(QmpMessage, EventsWithTheirReason) {
    EXPECT_EQ(
        std::get<QmpEvent>(parse_qmp(R"({"timestamp": {"seconds": 1}, "event": "SHUTDOWN",
                                              "data": {"guest": true, "reason": "guest-shutdown"}})")),
        (QmpEvent{.name = "SHUTDOWN", .reason = "guest-shutdown", .guest = true, .data = R"({"guest":true,"reason":"guest-shutdown"})"}));
    EXPECT_EQ(std::get<QmpEvent>(parse_qmp(R"({"event": "GUEST_PANICKED", "data": {"action": "poweroff"}})")),
              (QmpEvent{.name = "GUEST_PANICKED", .reason = "poweroff", .guest = false, .data = R"({"action":"poweroff"})"}));
    EXPECT_EQ(std::get<QmpEvent>(parse_qmp(R"({"event": "STOP"})")), (QmpEvent{.name = "STOP", .reason = "", .guest = false}));
}

TEST(QmpMessage, EventsWithUnexpectedDataKeepTheirName) {
    EXPECT_EQ(std::get<QmpEvent>(parse_qmp(R"({"event": "STOP", "data": 3})")).name, "STOP");
    EXPECT_EQ(std::get<QmpEvent>(parse_qmp(R"({"event": "SHUTDOWN", "data": {"guest": 1, "reason": []}})")),
              (QmpEvent{.name = "SHUTDOWN", .reason = "", .guest = false, .data = R"({"guest":1,"reason":[]})"}));
}

TEST(QmpMessage, Replies) {
    const auto status = std::get<QmpReply>(parse_qmp(R"({"return": {"status": "running", "running": true}, "id": 7})"));
    EXPECT_EQ(status.id, 7);
    EXPECT_EQ(status.status, "running");
    EXPECT_EQ(status.error, "");
    EXPECT_EQ(std::get<QmpReply>(parse_qmp(R"({"return": {}, "id": 1})")).status, "");
    const auto error = std::get<QmpReply>(parse_qmp(R"({"id": 2, "error": {"class": "GenericError", "desc": "no"}})"));
    EXPECT_EQ(error.id, 2);
    EXPECT_EQ(error.error, "no");
    EXPECT_NE(std::get<QmpReply>(parse_qmp(R"({"error": 1})")).error, "");
}

TEST(QmpMessage, IdsThatWeNeverGaveAreZero) {
    for (const char* id : {"\"1\"", "1.5", "-3", "99999999999999999999", "null"})
        EXPECT_EQ(std::get<QmpReply>(parse_qmp(std::string(R"({"return": {}, "id": )") + id + "}")).id, 0) << id;
}

TEST(QmpMessage, AnythingElseIsMalformed) {
    for (const char* line : {"", "x", "[]", "{", "3", "{}", R"({"event": 3})", R"({"event": ""})", "\xff\xfe", R"({"QMP": {})"})
        EXPECT_TRUE(is_malformed(line)) << line;
    EXPECT_TRUE(is_malformed(std::string_view("\0\0", 2)));
}

TEST(QmpMessage, DeepNestingIsRefusedBeforeParsing) {
    EXPECT_TRUE(is_malformed(R"({"return": )" + std::string(1'000'000, '[')));
    EXPECT_TRUE(is_malformed(R"({"return": )" + std::string(100, '[') + std::string(100, ']') + "}"));
    EXPECT_FALSE(is_malformed(R"({"return": )" + std::string(50, '[') + std::string(50, ']') + "}"));
    EXPECT_FALSE(is_malformed(R"({"return": ")" + std::string(500, '[') + R"(\"[[["})")) << "brackets in a string are no nesting";
}

TEST(QmpMessage, ProblemsQuoteOnlyTheBeginning) {
    const auto wrong = std::get<QmpMalformed>(parse_qmp(std::string(5000, '?') + "\033"));
    EXPECT_LT(wrong.problem.size(), 300U);
}

TEST(QmpMessage, Commands) {
    EXPECT_EQ(qmp_command("query-status", 3), "{\"execute\":\"query-status\",\"id\":3}\n");
    EXPECT_EQ(qmp_command("set-action", 4, R"({"shutdown":"pause"})"),
              "{\"execute\":\"set-action\",\"id\":4,\"arguments\":{\"shutdown\":\"pause\"}}\n");
}

}  // namespace
}  // namespace vmspawn
