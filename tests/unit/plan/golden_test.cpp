// Each example on each recorded host: its plan, or its problems, as stored in tests/golden. UPDATE_GOLDEN=1 rewrites them.
#include "base/render.hpp"
#include "config/decode.hpp"
#include "config/layers.hpp"
#include "config/merge.hpp"
#include "config/not_yet.hpp"
#include "language/schema.hpp"
#include "plan/planner.hpp"
#include "plan/print.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace vmspawn {
namespace {

namespace fs = std::filesystem;

const fs::path tests = fs::path(TEST_SOURCE_DIR) / "tests";
const fs::path examples = fs::path(TEST_SOURCE_DIR) / "examples";

std::string read_file(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

std::vector<fs::path> files_in(const fs::path& folder, const std::string& extension) {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == extension)
            files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

struct Outcome {
    Plan plan;
    Diagnostics found;

    [[nodiscard]] std::string text() const { return render(found, Colour::no) + (found.has_errors() ? "" : plan_text(plan)); }
};

/// `name` in the working directory, on the host recorded in `record`, for a user whose home is `home`.
Outcome plan_example(const std::string& name, const fs::path& record, const fs::path& home) {
    Outcome out;
    const fs::path here = fs::current_path();
    const Merged merged = merge(language(), read_layers(language(), name, "", FromDefault{}, out.found, home), Invocation{}, out.found);
    refuse_not_yet(merged, out.found);
    if (out.found.has_errors())
        return out;
    const Machine machine = decode(merged, {here, home}, out.found).machine;
    const Result<Host> host = host_from_json(read_file(record), here, home);
    if (!host)
        ADD_FAILURE() << record << ": " << to_string(host.failure());
    else if (!out.found.has_errors())
        out.plan = make_plan(machine, *host, out.found);
    return out;
}

/// The resources whose values an action uses. QEMU also needs the machine's name to be its own.
std::vector<ResourceId> used_by(const Plan& plan, const Resource& resource) {
    std::vector<ResourceId> used;
    if (resource.id == plan.qemu)
        used.emplace_back("runtime-dir");
    if (const auto* spawn = std::get_if<Spawn>(&resource.up))
        for (const Word& word : spawn->arguments)
            for (const auto& part : word.parts)
                if (const auto* late = std::get_if<Late>(&part))
                    used.push_back(late->resource);
    std::ranges::sort(used);
    used.erase(std::unique(used.begin(), used.end()), used.end());
    return used;
}

std::vector<std::string> secrets(const Plan& plan) {
    std::vector<std::string> values;
    for (const Resource& resource : plan.resources)
        if (const auto* memory = std::get_if<MakeMemory>(&resource.up))
            for (const Piece& piece : memory->pieces)
                if (const auto* secret = std::get_if<Secret>(&piece))
                    values.push_back(secret->bytes);
    return values;
}

void compare(const std::string& name, const std::string& text) {
    const fs::path stored = tests / "golden" / name;
    if (std::getenv("UPDATE_GOLDEN"))
        std::ofstream(stored, std::ios::binary) << text;
    EXPECT_EQ(text, read_file(stored)) << "UPDATE_GOLDEN=1 unit-plan --gtest_filter='Golden.*' rewrites " << stored;
}

class Golden : public testing::Test {
protected:
    void SetUp() override { fs::current_path(examples); }
};

TEST_F(Golden, EveryExampleOnEveryHost) {
    for (const fs::path& example : files_in(examples, ".vmspawn"))
        for (const fs::path& host : files_in(tests / "hosts", ".json")) {
            const Outcome first = plan_example(example.filename(), host, "/home/golden");
            EXPECT_EQ(first.text(), plan_example(example.filename(), host, "/home/golden").text());
            compare(example.stem().string() + "." + host.stem().string() + ".plan", first.text());
        }
}

TEST_F(Golden, EdgesExistOnlyWhereAValueIsUsed) {
    for (const fs::path& example : files_in(examples, ".vmspawn"))
        for (const fs::path& host : files_in(tests / "hosts", ".json")) {
            const Plan plan = plan_example(example.filename(), host, "/home/golden").plan;
            EXPECT_EQ(check_order(plan.resources), "") << example << host;
            for (const Resource& resource : plan.resources) {
                std::vector<ResourceId> needs = resource.needs;
                std::ranges::sort(needs);
                EXPECT_EQ(needs, used_by(plan, resource)) << example << host << resource.id;
            }
        }
}

TEST_F(Golden, OtherFormatsOfHello) {
    const Plan plan = plan_example("hello.vmspawn", tests / "hosts" / "no-kvm.json", "/home/golden").plan;
    compare("hello.no-kvm.json", plan_json(plan));
    compare("hello.no-kvm.dot", plan_dot(plan));
    compare("hello.no-kvm.script", *plan_script(plan));
}

TEST_F(Golden, NoFileIsLeftOver) {
    for (const fs::directory_entry& entry : fs::directory_iterator(tests / "golden")) {
        const std::string name = entry.path().filename();
        EXPECT_TRUE(fs::exists(examples / (name.substr(0, name.find('.')) + ".vmspawn"))) << name << " belongs to no example";
    }
}

TEST_F(Golden, PlansDoNotDependOnWhereTheDefinitionLies) {
    std::string name = (fs::temp_directory_path() / "vmspawn-golden-XXXXXX").string();
    const fs::path elsewhere = mkdtemp(name.data());
    for (const fs::path& example : files_in(examples, ".vmspawn"))
        fs::copy(example, elsewhere);
    for (const fs::path& example : files_in(examples, ".vmspawn")) {
        fs::current_path(examples);
        const std::string here = plan_example(example.filename(), tests / "hosts" / "kvm-root.json", "/home/golden").text();
        fs::current_path(elsewhere);
        EXPECT_EQ(here, plan_example(example.filename(), tests / "hosts" / "kvm-root.json", "/root").text()) << example;
    }
    fs::current_path(examples);
    fs::remove_all(elsewhere);
}

TEST_F(Golden, CredentialsOfExamplesAreNowhere) {
    for (const fs::path& example : files_in(examples, ".vmspawn")) {
        const Plan plan = plan_example(example.filename(), tests / "hosts" / "kvm-root.json", "/home/golden").plan;
        const std::string all = plan_text(plan) + plan_json(plan) + plan_dot(plan) + *plan_script(plan);
        for (const std::string& value : secrets(plan))
            EXPECT_THAT(all, testing::Not(testing::HasSubstr(value))) << example;
    }
}

}  // namespace
}  // namespace vmspawn
