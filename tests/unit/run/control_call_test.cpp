// Messages of the control socket: what is understood, what is refused and how.
#include "run/control_call.hpp"

#include "run/varlink_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <unistd.h>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view nul("\0", 1);

ControlRequest request_of(const std::string& method, const std::string& parameters = "{}", const std::string& more = "") {
    const auto call = parse_control_call("{\"method\":\"" + method + "\",\"parameters\":" + parameters + more + "}");
    return call ? call->request : VarlinkError{"no call", ""};
}
ControlRequest of_machine(const std::string& method, const std::string& parameters = "{}", const std::string& more = "") {
    return request_of("io.systemd.MachineInstance." + method, parameters, more);
}
/// Name and parameters of a refusal.
std::string refused(const ControlRequest& request) {
    const auto* error = std::get_if<VarlinkError>(&request);
    return error != nullptr ? error->name + " " + error->parameters : "taken";
}

TEST(ControlCall, VerbsOfTheMachine) {
    EXPECT_EQ(std::get<AskMachine>(of_machine("Terminate")).verb, MachineVerb::terminate);
    EXPECT_EQ(std::get<AskMachine>(of_machine("PowerOff")).verb, MachineVerb::power_off);
    EXPECT_EQ(std::get<AskMachine>(of_machine("Reboot")).verb, MachineVerb::reboot);
    EXPECT_EQ(std::get<AskMachine>(of_machine("Pause")).verb, MachineVerb::pause);
    EXPECT_EQ(std::get<AskMachine>(of_machine("Resume", "null")).verb, MachineVerb::resume);
    EXPECT_EQ(std::get<AskMachine>(of_machine("Describe")).verb, MachineVerb::describe);
}

TEST(ControlCall, EventsNeedMore) {
    EXPECT_THAT(std::get<SubscribeEvents>(of_machine("SubscribeEvents", R"({"filter":["STOP","RESUME"]})", R"(,"more":true)")).filter,
                ElementsAre("STOP", "RESUME"));
    EXPECT_TRUE(std::get<SubscribeEvents>(of_machine("SubscribeEvents", R"({"filter":null})", R"(,"more":true)")).filter.empty());
    EXPECT_EQ(refused(of_machine("SubscribeEvents")), "org.varlink.service.ExpectedMore {}");
    EXPECT_EQ(refused(of_machine("SubscribeEvents", R"({"filter":[1]})", R"(,"more":true)")),
              R"(org.varlink.service.InvalidParameter {"parameter":"filter"})");
}

TEST(ControlCall, TheConsoleNeedsAnUpgrade) {
    const std::string method = "io.vmspawn.Console.Attach";
    EXPECT_TRUE(std::holds_alternative<AttachConsole>(request_of(method, "{}", R"(,"upgrade":true)")));
    EXPECT_EQ(refused(request_of(method)), "io.vmspawn.Console.ExpectedUpgrade {}");
    EXPECT_EQ(refused(request_of(method, "{}", R"(,"upgrade":"yes")")), "io.vmspawn.Console.ExpectedUpgrade {}");
    EXPECT_EQ(refused(request_of(method, R"({"a":1})", R"(,"upgrade":true)")), R"(org.varlink.service.InvalidParameter {"parameter":"a"})");
    EXPECT_EQ(refused(request_of("io.vmspawn.Console.Detach")),
              R"(org.varlink.service.MethodNotFound {"method":"io.vmspawn.Console.Detach"})");
}

TEST(ControlCall, Storage) {
    const auto added = std::get<AddStorage>(of_machine("AddStorage", R"({"fileDescriptorIndex":1,"name":"fs:v","config":"nvme"})"));
    EXPECT_EQ(added.name + " " + added.config, "fs:v nvme");
    EXPECT_EQ(added.descriptor, 1U);
    EXPECT_EQ(std::get<AddStorage>(of_machine("AddStorage", R"({"fileDescriptorIndex":0,"name":"v"})")).config, "");
    EXPECT_EQ(std::get<ReplaceStorage>(of_machine("ReplaceStorage", R"({"fileDescriptorIndex":0,"name":"v"})")).name, "v");
    EXPECT_EQ(std::get<RemoveStorage>(of_machine("RemoveStorage", R"({"name":"v"})")).name, "v");
}

TEST(ControlCall, TheFirstWrongParameterIsNamed) {
    const auto wrong = [](const std::string& parameters) { return refused(of_machine("AddStorage", parameters)); };
    const auto names = [](const std::string& name) { return "org.varlink.service.InvalidParameter {\"parameter\":\"" + name + "\"}"; };
    EXPECT_EQ(wrong("{}"), names("fileDescriptorIndex"));
    EXPECT_EQ(wrong(R"({"fileDescriptorIndex":-1,"name":"v"})"), names("fileDescriptorIndex"));
    EXPECT_EQ(wrong(R"({"fileDescriptorIndex":0})"), names("name"));
    EXPECT_EQ(wrong(R"({"fileDescriptorIndex":0,"name":""})"), names("name"));
    EXPECT_EQ(wrong(R"({"fileDescriptorIndex":0,"name":"a\nb"})"), names("name"));
    EXPECT_EQ(wrong(R"({"fileDescriptorIndex":0,"name":")" + std::string(256, 'a') + "\"}"), names("name"));
    EXPECT_EQ(wrong(R"({"fileDescriptorIndex":0,"name":"v","config":7})"), names("config"));
    EXPECT_EQ(wrong(R"({"fileDescriptorIndex":0,"name":"v","more":true})"), names("more"));
    EXPECT_EQ(wrong("[]"), names("parameters"));
    EXPECT_EQ(refused(of_machine("Pause", R"({"hard":true})")), names("hard"));
}

