// Names, paths, roots and origins: what decoding takes from where a definition stands.
#include "definition.hpp"
#include "language/key.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::ElementsAre;

Path resolved(const std::string& text, const Origin& at, const Path& home = "/home/ann") {
    return resolve_path(text, at, {"/cwd", home}).value_or("nothing");
}

Origin in_file() {
    return FromFile{std::make_shared<const Source>(Source{"a.vmspawn", "/srv/vm/a.vmspawn", ""}), {}};
}

TEST(ResolvePath, StartsWhereItIsWritten) {
    EXPECT_EQ(resolved("a.raw", in_file()), "/srv/vm/a.raw");
    EXPECT_EQ(resolved("a.raw", FromArgument{1, "--image=a.raw"}), "/cwd/a.raw");
    EXPECT_EQ(resolved("/a.raw", in_file()), "/a.raw");
    EXPECT_EQ(resolved("~/a.raw", in_file()), "/home/ann/a.raw");
    EXPECT_EQ(resolved("~/a.raw", FromArgument{1, "--image=~/a.raw"}), "/home/ann/a.raw");
    EXPECT_EQ(resolved("~bob/a.raw", in_file()), "/srv/vm/~bob/a.raw");
}

TEST(ResolvePath, IsTidy) {
    EXPECT_EQ(resolved(".", in_file()), "/srv/vm");
    EXPECT_EQ(resolved("./x/../b/", in_file()), "/srv/vm/b");
    EXPECT_EQ(resolved("../..", in_file()), "/");
    EXPECT_EQ(resolved("../../../..", in_file()), "/");
    EXPECT_EQ(resolved("//a///b//", in_file()), "/a/b");
    EXPECT_EQ(resolved("~/", in_file()), "/home/ann");
    EXPECT_EQ(resolved("~//etc", in_file()), "/home/ann/etc");
}

TEST(ResolvePath, NeedsAHomeForATilde) {
    EXPECT_FALSE(resolve_path("~/a", in_file(), {"/cwd", ""}));
}

TEST(DecodePaths, AHomeThatIsNotKnownIsAnError) {
    Diagnostics found;
    decode(merged("[image]\npath = \"~/a.raw\"\n"), {"/cwd", ""}, found);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.begin()->summary, "~/a.raw has no meaning here");
    EXPECT_TRUE(std::holds_alternative<FromFile>(found.begin()->at));
}

TEST(DecodePaths, AFlagStartsAtTheWorkingDirectory) {
    const Machine m = read("[boot]\nlinux = \"k\"\ninitrd = [\"a\"]\n", {"--initrd=b", "--linux=k"}).machine;
    EXPECT_EQ(m.boot.linux_image, "/cwd/k");
    EXPECT_THAT(m.boot.initrds, ElementsAre("/srv/vm/a", "/cwd/b"));
}

TEST(DecodePaths, AMountWithoutTargetIsAtItsSource) {
    const Machine m = read("[image]\npath = \"a\"\n[mount.src]\nsource = \"tree/\"\n").machine;
    ASSERT_EQ(m.mounts.size(), 1U);
    EXPECT_EQ(m.mounts[0].target, "/srv/vm/tree");
}

std::string name_of(const Path& file, const Path& image, const Path& directory) {
    Merged none;
    none.file = file;
    Machine machine;
    if (!image.empty())
        machine.image.path = image;
    if (!directory.empty())
        machine.image.directory = directory;
    return derived_name(none, machine);
}

TEST(DecodeName, ComesFromFileThenImageThenDirectory) {
    EXPECT_EQ(name_of("/srv/dev.vmspawn", "/srv/a.raw", ""), "dev");
    EXPECT_EQ(name_of("/srv/dev.toml", "", ""), "dev");
    EXPECT_EQ(name_of("/srv/dev.conf", "", ""), "dev.conf");
    EXPECT_EQ(name_of("", "/srv/a.raw", ""), "a");
    EXPECT_EQ(name_of("", "/srv/a.qcow2", ""), "a");
    EXPECT_EQ(name_of("", "/srv/a.img", ""), "a");
    EXPECT_EQ(name_of("", "/dev/sda", ""), "sda");
    EXPECT_EQ(name_of("", "", "/srv/tree"), "tree");
}

