#include "host/image_name.hpp"

#include "host/host.hpp"
#include "temporary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace vmspawn {
namespace {

namespace fs = std::filesystem;
using Kind = NamedImage::Kind;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(ImageName, DirectoriesOfTheSystemAndOfTheUser) {
    EXPECT_THAT(machine_directories(0, {{"HOME", "/root"}}),
                ElementsAre("/etc/machines", "/run/machines", "/var/lib/machines", "/var/lib/container", "/usr/local/lib/machines",
                            "/usr/lib/machines"));
    const auto user = machine_directories(1000, {{"HOME", "/home/u"}, {"XDG_RUNTIME_DIR", "/run/user/1000"}});
    ASSERT_EQ(user.size(), 9U);
    EXPECT_EQ(user[0], "/run/user/1000/machines");
    EXPECT_EQ(user[1], "/home/u/.local/state/machines");
    EXPECT_EQ(user[2], "/home/u/.local/lib/machines");
    EXPECT_EQ(user[3], "/etc/machines");
    EXPECT_EQ(machine_directories(1000, {{"XDG_STATE_HOME", "/s"}, {"HOME", "relative"}})[0], "/s/machines");
    EXPECT_EQ(machine_directories(1000, {}).size(), 6U);
}

TEST(ImageName, WhatIsThereDecides) {
    const TemporaryDirectory first;
    const TemporaryDirectory second;
    const std::vector<std::string> directories{first.path(), second.path()};
    EXPECT_EQ(find_named_image("a", directories).kind, Kind::none);
    EXPECT_EQ(find_named_image("a", directories).path, "");
    EXPECT_EQ(find_named_image("a", directories).searched, directories);

    second.write("a.raw", "x");
    EXPECT_EQ(find_named_image("a", directories).kind, Kind::raw);
    EXPECT_EQ(find_named_image("a", directories).path, second / "a.raw");
    first.write("a.qcow2", "x");
    EXPECT_EQ(find_named_image("a", directories).kind, Kind::qcow2);
    fs::create_directory(first / "b");
    EXPECT_EQ(find_named_image("b", directories).kind, Kind::tree);
    first.write("c", "x");
    EXPECT_EQ(find_named_image("c", directories).kind, Kind::other);
    fs::create_directory(first / "d.raw");
    EXPECT_EQ(find_named_image("d", directories).kind, Kind::other);
    fs::create_symlink(second / "a.raw", first / "e.raw");
    EXPECT_EQ(find_named_image("e", directories).path, first / "e.raw");
}

TEST(ImageName, AHostRecordsIt) {
    Host host;
    host.images["a"] = {Kind::qcow2, "/home/u/m/a.qcow2", {"/home/u/m", "/etc/machines"}};
    host.images["b"] = {Kind::none, "", {}};
    const std::string text = to_json(host, "", "/home/u");
    const auto read = host_from_json(text, "", "/home/u");
    ASSERT_TRUE(read) << to_string(read.failure());
    EXPECT_EQ(to_json(*read, "", "/home/u"), text);
    EXPECT_EQ(read->images.at("a").kind, Kind::qcow2);
    EXPECT_THAT(read->images.at("a").searched, ElementsAre("/home/u/m", "/etc/machines"));
    EXPECT_THAT(read->images.at("b").searched, IsEmpty());
}

}  // namespace
}  // namespace vmspawn
