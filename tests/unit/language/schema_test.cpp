// The schema's rows hold together.
#include "base/text.hpp"
#include "language/formats.hpp"
#include "language/rows.hpp"
#include "model/types.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace vmspawn {
namespace {

using Json = nlohmann::ordered_json;
using testing::ElementsAre;

const Setting& setting(const KeyPath& key) {
    const Setting* found = language().find(key);
    EXPECT_NE(found, nullptr) << to_string(key);
    static const Setting none;
    return found ? *found : none;
}

void collect_formats(const Json& node, std::set<std::string>& names) {
    if (node.is_object() && node.contains("format") && node["format"].is_string())
        names.insert(node["format"].get<std::string>());
    for (const Json& child : node)
        if (child.is_structured())
            collect_formats(child, names);
}

TEST(Schema, NamesEveryFormatAndNoOther) {
    std::set<std::string> named;
    collect_formats(Json::parse(schema_text()), named);
    const auto known = format_names();
    EXPECT_EQ(named, std::set<std::string>(known.begin(), known.end()));
}

TEST(Schema, EveryLeafSaysWhatItIsAndSinceWhen) {
    for (const Setting& row : language().settings()) {
        const std::string name = to_string(row.key);
        EXPECT_FALSE(row.description.empty()) << name;
        EXPECT_EQ(row.description.back(), '.') << name;
        EXPECT_THAT(row.since, testing::AnyOf("259", "260", "261", "new")) << name;
        EXPECT_FALSE(row.section.empty()) << name;
        EXPECT_FALSE(row.expect.empty() && row.words.empty()) << name << " does not say what it expects";
        EXPECT_TRUE(row.accepts.boolean || row.accepts.integer || row.accepts.text || row.accepts.list || row.accepts.table) << name;
    }
}

TEST(Schema, NoKeyTwice) {
    std::set<KeyPath> keys;
    for (const Setting& row : language().settings())
        EXPECT_TRUE(keys.insert(row.key).second) << to_string(row.key);
}

bool is_good_default(const Setting& row, const Json& value) {
    if (value.is_boolean())
        return row.accepts.boolean;
    if (value.is_number_integer())
        return row.accepts.integer && (!row.minimum || value.get<std::int64_t>() >= *row.minimum) &&
               (!row.maximum || value.get<std::int64_t>() <= *row.maximum);
    if (!value.is_string() || !row.accepts.text)
        return false;
    const auto text = value.get<std::string>();
    const bool is_word = row.words.empty() || std::find(row.words.begin(), row.words.end(), text) != row.words.end();
    return is_word && text.size() <= row.max_length && (row.format.empty() || has_format(row.format, text));
}

TEST(Schema, EveryDefaultIsGoodByItsOwnRow) {
    for (const Setting& row : language().settings())
        if (!row.default_json.empty()) {
            EXPECT_TRUE(is_good_default(row, Json::parse(row.default_json))) << to_string(row.key) << " = " << row.default_json;
        }
}

TEST(Schema, EverySuggestionIsGood) {
    for (const Setting& row : language().settings())
        for (const std::string& word : row.suggestions)
            EXPECT_TRUE(has_format(row.format, word)) << to_string(row.key) << " = " << word;
}

TEST(Schema, EveryTableNamesItsKeys) {
    for (const Section& section : language().sections()) {
        EXPECT_FALSE(section.description.empty()) << to_string(section.key);
        EXPECT_FALSE(section.names.empty()) << to_string(section.key);
        if (section.names != std::vector<std::string>{"*"})
            continue;
        EXPECT_THAT(section.name_format, testing::AnyOf("entry-name", "credential-id")) << to_string(section.key);
        EXPECT_FALSE(section.name_expect.empty());
    }
}

TEST(Schema, AProfileTakesEverythingButIncludeAndProfile) {
    const Section* top = language().find_section({});
    const Section* profile = language().find_section({"profile", "any"});
    ASSERT_NE(top, nullptr);
    ASSERT_NE(profile, nullptr);
    std::vector<std::string> expected = top->names;
    std::erase(expected, "include");
    std::erase(expected, "profile");
    EXPECT_EQ(profile->names, expected);
}

TEST(Schema, TheBytesAreTheFile) {
    EXPECT_TRUE(schema_text().starts_with("{\n"));
    EXPECT_TRUE(schema_text().ends_with("}\n"));
    EXPECT_EQ(schema_text().find('\0'), std::string_view::npos);
}

TEST(Schema, TheRowsInTheProgramAreThoseOfTheFile) {
    const std::string packed = pack_rows(rows_from_schema(schema_text()));
    EXPECT_EQ(packed, packed_rows());
    EXPECT_EQ(pack_rows(unpack_rows(packed)), packed);
    EXPECT_GT(language().settings().size(), 50U);
}

TEST(SchemaDeathTest, ABrokenTextEndsTheProgramWithAMessage) {
    EXPECT_DEATH(rows_from_schema("{"), "schema is broken");
    EXPECT_DEATH(rows_from_schema("{\"properties\":{}}"), "schema is broken");
}

TEST(Language, FindsConcreteKeys) {
    EXPECT_EQ(to_string(setting({"mount", "src", "source"}).key), "mount.*.source");
    EXPECT_EQ(to_string(setting({"credentials", "a.b"}).key), "credentials.*");
    EXPECT_EQ(language().find({"mount", "src"}), nullptr);
    EXPECT_EQ(language().find({"mount", "src", "sorce"}), nullptr);
    EXPECT_EQ(language().find({}), nullptr);
    ASSERT_NE(language().find_section({"mount", "src"}), nullptr);
    EXPECT_THAT(language().find_section({"mount", "src"})->names, ElementsAre("source", "target", "read-only", "cache"));
    EXPECT_EQ(language().find_section({"nonsense"}), nullptr);
    ASSERT_NE(language().find_verb("plan"), nullptr);
    EXPECT_THAT(language().find_verb("plan")->formats, ElementsAre("text", "tree", "json", "dot", "svg", "script"));
    EXPECT_EQ(language().find_verb("launch"), nullptr);
}

TEST(Language, ReadsWhatADefinitionSays) {
    const Setting& ram = setting({"ram"});
    EXPECT_TRUE(ram.accepts.integer && ram.accepts.text && !ram.accepts.boolean);
    EXPECT_EQ(ram.format, "size");
    EXPECT_EQ(ram.minimum, 16 << 20);
    EXPECT_EQ(ram.default_json, "\"2G\"");
    EXPECT_EQ(ram.expect, "bytes or a suffix of K M G T P E");
    const Setting& kvm = setting({"kvm"});
    EXPECT_TRUE(kvm.accepts.boolean && kvm.accepts.text);
    EXPECT_THAT(kvm.words, ElementsAre("auto"));
    const Setting& initrd = setting({"boot", "initrd"});
    EXPECT_TRUE(initrd.accepts.list && !initrd.accepts.text);
    EXPECT_EQ(initrd.format, "path");
    EXPECT_EQ(initrd.complete, Complete::file);
    const Setting& credential = setting({"credentials", "x"});
    EXPECT_TRUE(credential.accepts.text && credential.accepts.table);
    EXPECT_EQ(credential.max_length, 1048576U);
    ASSERT_EQ(credential.choices.size(), 2U);
    EXPECT_EQ(credential.choices[0].key, (KeyPath{"file"}));
    EXPECT_EQ(credential.choices[0].format, "path");
    EXPECT_EQ(credential.choices[0].max_length, 4096U);
    EXPECT_EQ(credential.choices[1].key, (KeyPath{"base64"}));
    EXPECT_TRUE(setting({"mount", "x", "source"}).required);
    EXPECT_FALSE(setting({"mount", "x", "target"}).required);
    EXPECT_EQ(setting({"vsock", "cid"}).maximum, 4294967294);
}

/// The words of an enumeration of model/types.hpp, from its first value to its last.
template <class Enum>
std::vector<std::string> words_to(Enum last) {
    std::vector<std::string> words;
    for (int value = 0; value <= static_cast<int>(last); ++value)
        words.emplace_back(to_word(static_cast<Enum>(value)));
    return words;
}

TEST(Language, WordsAreThoseOfTheModel) {
    using testing::UnorderedElementsAreArray;
    EXPECT_THAT(setting({"arch"}).words, UnorderedElementsAreArray(words_to(Arch::riscv64)));
    EXPECT_THAT(setting({"image", "format"}).words, UnorderedElementsAreArray(words_to(DiskFormat::qcow2)));
    EXPECT_THAT(setting({"drive", "x", "format"}).words, UnorderedElementsAreArray(words_to(DiskFormat::qcow2)));
    EXPECT_THAT(setting({"image", "disk-type"}).words, UnorderedElementsAreArray(words_to(DiskType::scsi_cd)));
    EXPECT_THAT(setting({"drive", "x", "disk-type"}).words, UnorderedElementsAreArray(words_to(DiskType::scsi_cd)));
    EXPECT_THAT(setting({"unit", "scope"}).words, UnorderedElementsAreArray(words_to(Scope::user)));
    EXPECT_THAT(setting({"boot", "confidential"}).words, UnorderedElementsAreArray(words_to(Confidential::tdx)));
    EXPECT_THAT(setting({"vsock", "backend"}).words, UnorderedElementsAreArray(words_to(VsockBackend::user)));
    EXPECT_THAT(setting({"network", "x", "kind"}).words, UnorderedElementsAreArray(words_to(NetworkKind::user)));
    EXPECT_THAT(setting({"console", "mode"}).words, UnorderedElementsAreArray(words_to(ConsoleMode::headless)));
    EXPECT_THAT(setting({"console", "transport"}).words, UnorderedElementsAreArray(words_to(ConsoleTransport::serial)));
    EXPECT_THAT(setting({"boot", "firmware"}).suggestions, UnorderedElementsAreArray(words_to(FirmwareKind::none)));
}

}  // namespace
}  // namespace vmspawn
