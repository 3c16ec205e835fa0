#include "base/diagnostic.hpp"

#include "base/fd.hpp"
#include "base/result.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <fcntl.h>

namespace vmspawn {
namespace {

Diagnostics with_errors(std::initializer_list<int> numbers) {
    Diagnostics found;
    for (const int number : numbers)
        found.add(error("e", FromDefault{}).with_error(number));
    return found;
}

TEST(Diagnostics, StatusIsTheCommonErrnoElseEinval) {
    EXPECT_EQ(Diagnostics{}.status(), 0);
    EXPECT_EQ(with_errors({ENOENT, ENOENT}).status(), ENOENT);
    EXPECT_EQ(with_errors({ENOENT, EACCES}).status(), EINVAL);
    EXPECT_EQ(with_errors({EINVAL}).status(), EINVAL);
}

TEST(Diagnostics, WarningsDoNotFail) {
    Diagnostics found;
    found.add(warning("w", FromDefault{}));
    EXPECT_FALSE(found.has_errors());
    EXPECT_EQ(found.status(), 0);
}

TEST(Diagnostics, SortsFilesInOrderOfMentionThenArguments) {
    const auto a = std::make_shared<const Source>(Source{"a", "/a", ""});
    const auto b = std::make_shared<const Source>(Source{"b", "/b", ""});
    Diagnostics found;
    found.add(error("argument", FromArgument{1, "--x", 0, 1}));
    found.add(error("b2", FromFile{b, {{2, 1}, {2, 2}}}));
    found.add(error("a9", FromFile{a, {{9, 1}, {9, 2}}}));
    found.add(error("b1", FromFile{b, {{1, 1}, {1, 2}}}));
    found.sort_by_place();
    std::vector<std::string> order;
    for (const Diagnostic& diagnostic : found)
        order.push_back(diagnostic.summary);
    EXPECT_EQ(order, (std::vector<std::string>{"b1", "b2", "a9", "argument"}));
}

TEST(Failure, NamesWhatWasDoneAndWhy) {
    EXPECT_EQ(to_string(Failure{ENOENT, "open /x", ""}), "open /x: No such file or directory");
    EXPECT_EQ(to_string(Failure{EBUSY, "lock a.raw", "held by pid 7"}), "lock a.raw: Device or resource busy\nheld by pid 7");
}

TEST(Fd, ClosesOnceAndMoves) {
    Fd a(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int number = a.get();
    Fd b = std::move(a);
    EXPECT_EQ(b.get(), number);
    b.reset();
    EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

}  // namespace
}  // namespace vmspawn