TEST(DecodeName, IsCleaned) {
    EXPECT_EQ(name_of("/srv/my_vm 1.vmspawn", "", ""), "myvm1");
    EXPECT_EQ(name_of("", "", "/"), "");
}

TEST(DecodeName, IsTheSaidOneFirst) {
    EXPECT_EQ(read("[image]\npath = \"a\"\n").machine.name, "dev");
    EXPECT_EQ(read("name = \"x\"\n[image]\npath = \"a\"\n").machine.name, "x");
    EXPECT_EQ(read("name = \"x\"\n[image]\npath = \"a\"\n", {"--machine=y"}).machine.name, "y");
    EXPECT_EQ(read("", {"--image=some_image.raw"}).machine.name, "someimage");
}

TEST(DecodeName, NothingLeftIsAnError) {
    Diagnostics found;
    Merged nameless = merged("[image]\npath = \"a\"\n");
    nameless.file = "/srv/vm/___.vmspawn";
    decode(nameless, test_base, found);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.begin()->summary, "the machine has no name");
    EXPECT_EQ(found.begin()->hint, "set name, or use --machine=NAME");
}

TEST(DecodeRoot, WithoutAFileItIsTheWorkingDirectory) {
    const Read nothing = read("");
    EXPECT_THAT(nothing.problems, ElementsAre());
    EXPECT_EQ(nothing.machine.image.directory, "/cwd");
    EXPECT_EQ(nothing.machine.name, "cwd");
    EXPECT_FALSE(nothing.machine.said("image.directory"));
    EXPECT_EQ(read("", {"--linux=k"}).machine.image.directory, "/cwd");
}

TEST(DecodeRoot, ANameAloneIsLookedUp) {
    const Read by_name = read("", {"--machine=fedora"});
    EXPECT_THAT(by_name.problems, ElementsAre());
    EXPECT_TRUE(by_name.machine.image.by_name);
    EXPECT_FALSE(by_name.machine.image.directory);
    EXPECT_FALSE(read("", {"--machine=fedora", "--image=a.raw"}).machine.image.by_name);
    EXPECT_FALSE(read("name = \"a\"\n[image]\npath = \"b\"\n").machine.image.by_name);
}

TEST(DecodeRoot, AnInitrdIsTheWholeSystem) {
    const Read initrd = read("", {"--machine=a", "--linux=k", "--initrd=i"});
    EXPECT_THAT(initrd.problems, ElementsAre());
    EXPECT_FALSE(initrd.machine.image.directory);
    EXPECT_FALSE(initrd.machine.image.by_name);
}

TEST(DecodeOrigins, PointAtValuesAndElements) {
    const Machine m = read("[boot]\nlinux = \"k\"\ninitrd = [\"a\",\n  \"b\"]\n[drive.d]\npath = \"x\"\n").machine;
    const Origin at = m.origin_of("boot.initrd[1]");
    const auto& second = std::get<FromFile>(at);
    EXPECT_EQ(second.span.begin.line, 4U);
    EXPECT_EQ(second.span.begin.column, 3U);
    EXPECT_TRUE(m.said("drive.d"));
    EXPECT_TRUE(std::holds_alternative<FromDefault>(m.origin_of("drive.d.read-only")));
    EXPECT_TRUE(std::holds_alternative<FromFile>(m.origin_of("")));
}

TEST(DecodeOrigins, AnEmptyFileStillHasAPlace) {
    Diagnostics found;
    Merged empty;
    empty.file = "/srv/vm/dev.vmspawn";
    empty.file_name = "dev.vmspawn";
    decode(empty, test_base, found);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(std::get<FromFile>(found.begin()->at).source->name, "dev.vmspawn");
}

TEST(EntryKey, IsThePrintedKey) {
    for (const char* name : {"src", "a b", "a.b", "q\"uote", "back\\slash", "ünïcode", "tab\t", ""})
        EXPECT_EQ(entry_key("drive", name, "path"), to_string(KeyPath{"drive", name, "path"}));
}

}  // namespace
}  // namespace vmspawn
