#include "base/render.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::HasSubstr;

Origin in_named_file(const std::string& name, Position begin, Position end) {
    return FromFile{std::make_shared<const Source>(Source{name, "/srv/" + name, "text"}), {begin, end}};
}

TEST(RenderGithub, IsOneCommandForEachProblem) {
    Diagnostics found;
    found.add(error("ram = \"8Q\" is not a size", in_named_file("a.vmspawn", {7, 8}, {7, 12})).with_hint("expected bytes"));
    found.add(warning("b", in_named_file("a.vmspawn", {1, 2}, {3, 1})).with_note("set here", in_named_file("c.vmspawn", {4, 5}, {4, 6})));
    found.add(error("no such file", in_named_file("a.vmspawn", {}, {})));
    found.add(error("c", FromArgument{1, "--cpus=0", 7, 8}));
    EXPECT_EQ(render_github(found),
              "::error file=a.vmspawn,line=7,col=8,endColumn=11::ram = \"8Q\" is not a size%0Aexpected bytes\n"
              "::warning file=a.vmspawn,line=1,col=2::b%0Ac.vmspawn:4:5: set here\n"
              "::error file=a.vmspawn::no such file\n"
              "::error::--cpus=0: c\n");
    EXPECT_EQ(render_github({}), "");
}

TEST(RenderGithub, NoTextBecomesACommand) {
    Diagnostics found;
    found.add(error("100%\n::warning::x\r", in_named_file("a,b:c%\n::error", {1, 1}, {1, 2})));
    EXPECT_EQ(render_github(found), "::error file=a%2Cb%3Ac%25%0A%3A%3Aerror,line=1,col=1,endColumn=1::100%25%0A::warning::x%0D\n");
}

TEST(RenderSarif, HasAPlaceForEachProblemOfAFile) {
    Diagnostics found;
    found.add(error("a \"b\"", in_named_file("dir/ä b.vmspawn", {7, 8}, {7, 12})).with_hint("hint"));
    found.add(warning("whole", in_named_file("a.vmspawn", {}, {})));
    found.add(error("c", FromArgument{1, "--cpus=0", 7, 8}));
    const std::string text = render_sarif(found);
    EXPECT_THAT(
        text, HasSubstr(R"({"ruleId":"definition","level":"error","message":{"text":"a \"b\"\u000ahint"},"locations":[{"physicalLocation":)"
                        R"({"artifactLocation":{"uri":"dir/%C3%A4%20b.vmspawn"},"region":{"startLine":7,"startColumn":8,"endLine":7,)"
                        R"("endColumn":12}}}]})"));
    EXPECT_THAT(text,
                HasSubstr(R"("level":"warning","message":{"text":"whole"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":)"
                          R"("a.vmspawn"}}}]})"));
    EXPECT_THAT(text, HasSubstr(R"("message":{"text":"--cpus=0: c"},"locations":[]})"));
}

TEST(RenderSarif, OfNothingIsARunWithoutResults) {
    EXPECT_THAT(render_sarif({}), HasSubstr(R"("results":[]}]})"));
}

}  // namespace
}  // namespace vmspawn
