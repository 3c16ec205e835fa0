#include "plan/paths.hpp"
#include "plan/sha256.hpp"
#include "plan/unquote.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

TEST(Sha256, AgreesWithThePublishedExamples) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(sha256_hex(std::string(1000, 'a')), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
}

TEST(Sha256, CutsToTheDigitsAsked) {
    EXPECT_EQ(sha256_hex("abc", 20), "ba7816bf8f01cfea4141");
}

TEST(UnquoteWords, SplitsAtBlanks) {
    EXPECT_THAT(unquote_words("  -device\tnvme \n x "), Optional(ElementsAre("-device", "nvme", "x")));
    EXPECT_THAT(unquote_words(""), Optional(IsEmpty()));
}

TEST(UnquoteWords, TakesQuotesOff) {
    EXPECT_THAT(unquote_words(R"('a b' "c d" e'f g'h "" "it's")"), Optional(ElementsAre("a b", "c d", "ef gh", "", "it's")));
}

TEST(UnquoteWords, ReadsEscapes) {
    EXPECT_THAT(unquote_words(R"(a\ b \x41\t "\"" \\)"), Optional(ElementsAre("a b", "A\t", "\"", "\\")));
}

TEST(UnquoteWords, RefusesWhatIsCutShort) {
    for (const char* text : {"'a", "\"a", "a\\", "\\x4", "\\xzz", "\\x00", "\\q"})
        EXPECT_EQ(unquote_words(text), std::nullopt) << text;
}

const Places places{"/work/defs", "/home/u"};

TEST(ShownPath, IsRelativeToTheDefinitionOrHome) {
    EXPECT_EQ(shown_path("/work/defs/a/b.raw", places), "./a/b.raw");
    EXPECT_EQ(shown_path("/work/defs", places), ".");
    EXPECT_EQ(shown_path("/home/u/.ssh/key", places), "~/.ssh/key");
    EXPECT_EQ(shown_path("/work/defs2/a", places), "/work/defs2/a");
    EXPECT_EQ(shown_path("/dev/kvm", places), "/dev/kvm");
}

TEST(ShownPath, DoesNotCallTheRootADirectoryOfTheUser) {
    EXPECT_EQ(shown_path("/dev/kvm", {"/", "/"}), "/dev/kvm");
    EXPECT_EQ(shown_path("/dev/kvm", {}), "/dev/kvm");
}

Origin in_file(const char* path) {
    return FromFile{std::make_shared<Source>(Source{"typed", path, ""}), {{7, 8}, {7, 9}}};
}

TEST(ShownOrigin, NamesAFileFromTheDefinitionsDirectory) {
    EXPECT_EQ(shown_origin(in_file("/work/defs/a.vmspawn"), places), "a.vmspawn:7:8");
    EXPECT_EQ(shown_origin(in_file("/work/parts/b.vmspawn"), places), "../parts/b.vmspawn:7:8");
    EXPECT_EQ(shown_origin(in_file("/home/u/c.vmspawn"), places), "~/c.vmspawn:7:8");
    EXPECT_EQ(shown_origin(in_file("/etc/d.vmspawn"), places), "/etc/d.vmspawn:7:8");
}

TEST(ShownOrigin, LeavesTheRestAsItIs) {
    EXPECT_EQ(shown_origin(FromDefault{}, places), "built-in default");
    EXPECT_EQ(shown_origin(FromArgument{2, "--cpus=0", 7, 8}, places), "--cpus=0");
}

}  // namespace
}  // namespace vmspawn
