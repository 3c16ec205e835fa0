#include "config/document.hpp"

#include "temporary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmspawn {
namespace {

std::vector<std::string> names(const Table& table) {
    std::vector<std::string> out;
    for (const Entry& entry : table.entries)
        out.push_back(entry.name);
    return out;
}

const Table& table_of(const Table& table, const std::string& name) {
    return std::get<Table>(table.find(name)->node.value);
}

TEST(Document, KeepsKeysInTheOrderOfTheText) {
    const Table root = tree("ram = \"2G\"\ncpus = 4\n[mount.z]\nsource = \".\"\n[boot]\nlinux = \"k\"\n[mount.a]\nsource = \"/\"\n");
    EXPECT_THAT(names(root), testing::ElementsAre("ram", "cpus", "mount", "boot"));
    EXPECT_THAT(names(table_of(root, "mount")), testing::ElementsAre("z", "a"));
}

TEST(Document, KnowsWhereKeysAndValuesStand) {
    const Table root = tree("ram  = \"8Ü\" # c\n\"a b\".c = [ 1, \"x\" ]\n[mount.src]\nsource = '.'\n");
    EXPECT_EQ(span(root.find("ram")->at), "1:1-1:4");
    EXPECT_EQ(span(root.find("ram")->node.at), "1:8-1:12");
    EXPECT_EQ(span(root.find("a b")->at), "2:1-2:6");
    const Entry* list = table_of(root, "a b").find("c");
    EXPECT_EQ(span(list->at), "2:7-2:8");
    EXPECT_EQ(span(std::get<List>(list->node.value)[1].at), "2:16-2:19");
    EXPECT_EQ(span(table_of(root, "mount").find("src")->at), "3:8-3:11");
}

TEST(Document, TakesCarriageReturns) {
    const Table root = tree("cpus = 1\r\n[boot]\r\ncmdline = [\r\n  \"a\",\r\n]\r\n");
    EXPECT_THAT(names(root), testing::ElementsAre("cpus", "boot"));
}

TEST(Document, TakesAByteOrderMark) {
    const Temporary folder;
    Diagnostics found;
    const auto document = read_document(folder.file("a",
                                                    "\xEF\xBB\xBF"
                                                    "cpus = 1"),
                                        "a", FromDefault{}, found);
    ASSERT_TRUE(document);
    EXPECT_EQ(span(document->root.find("cpus")->at), "1:1-1:5");
    EXPECT_EQ(document->source->text, "cpus = 1");
}

TEST(Document, AnEmptyTextIsADefinition) {
    EXPECT_TRUE(tree("").entries.empty());
}

TEST(Document, KeepsWhatTheLanguageHasNoUseFor) {
    const Table root = tree("f = 1.5\ni = -inf\nd = 1979-05-27\nt = 07:32:00\nb = 1979-05-27T07:32:00Z\n");
    const auto what = [&root](const char* name) { return std::get<Foreign>(root.find(name)->node.value).what; };
    EXPECT_EQ(what("f"), "a floating-point number");
    EXPECT_EQ(what("i"), "a floating-point number");
    EXPECT_EQ(what("d"), "a date");
    EXPECT_EQ(what("t"), "a time");
    EXPECT_EQ(what("b"), "a date and time");
}

TEST(Document, TellsIntegersFromBooleans) {
    const Table root = tree("a = 1\nb = true\nc = 0x10\n");
    EXPECT_EQ(std::get<std::int64_t>(root.find("a")->node.value), 1);
    EXPECT_TRUE(std::get<bool>(root.find("b")->node.value));
    EXPECT_EQ(std::get<std::int64_t>(root.find("c")->node.value), 16);
}

TEST(Value, IsReadWithItsOwnColumns) {
    std::string problem;
    const auto list = parse_value("[\"ä\", 2]", problem);
    ASSERT_TRUE(list);
    EXPECT_EQ(span(list->at), "1:1-1:9");
    EXPECT_EQ(span(std::get<List>(list->value)[1].at), "1:7-1:8");
}

TEST(Value, IsOneValue) {
    for (const char* text : {"", "1\n[x]", "1\nw = 2", "]", "{", "1 2", "fedora", "\"\\u0", "[1", "\xFF"}) {
        std::string problem;
        EXPECT_FALSE(parse_value(text, problem)) << text;
        EXPECT_FALSE(problem.empty()) << text;
    }
}

TEST(Tree, PrintsAsTomlOnOneLine) {
    const Table root = tree("a = [1, true, \"x\\ny\"]\n[b]\n\"c d\" = {}\ne = { f = 'g' }\n");
    EXPECT_EQ(to_toml(root.find("a")->node), "[1, true, \"x\\ny\"]");
    EXPECT_EQ(to_toml(root.find("b")->node), "{ \"c d\" = {}, e = { f = \"g\" } }");
}

TEST(Tree, FindsByName) {
    const Table root = tree("a = 1");
    EXPECT_NE(root.find("a"), nullptr);
    EXPECT_EQ(root.find("b"), nullptr);
}

}  // namespace
}  // namespace vmspawn
