#include "base/render.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

Origin in_file(const std::string& text, Position begin, Position end) {
    return FromFile{std::make_shared<const Source>(Source{"myvm.vmspawn", "/x/myvm.vmspawn", text}), {begin, end}};
}

TEST(Render, ShowsTheLineAndTheCaret) {
    const Diagnostics none;
    EXPECT_EQ(render(none, Colour::no), "");
    const auto text = render(error("ram = \"8Q\" is not a size", in_file("cpus = 1\nram  = \"8Q\"\n", {2, 8}, {2, 12}))
                                 .with_hint("expected bytes or a suffix of K M G T P E"),
                             Colour::no);
    EXPECT_EQ(text,
              "myvm.vmspawn:2:8: error: ram = \"8Q\" is not a size\n"
              "  2 | ram  = \"8Q\"\n"
              "    |        ^^^^ expected bytes or a suffix of K M G T P E\n");
}

TEST(Render, PutsTheCaretUnderTheOffendingPartOfAnArgument) {
    const auto text = render(error("cpus = 0 is below the minimum 1", FromArgument{3, "--cpus=0", 7, 8}), Colour::no);
    EXPECT_EQ(text,
              "--cpus=0: error: cpus = 0 is below the minimum 1\n"
              "    | --cpus=0\n"
              "    |        ^\n");
}

TEST(Render, KeepsTheCaretInPlaceBehindTabsAndWideText) {
    const auto tab = render(error("e", in_file("\tx = 1", {1, 6}, {1, 7})), Colour::no);
    EXPECT_EQ(tab, "myvm.vmspawn:1:6: error: e\n  1 |  x = 1\n    |      ^\n");
    const auto wide = render(error("e", in_file("\"日本\" = 1", {1, 8}, {1, 9})), Colour::no);
    EXPECT_EQ(wide, "myvm.vmspawn:1:8: error: e\n  1 | \"日本\" = 1\n    |          ^\n");
}

TEST(Render, CutsALongLineAroundTheCaret) {
    const std::string line = std::string(500, 'a') + "X" + std::string(500, 'b');
    const auto text = render(error("e", in_file(line, {1, 501}, {1, 502})), Colour::no);
    EXPECT_NE(text.find("…aaa"), std::string::npos);
    EXPECT_NE(text.find("b…\n"), std::string::npos);
    EXPECT_NE(text.find("    | " + std::string(40, ' ') + "^\n"), std::string::npos);
    EXPECT_LT(text.size(), 400U);
}

TEST(Render, PointsAtTheFirstLineOfALongSpanAndPastTheEnd) {
    EXPECT_EQ(render(error("e", in_file("a = [\n1]\n", {1, 5}, {2, 3})), Colour::no),
              "myvm.vmspawn:1:5: error: e\n  1 | a = [\n    |     ^\n");
    EXPECT_EQ(render(error("e", in_file("ab", {1, 3}, {1, 3})), Colour::no), "myvm.vmspawn:1:3: error: e\n  1 | ab\n    |   ^\n");
    EXPECT_EQ(render(error("e", in_file("ab", {9, 9}, {9, 9})), Colour::no), "myvm.vmspawn:9:9: error: e\n  9 | \n    | ^\n");
}

TEST(Render, NamesAFileAsAWholeWithoutALine) {
    EXPECT_EQ(render(error("no such file", in_file("", {}, {})), Colour::no), "myvm.vmspawn: error: no such file\n");
}

TEST(Render, CountsProblemsAndNamesTheirPlaces) {
    Diagnostics found;
    found.add(error("a", in_file("x", {1, 1}, {1, 2})));
    found.add(error("b", FromArgument{1, "--cpus=0", 7, 8}));
    const auto text = render(found, Colour::no);
    EXPECT_TRUE(text.ends_with("2 problems in myvm.vmspawn, --cpus=0\n")) << text;
}

TEST(Render, HidesControlCharactersOfOutsideText) {
    const auto text = render(error("key '\033[31m'", in_file("a\033[31mb", {1, 2}, {1, 3})), Colour::no);
    EXPECT_EQ(text.find('\033'), std::string::npos);
}

TEST(RenderJson, IsVersionedAndEscaped) {
    Diagnostics found;
    found.add(error("\"q\" \xff", FromArgument{2, "--x", 0, 3}).with_error(2));
    EXPECT_EQ(render_json(found),
              "{\"version\":1,\"problems\":[\n  {\"severity\":\"error\",\"summary\":\"\\\"q\\\" \uFFFD\",\"hint\":\"\","
              "\"argument\":\"--x\",\"index\":2,\"begin\":0,\"end\":3,\"errno\":2,\"notes\":[]}\n]}\n");
    EXPECT_EQ(render_json({}), "{\"version\":1,\"problems\":[]}\n");
}

}  // namespace
}  // namespace vmspawn
