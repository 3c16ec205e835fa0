#include "plan/plan.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

Resource resource(ResourceId id, std::vector<ResourceId> needs = {}) {
    return {.id = std::move(id), .needs = std::move(needs)};
}

TEST(Word, PrintsWhatIsKnownLateByName) {
    Word word("fd=");
    word += Late{"image", Late::What::fd};
    word += ",set=1";
    EXPECT_EQ(to_string(word), "fd=<image:fd>,set=1");
}

TEST(Late, HasAWordForEachKind) {
    EXPECT_EQ(to_word(Late::What::fd), "fd");
    EXPECT_EQ(to_word(Late::What::path), "path");
    EXPECT_EQ(to_word(Late::What::chardev), "chardev");
    EXPECT_EQ(to_word(Late::What::port), "port");
    EXPECT_EQ(to_word(Late::What::name), "name");
}

TEST(Action, HasAKindOfItsOwn) {
    const std::vector<Action> all{ClaimName{},     MakeMemory{},   OpenFile{}, KeepFile{}, MakeScratch{},
                                  MakeQmpSocket{}, MakeTerminal{}, PickPort{}, Spawn{}};
    std::vector<std::string_view> kinds;
    for (const Action& action : all)
        kinds.push_back(kind_of(action));
    EXPECT_THAT(kinds, testing::ElementsAre("claim", "memory", "open", "keep", "scratch", "socketpair", "terminal", "port", "spawn"));
}

TEST(Plan, FindsAResourceById) {
    Plan plan;
    plan.resources = {resource("a"), resource("b")};
    EXPECT_EQ(plan.find("b"), &plan.resources[1]);
    EXPECT_EQ(plan.find("c"), nullptr);
}

TEST(CheckOrder, AcceptsNeedsThatStandBefore) {
    EXPECT_THAT(check_order({resource("a"), resource("b", {"a"})}), IsEmpty());
}

TEST(CheckOrder, NamesATwin) {
    EXPECT_EQ(check_order({resource("a"), resource("a")}), "two resources are called 'a'");
}

TEST(CheckOrder, NamesAMissingNeed) {
    EXPECT_EQ(check_order({resource("a", {"b"})}), "'a' needs 'b', which does not exist");
}

TEST(CheckOrder, NamesANeedThatComesLater) {
    EXPECT_EQ(check_order({resource("a", {"b"}), resource("b")}), "'a' stands before 'b', which it needs");
}

TEST(CheckOrder, ShowsACycleAsARing) {
    const std::string text = check_order({resource("a", {"b"}), resource("b", {"c"}), resource("c", {"b"})});
    EXPECT_EQ(text, "a ring of needs: b -> c -> b");
    EXPECT_EQ(check_order({resource("a", {"a"})}), "a ring of needs: a -> a");
}

}  // namespace
}  // namespace vmspawn
