#include "base/password.hpp"
#include "host/probe.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <unistd.h>

namespace vmspawn {
namespace {

TEST(Users, RootIsAsEverywhere) {
    const UserAnswer root = probe_user("root");
    EXPECT_EQ(root.error, 0);
    EXPECT_EQ(root.uid, 0U);
    EXPECT_EQ(root.gid, 0U);
    EXPECT_EQ(root.group, "root");
    EXPECT_EQ(root.home, "/root");
    EXPECT_NE(root.shell, "");
}

TEST(Users, UnknownOnesAreMissing) {
    EXPECT_EQ(probe_user("no-such-user").error, ENOENT);
    EXPECT_EQ(probe_user("").error, ENOENT);
}

TEST(Users, ProbeLooksAtTheirHomes) {
    const Host host = probe({.questions = {{Question::Kind::user, "root", {}}, {Question::Kind::user, "no-such-user", {}}}});
    EXPECT_EQ(host.users.at("root").home, "/root");
    EXPECT_EQ(host.files.at("/root").type, FileAnswer::Type::directory);
    EXPECT_EQ(host.users.at("no-such-user").error, ENOENT);
}

TEST(Users, LockedPasswordIsNone) {
    const Result<std::string> hash = password_hash("nobody");
    if (geteuid() == 0)
        EXPECT_EQ(hash ? *hash : to_string(hash.failure()), "");
    else
        EXPECT_EQ(hash ? 0 : hash.failure().error, EACCES);
}

}  // namespace
}  // namespace vmspawn
