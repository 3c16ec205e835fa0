// No key of the language is forgotten by an export: what a definition says changes what the other engine reads, or is on the list of
// losses.
#include "language/schema.hpp"
#include "unit/export/exported.hpp"

#include <gmock/gmock.h>

#include <map>

namespace vmspawn {
namespace {

/// Values as TOML has them, by what the schema calls the format of a text.
const std::map<std::string, std::vector<std::string>> samples_of_format = {
    {"size", {R"("3G")"}},
    {"span", {R"("90s")"}},
    {"text", {R"("some words")"}},
    {"path", {R"("/some/file")"}},
    {"guest-path", {R"("/some/where")"}},
    {"want", {"true", "false", R"("auto")"}},
    {"state", {R"("auto")", R"("off")", R"("/some/state")"}},
    {"firmware", {R"("uefi")", R"("bios")", R"("none")", R"("/some/firmware.json")"}},
    {"shell", {"true", R"("/bin/sh")"}},
    {"machine-name", {R"("another")"}},
    {"id128", {R"("4f1e2f3a6d0b4b0e9d1c7a5a3c2b1d0e")"}},
    {"cid", {"77"}},
    {"mac", {R"("52:54:00:12:34:56")"}},
    {"forward", {R"("8080:80")"}},
    {"id-shift", {R"("1000:10")"}},
    {"firmware-feature", {R"("enrolled-keys")", R"("other")"}},
    {"slice", {R"("other.slice")"}},
    {"smbios", {R"("a=b")"}},
    {"user-name", {R"("ann")"}},
    {"key-type", {R"("rsa")"}},
    {"sgr", {R"("44")"}},
    {"unit-property", {R"("MemoryMax=1G")"}},
};

std::vector<std::string> samples_of(const Setting& setting) {
    std::vector<std::string> samples;
    if (setting.accepts.table)
        samples = {R"("a secret")", R"({ file = "/some/file" })"};
    else if (const auto found = samples_of_format.find(setting.format); found != samples_of_format.end())
        samples = found->second;
    else if (!setting.words.empty())
        for (const std::string& word : setting.words)
            samples.push_back('"' + word + '"');
    else if (setting.accepts.boolean)
        samples = {"true", "false"};
    else if (setting.accepts.integer)
        samples = {std::to_string(setting.minimum.value_or(0) + 1)};
    else if (setting.format.empty())
        samples = {R"("word")"};
    for (std::string& sample : samples)
        if (setting.accepts.list)
            sample = "[" + sample + "]";
    return samples;
}

using Lines = std::map<std::string, std::string>;

/// Machines that have all there is to set something of.
const std::vector<Lines> machines = {
    {{"name", R"("dev")"},
     {"image.path", R"("disk.raw")"},
     {"boot.linux", R"("vmlinuz")"},
     {"ram-max", R"("8G")"},
     {"network.x.kind", R"("user")"},
     {"mount.x.source", R"("/x")"},
     {"drive.x.path", R"("/x.raw")"},
     {"users.bind", R"(["bob"])"}},
    {{"name", R"("dev")"}, {"image.directory", R"("tree")"}, {"boot.linux", R"("vmlinuz")"}},
    {{"name", R"("dev")"}, {"image.path", R"("disk.raw")"}, {"boot.firmware", R"("uefi")"}, {"console.mode", R"("gui")"}},
};

std::string definition(const Lines& lines) {
    std::string text;
    for (const auto& [key, value] : lines)
        text += key + " = " + value + "\n";
    return text;
}

/// mount.*.source: of the entry x, which the first machine has.
std::string concrete(const Setting& setting) {
    KeyPath key = setting.key;
    std::ranges::replace(key, "*", "x");
    return to_string(key);
}

bool is_listed(const std::vector<std::string>& lost, const std::string& key) {
    return std::ranges::any_of(lost, [&](const std::string& row) {
        return row == key || row.starts_with(key + "[") || (key.starts_with(row) && key[row.size()] == '.');
    });
}

/// What reads the definition itself leaves nothing out.
bool reads_definition(const Export& out) {
    return out.text.find("ExecStart=/usr/bin/vmspawn run ") != std::string::npos &&
           out.text.find(" /srv/vm/dev.vmspawn\n") != std::string::npos;
}

/// Does some value of the key tell, on some machine?
bool tells(const std::string& target, const Setting& setting) {
    const std::string key = concrete(setting);
    for (const Lines& machine : machines)
        for (const std::string& sample : samples_of(setting)) {
            Lines lines = machine;
            lines[key] = sample;
            const Export with = exported(target, definition(lines)), without = exported(target, definition(machine));
            if (is_listed(lost_keys(with), key) || with.text != without.text || reads_definition(with))
                return true;
        }
    return false;
}

class EveryKey : public testing::TestWithParam<std::string> {};

TEST_P(EveryKey, IsTranslatedOrLost) {
    for (const Setting& setting : language().settings()) {
        if (setting.key == KeyPath{"include"})  // it has done its work when there is a machine
            continue;
        EXPECT_FALSE(samples_of(setting).empty()) << "no value to try for " << to_string(setting.key) << " of format " << setting.format;
        EXPECT_TRUE(tells(GetParam(), setting)) << to_string(setting.key) << " is neither translated for " << GetParam() << " nor lost";
    }
}

/// The list of losses has a reason of its own for each key, and never two rows for one.
TEST_P(EveryKey, IsLostOnceAndForAReason) {
    const Export all = exported(GetParam(), std::string(full_definition));
    std::vector<std::string> keys = lost_keys(all);
    for (const Loss& loss : all.losses) {
        EXPECT_GT(loss.reason.size(), 10U) << loss.key;
        EXPECT_EQ(loss.reason.find("knows of"), std::string::npos) << loss.key << " was forgotten by the export to " << GetParam();
        EXPECT_TRUE(std::holds_alternative<FromFile>(loss.at)) << loss.key;
    }
    std::ranges::sort(keys);
    EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end());
}

TEST_P(EveryKey, IsNoLossWhenNobodySaidIt) {
    EXPECT_THAT(lost_keys(exported(GetParam(), "name = \"dev\"\nimage.path = \"/disk.raw\"\n")), testing::IsSubsetOf({"image.path"}));
}

TEST_P(EveryKey, OfACredentialShowsNoValue) {
    const Export out = exported(GetParam(), R"(
smbios = ["io.systemd.credential:a=hidden-1", "io.systemd.credential.binary:b=hidden-2"]
[credentials]
c = "hidden-3"
d = { base64 = "aGlkZGVuLTQ=" }
)",
                                {"--set-credential=e:hidden-5"});
    std::string all = out.text + export_json(GetParam(), out);
    for (const bool strict : {false, true})
        for (const Diagnostic& problem : losses_as_problems(GetParam(), out, strict)) {
            all += problem.summary + problem.hint + to_string(problem.at);
            if (const auto* file = std::get_if<FromFile>(&problem.at))
                all += file->source->text;
        }
    for (const char* value : {"hidden", "aGlkZGVu"})
        EXPECT_THAT(all, testing::Not(testing::HasSubstr(value)));
}

INSTANTIATE_TEST_SUITE_P(Targets, EveryKey, testing::ValuesIn(targets()), [](const auto& each) {
    std::string name = each.param;
    std::erase(name, '-');
    return name;
});

}  // namespace
}  // namespace vmspawn
