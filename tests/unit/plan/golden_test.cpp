// Each example on each recorded host: its plan, or its problems, as stored in tests/golden. UPDATE_GOLDEN=1 rewrites them.
#include "plan/print.hpp"
#include "unit/plan/examples.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace vmspawn {
namespace {

using namespace test;

std::vector<Piece> pieces_of(const Action& action) {
    if (const auto* memory = std::get_if<MakeMemory>(&action))
        return memory->pieces;
    if (const auto* file = std::get_if<WriteFile>(&action))
        return file->pieces;
    const auto* fill = std::get_if<FillPipe>(&action);
    return fill ? fill->pieces : std::vector<Piece>();
}

/// Where an action leaves or finds something.
void add_places(const Action& action, std::vector<ResourceId>& used) {
    if (const auto* fill = std::get_if<FillPipe>(&action))
        used.push_back(fill->pipe);
    const auto* listen = std::get_if<ListenVsock>(&action);
    if (std::holds_alternative<WriteFile>(action) || std::holds_alternative<LinkKey>(action) ||
        std::holds_alternative<ServeControl>(action) || (listen && !listen->socket.empty()))
        used.emplace_back("runtime-dir");
    const auto* spawn = std::get_if<Spawn>(&action);
    if (spawn && !spawn->directory.empty())
        used.push_back(spawn->directory);
    if (spawn && !spawn->activation.empty())
        used.push_back(spawn->activation);
    if (spawn && spawn->fills)
        used.push_back(spawn->fills->directory);
    if (spawn && !spawn->client.empty())
        used.push_back(spawn->client);
    const auto* kept = std::get_if<KeepDirectory>(&action);
    if (kept && kept->path.empty())
        used.emplace_back("runtime-dir");
}

/// The program that makes what a directory holds first, which those who have the directory wait for.
void add_makers(const Plan& plan, const Resource& user, std::vector<ResourceId>& used) {
    for (const Resource& other : plan.resources) {
        const auto* spawn = std::get_if<Spawn>(&other.up);
        if (other.id != user.id && spawn && spawn->fills && std::ranges::find(used, spawn->fills->directory) != used.end())
            used.push_back(other.id);
    }
}

/// systemd and the host's network are told a name that is the machine's alone; machined also looks where the leader is, which the scope
/// decides.
void add_services(const Plan& plan, const Action& action, std::vector<ResourceId>& used) {
    const auto* entry = std::get_if<RegisterMachine>(&action);
    if (entry || std::holds_alternative<MakeScope>(action) || std::holds_alternative<MakeTap>(action) ||
        std::holds_alternative<AskForTap>(action))
        used.emplace_back("runtime-dir");
    if (entry)
        used.emplace_back("control");
    const auto* sleep = std::get_if<MindSleep>(&action);
    if (sleep && std::holds_alternative<Late>(sleep->machine.parts.front()))
        used.emplace_back("runtime-dir");
    if (entry && plan.find("scope"))
        used.emplace_back("scope");
    if (entry && entry->cid)
        used.push_back(entry->cid->resource);
}

/// The resources whose values an action uses. QEMU also needs the machine's name to be its own; a socket is made, and a child's own
/// mounts are, where the runtime directory has been.
std::vector<ResourceId> used_by(const Plan& plan, const Resource& resource) {
    std::vector<ResourceId> used;
    const auto* spawned = std::get_if<Spawn>(&resource.up);
    const bool staged = spawned && spawned->space && !spawned->space->stage.empty();
    if (resource.id == plan.qemu || staged || std::holds_alternative<Listen>(resource.up))
        used.emplace_back("runtime-dir");
    if (const auto* spawn = std::get_if<Spawn>(&resource.up))
        for (const Word& word : spawn->arguments)
            for (const auto& part : word.parts)
                if (const auto* late = std::get_if<Late>(&part))
                    used.push_back(late->resource);
    for (const Piece& piece : pieces_of(resource.up)) {
        if (const auto* late = std::get_if<Late>(&piece))
            used.push_back(late->resource);
        if (const auto* file = std::get_if<RuntimeFile>(&piece))
            used.push_back(file->maker);
    }
    add_services(plan, resource.up, used);
    add_places(resource.up, used);
    add_makers(plan, resource, used);
    std::ranges::sort(used);
    used.erase(std::unique(used.begin(), used.end()), used.end());
    return used;
}

/// A helper that makes the socket of one of QEMU's.
bool makes_socket_for_qemu(const Resource& resource) {
    const auto* spawn = std::get_if<Spawn>(&resource.up);
    return spawn && !spawn->client.empty();
}

/// QEMU goes on when its sockets are connected: it starts no earlier, or waits in a pipe that is filled then.
bool can_wait_for_helpers(const Plan& plan, const Resource& resource) {
    return resource.id == plan.qemu || std::holds_alternative<FillPipe>(resource.up);
}

std::vector<std::string> secrets(const Plan& plan) {
    std::vector<std::string> values;
    for (const Resource& resource : plan.resources)
        for (const Piece& piece : pieces_of(resource.up))
            if (const auto* secret = std::get_if<Secret>(&piece))
                values.push_back(secret->bytes);
    return values;
}

void compare(const std::string& name, const std::string& text) {
    const fs::path stored = tests_folder() / "golden" / name;
    if (std::getenv("UPDATE_GOLDEN"))
        std::ofstream(stored, std::ios::binary) << text;
    EXPECT_EQ(text, read_file(stored)) << "UPDATE_GOLDEN=1 unit-plan --gtest_filter='Golden.*' rewrites " << stored;
}

class Golden : public testing::Test {
protected:
    void SetUp() override { fs::current_path(examples_folder()); }
};

TEST_F(Golden, EveryExampleOnEveryHost) {
    for (const fs::path& example : files_in(examples_folder(), ".vmspawn"))
        for (const fs::path& host : files_in(tests_folder() / "hosts", ".json")) {
            const Outcome first = plan_example(example.filename(), host, "/home/golden");
            EXPECT_EQ(first.text(), plan_example(example.filename(), host, "/home/golden").text());
            compare(example.stem().string() + "." + host.stem().string() + ".plan", first.text());
        }
}

TEST_F(Golden, EdgesExistOnlyWhereAValueIsUsed) {
    for (const fs::path& example : files_in(examples_folder(), ".vmspawn"))
        for (const fs::path& host : files_in(tests_folder() / "hosts", ".json")) {
            const Plan plan = plan_example(example.filename(), host, "/home/golden").plan;
            EXPECT_EQ(check_order(plan.resources), "") << example << host;
            for (const Resource& resource : plan.resources) {
                std::vector<ResourceId> needs = resource.needs;
                if (can_wait_for_helpers(plan, resource))
                    std::erase_if(needs, [&](const ResourceId& need) { return makes_socket_for_qemu(*plan.find(need)); });
                std::ranges::sort(needs);
                EXPECT_EQ(needs, used_by(plan, resource)) << example << host << resource.id;
            }
        }
}

TEST_F(Golden, OneWaitsForEachHelperThatMakesASocketForQemu) {
    for (const fs::path& example : files_in(examples_folder(), ".vmspawn"))
        for (const fs::path& host : files_in(tests_folder() / "hosts", ".json")) {
            const Plan plan = plan_example(example.filename(), host, "/home/golden").plan;
            for (const Resource& helper : plan.resources) {
                const auto waits = [&](const Resource& other) {
                    return can_wait_for_helpers(plan, other) && std::ranges::find(other.needs, helper.id) != other.needs.end();
                };
                if (makes_socket_for_qemu(helper))
                    EXPECT_EQ(std::ranges::count_if(plan.resources, waits), 1) << example << host << helper.id;
            }
        }
}

TEST_F(Golden, OtherFormatsOfHello) {
    const Plan plan = plan_example("hello.vmspawn", tests_folder() / "hosts" / "no-kvm.json", "/home/golden").plan;
    compare("hello.no-kvm.json", plan_json(plan));
    compare("hello.no-kvm.tree", plan_tree(plan));
    compare("hello.no-kvm.dot", plan_dot(plan));
    compare("hello.no-kvm.script", *plan_script(plan));
}

TEST_F(Golden, ACommandInTheGuest) {
    const std::string command = "cd /work && make test";
    const Errand errand{
        .command = command, .command_at = FromArgument{3, "--exec=" + command, 7, 7 + command.size()}, .time_limit_us = 600'000'000};
    compare("ci.exec.plan", plan_example("ci.vmspawn", tests_folder() / "hosts" / "kvm-user.json", "/home/golden", errand).text());
}

TEST_F(Golden, NoFileIsLeftOver) {
    for (const fs::directory_entry& entry : fs::directory_iterator(tests_folder() / "golden")) {
        if (entry.is_directory())
            continue;  // of another test
        const std::string name = entry.path().filename();
        EXPECT_TRUE(fs::exists(examples_folder() / (name.substr(0, name.find('.')) + ".vmspawn"))) << name << " belongs to no example";
    }
}

TEST_F(Golden, PlansDoNotDependOnWhereTheDefinitionLies) {
    std::string name = (fs::temp_directory_path() / "vmspawn-golden-XXXXXX").string();
    const fs::path elsewhere = mkdtemp(name.data());
    for (const fs::path& example : files_in(examples_folder(), ".vmspawn"))
        fs::copy(example, elsewhere);
    for (const fs::path& example : files_in(examples_folder(), ".vmspawn")) {
        fs::current_path(examples_folder());
        const std::string here = plan_example(example.filename(), tests_folder() / "hosts" / "kvm-root.json", "/home/golden").text();
        fs::current_path(elsewhere);
        EXPECT_EQ(here, plan_example(example.filename(), tests_folder() / "hosts" / "kvm-root.json", "/root").text()) << example;
    }
    fs::current_path(examples_folder());
    fs::remove_all(elsewhere);
}

TEST_F(Golden, CredentialsOfExamplesAreNowhere) {
    for (const fs::path& example : files_in(examples_folder(), ".vmspawn")) {
        const Plan plan = plan_example(example.filename(), tests_folder() / "hosts" / "kvm-root.json", "/home/golden").plan;
        const auto script = plan_script(plan);  // some plans have none
        const std::string all = plan_text(plan) + plan_json(plan) + plan_dot(plan) + (script ? *script : "");
        for (const std::string& value : secrets(plan))
            EXPECT_THAT(all, testing::Not(testing::HasSubstr(value))) << example;
    }
}

}  // namespace
}  // namespace vmspawn
