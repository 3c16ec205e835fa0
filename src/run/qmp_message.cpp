#include "run/qmp_message.hpp"

#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <limits>

namespace vmspawn {

namespace {

using nlohmann::json;

constexpr int deepest_answer = 64;

// Before parsing, since the depth decides how much stack a document costs.
bool too_deep(std::string_view line) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (in_string && c == '\\')
            ++i;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '['))
            ++depth;
        else if (!in_string && (c == '}' || c == ']'))
            --depth;
        if (depth > deepest_answer)
            return true;
    }
    return false;
}

QmpMalformed malformed(std::string_view line) {
    constexpr std::size_t shown = 200;
    return {fmt::format("this is not QMP: {}{}", printable(line.substr(0, shown)), line.size() > shown ? " …" : "")};
}

/// A string member, or nothing.
std::string member_text(const json& object, const char* member) {
    const auto found = object.is_object() ? object.find(member) : object.end();
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool member_truth(const json& object, const char* member) {
    const auto found = object.is_object() ? object.find(member) : object.end();
    return found != object.end() && found->is_boolean() && found->get<bool>();
}

QmpEvent read_event(const json& message) {
    QmpEvent event{.name = member_text(message, "event"), .reason = "", .guest = false};
    const auto data = message.find("data");
    if (data == message.end() || !data->is_object())
        return event;
    event.reason = member_text(*data, "reason");
    if (event.reason.empty())
        event.reason = member_text(*data, "action");
    event.guest = member_truth(*data, "guest");
    event.data = data->dump(-1, ' ', false, json::error_handler_t::replace);
    return event;
}

int read_id(const json& message) {
    const auto id = message.find("id");
    if (id == message.end() || !id->is_number_integer())
        return 0;
    const auto number = id->get<std::int64_t>();
    return number > 0 && number <= std::numeric_limits<int>::max() ? static_cast<int>(number) : 0;
}

QmpReply read_error(const json& message) {
    const json& error = message["error"];
    QmpReply reply{.id = read_id(message), .error = member_text(error, "desc"), .status = ""};
    if (reply.error.empty())
        reply.error = "an error without a description";
    return reply;
}

}  // namespace

QmpMessage parse_qmp(std::string_view line) {
    if (too_deep(line))
        return malformed(line);
    const json message = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!message.is_object())
        return malformed(line);
    if (message.contains("QMP"))
        return QmpGreeting{};
    if (!member_text(message, "event").empty())
        return read_event(message);
    if (message.contains("error"))
        return read_error(message);
    if (const auto returned = message.find("return"); returned != message.end())
        return QmpReply{
            .id = read_id(message), .error = "", .status = member_text(*returned, "status"), .running = member_truth(*returned, "running")};
    return malformed(line);
}

std::string qmp_command(std::string_view name, int id, std::string_view arguments) {
    const std::string more = arguments.empty() ? "" : fmt::format(",\"arguments\":{}", arguments);
    return fmt::format("{{\"execute\":\"{}\",\"id\":{}{}}}\n", name, id, more);
}

}  // namespace vmspawn