TEST(ControlCall, WhatIsNotThereIsNamed) {
    EXPECT_EQ(refused(of_machine("Explode")), R"(org.varlink.service.MethodNotFound {"method":"io.systemd.MachineInstance.Explode"})");
    EXPECT_EQ(refused(request_of("io.systemd.VirtualMachineInstance.Any")),
              R"(org.varlink.service.MethodNotFound {"method":"io.systemd.VirtualMachineInstance.Any"})");
    EXPECT_EQ(refused(request_of("org.example.Any")), R"(org.varlink.service.InterfaceNotFound {"interface":"org.example"})");
}

TEST(ControlCall, OtherBytesAreNoCall) {
    for (const char* bytes : {"", "7", "[]", "{", "{}", R"({"method":7})", R"({"method":"a.B","more":1})", "\xff\xfe",
                              R"({"method":"a.B","more":true,"oneway":true})"})
        EXPECT_FALSE(parse_control_call(bytes)) << bytes;
    EXPECT_FALSE(parse_control_call(std::string(50000, '[')));
    EXPECT_TRUE(parse_control_call(R"({"method":"io.systemd.MachineInstance.Pause","oneway":true})")->oneway);
}

TEST(ControlCall, RepliesAreOneMessageEach) {
    EXPECT_EQ(varlink_reply("{}"), std::string(R"({"parameters":{}})").append(nul));
    EXPECT_EQ(varlink_reply(instance_error("NoSuchStorage")),
              std::string(R"({"error":"io.systemd.MachineInstance.NoSuchStorage","parameters":{}})").append(nul));
    EXPECT_EQ(errno_error(EBUSY).parameters, R"({"errno":16,"errnoName":"EBUSY","origin":"linux"})");
    EXPECT_EQ(event_reply("STOP", ""), std::string(R"({"parameters":{"event":"STOP"},"continues":true})").append(nul));
    EXPECT_EQ(event_reply("RESET", R"({"guest":true})"),
              std::string(R"({"parameters":{"event":"RESET","data":{"guest":true}},"continues":true})").append(nul));
    EXPECT_EQ(status_reply(false, "paused"), std::string(R"({"parameters":{"running":false,"status":"paused"}})").append(nul));
    EXPECT_EQ(status_reply(true, ""), std::string(R"({"parameters":{"running":true,"status":"unknown"}})").append(nul));
}

TEST(ControlCall, EveryInterfaceIsDescribed) {
    for (const char* name :
         {"io.systemd", "io.systemd.MachineInstance", "io.systemd.VirtualMachineInstance", "io.vmspawn.Console", "org.varlink.service"}) {
        EXPECT_THAT(info_reply(), HasSubstr('"' + std::string(name) + '"'));
        EXPECT_THAT(description_reply(name), HasSubstr("interface " + std::string(name) + "\\n"));
    }
    EXPECT_THAT(description_reply("org.example"), HasSubstr("org.varlink.service.InterfaceNotFound"));
}

std::vector<Fd> one_descriptor() {
    std::vector<Fd> all;
    all.emplace_back(dup(STDERR_FILENO));
    return all;
}

TEST(VarlinkStream, PiecesBecomeMessages) {
    VarlinkStream stream(100);
    stream.feed("ab", {});
    EXPECT_FALSE(stream.take());
    stream.feed(std::string_view("c\0d\0e", 5), {});
    EXPECT_EQ(stream.take()->text, "abc");
    EXPECT_EQ(stream.take()->text, "d");
    EXPECT_FALSE(stream.take());
    EXPECT_TRUE(stream.empty());
}

TEST(VarlinkStream, DescriptorsGoWithTheirMessage) {
    VarlinkStream stream(100);
    stream.feed(std::string_view("a\0b\0", 4), one_descriptor());
    EXPECT_TRUE(stream.take()->descriptors.empty());
    EXPECT_EQ(stream.take()->descriptors.size(), 1U);
    stream.feed(std::string_view("c\0d", 3), one_descriptor());
    EXPECT_TRUE(stream.take()->descriptors.empty());
    stream.feed(std::string_view("e\0", 2), {});
    EXPECT_EQ(stream.take()->descriptors.size(), 1U);
    EXPECT_FALSE(stream.overlong());
}

TEST(VarlinkStream, TooMuchIsNoticed) {
    VarlinkStream stream(3);
    stream.feed("abcd", {});
    EXPECT_TRUE(stream.overlong());
    VarlinkStream descriptors(3);
    for (std::size_t i = 0; i <= VarlinkStream::most_descriptors; ++i) {
        EXPECT_FALSE(descriptors.overlong());
        descriptors.feed("", one_descriptor());
    }
    EXPECT_TRUE(descriptors.overlong());
}

}  // namespace
}  // namespace vmspawn
