#include "planned.hpp"

#include <gmock/gmock.h>

#include <cerrno>

namespace vmspawn {
namespace {

using Kind = NamedImage::Kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Machine by_name() {
    Machine machine = disk_machine();
    machine.image.path.reset();
    machine.image.by_name = true;
    machine.tpm.enabled = Want::no;  // it would ask about places beside an image that is found only now
    machine.origins["name"] = said_here();
    return machine;
}

Planned with_image(NamedImage image) {
    Host host = plain_host();
    host.files["/var/lib/machines/test.raw"] = regular_file("1");
    host.images["test"] = std::move(image);
    return planned(by_name(), host);
}

TEST(NamedImage, ARawOneIsTheDisk) {
    const Planned made = with_image({Kind::raw, "/var/lib/machines/test.raw", {}});
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_EQ(std::get<OpenFile>(made.at("image").up).path, "/var/lib/machines/test.raw");
}

TEST(NamedImage, Qcow2IsTakenAsSuch) {
    Host host = plain_host();
    host.images["test"] = {Kind::qcow2, "/m/test.qcow2", {}};
    Diagnostics found;
    const auto made = with_named_image(by_name(), host, found);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->image.format, DiskFormat::qcow2);
    EXPECT_EQ(made->image.path, "/m/test.qcow2");
    EXPECT_FALSE(made->image.by_name);
    EXPECT_THAT(questions(*made), testing::Contains(Question{questions(*made).front().kind, "/m/test.qcow2", {}}));
}

TEST(NamedImage, WhatIsNotThereListsWhereItWasLookedFor) {
    const Planned made = with_image({Kind::none, "", {"/etc/machines", "/home/u/.local/state/machines"}});
    EXPECT_THAT(made.summaries(), ElementsAre("there is no image of the name 'test'"));
    EXPECT_EQ(made.found.begin()->hint, "looked in /etc/machines, ~/.local/state/machines; or add --image=PATH");
    EXPECT_EQ(made.found.status(), ENOENT);
}

TEST(NamedImage, OtherThingsAreRefused) {
    EXPECT_THAT(with_image({Kind::other, "/etc/machines/test", {}}).summaries(),
                ElementsAre("/etc/machines/test is no image that vmspawn knows"));
}

TEST(NamedImage, ATreeIsTheDirectory) {
    Host host = plain_host();
    host.images["test"] = {Kind::tree, "/etc/machines/test", {}};
    Diagnostics found;
    const std::optional<Machine> made = with_named_image(by_name(), host, found);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->image.directory, "/etc/machines/test");
    EXPECT_FALSE(made->image.path);
    EXPECT_FALSE(made->image.by_name);
}

TEST(NamedImage, ARecordWithoutTheNameIsNotEnough) {
    Diagnostics found;
    make_plan(by_name(), plain_host(), found);
    EXPECT_THAT(found.begin()->summary, HasSubstr("the record of the host has no answer about test"));
}

TEST(NamedImage, OthersAreLeftAlone) {
    Diagnostics found;
    EXPECT_FALSE(with_named_image(disk_machine(), plain_host(), found));
    EXPECT_TRUE(found.begin() == found.end());
}

}  // namespace
}  // namespace vmspawn
