#include "language/formats.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

TEST(Cid, KeepsToTheRangeOfGuests) {
    EXPECT_EQ(parse_cid("3"), 3U);
    EXPECT_EQ(parse_cid("4294967294"), 4294967294U);
    for (const char* text : {"", "0", "1", "2", "4294967295", "4294967296", "-1", "hypervisor", "local", "host", "3 ", " 3", "0x10", "3.0"})
        EXPECT_EQ(parse_cid(text), std::nullopt) << text;
}

TEST(UuidFormat, ReadsBothSpellings) {
    const auto dashed = parse_uuid("01234567-89ab-cdef-0123-456789ABCDEF");
    ASSERT_TRUE(dashed);
    EXPECT_EQ(dashed, parse_uuid("0123456789abcdef0123456789abcdef"));
    EXPECT_EQ(print_uuid(*dashed), "01234567-89ab-cdef-0123-456789abcdef");
    EXPECT_EQ(parse_uuid(print_uuid(*dashed)), dashed);
}

TEST(UuidFormat, RefusesZeroAndMalformed) {
    for (const char* text :
         {"", "0", "00000000000000000000000000000000", "00000000-0000-0000-0000-000000000000", "0123456789abcdef0123456789abcde",
          "0123456789abcdef0123456789abcdeg", "0123456-789ab-cdef-0123-456789abcdef0", "{01234567-89ab-cdef-0123-456789abcdef}",
          "01234567-89ab-cdef-0123-456789abcde-", "-123456789abcdef0123456789abcdef"})
        EXPECT_EQ(parse_uuid(text), std::nullopt) << text;
}

TEST(MachineName, FollowsHostNameRules) {
    for (const char* text : {"a", "fedora", "Fedora-40", "a.b.c", "0", "a--b", "web1.example"})
        EXPECT_TRUE(is_machine_name(text)) << text;
    for (const char* text : {"", ".", "-", "-a", "a-", "a.", ".a", "a..b", "a-.b", "a.-b", "foo_bar", "bad name!", "é", "a/b", "a\n"})
        EXPECT_FALSE(is_machine_name(text)) << text;
    EXPECT_TRUE(is_machine_name(std::string(64, 'a')));
    EXPECT_FALSE(is_machine_name(std::string(65, 'a')));
}

TEST(MachineName, CleaningGivesAGoodNameOrNothing) {
    EXPECT_EQ(clean_machine_name("foo_bar"), "foobar");
    EXPECT_EQ(clean_machine_name("my image (1)"), "myimage1");
    EXPECT_EQ(clean_machine_name("..a..b--"), "a.b");
    EXPECT_EQ(clean_machine_name("-.-a-.b.-."), "a-b");
    EXPECT_EQ(clean_machine_name("___"), "");
    EXPECT_EQ(clean_machine_name("übung"), "bung");
    EXPECT_EQ(clean_machine_name(std::string(63, 'a') + "-b"), std::string(63, 'a'));
    EXPECT_EQ(clean_machine_name(std::string(200, 'x')), std::string(64, 'x'));
    for (const char* text : {"a.-b", "x-.-.-y", "..-..", "Debian_12.raw", "-", "a.b-"}) {
        const std::string name = clean_machine_name(text);
        EXPECT_TRUE(name.empty() || is_machine_name(name)) << text << " -> " << name;
    }
}

TEST(MacFormat, TakesUnicastAddressesOnly) {
    const auto mac = parse_mac("52:54:00:AB:cd:0f");
    ASSERT_TRUE(mac);
    EXPECT_EQ(print_mac(*mac), "52:54:00:ab:cd:0f");
    for (const char* text : {"", "00:00:00:00:00:00", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "52:54:00:12:34", "52-54-00-12-34-56",
                             "52:54:00:12:34:56:78", "52:54:00:12:34:5g", "525400123456", "52:54:00:12:34 56", "2:54:00:12:34:56"})
        EXPECT_EQ(parse_mac(text), std::nullopt) << text;
}

TEST(Forward, ReadsBindHostGuestAndProtocol) {
    EXPECT_EQ(parse_forward("2222:22"), (PortForward{"127.0.0.1", 2222, 22, false}));
    EXPECT_EQ(parse_forward("0:22"), (PortForward{"127.0.0.1", 0, 22, false}));
    EXPECT_EQ(parse_forward("53:53/udp"), (PortForward{"127.0.0.1", 53, 53, true}));
    EXPECT_EQ(parse_forward("0.0.0.0:80:8080"), (PortForward{"0.0.0.0", 80, 8080, false}));
    EXPECT_EQ(parse_forward("[::1]:80:8080/udp"), (PortForward{"::1", 80, 8080, true}));
    for (const char* text : {"2222:22", "53:53/udp", "0.0.0.0:80:8080", "[fe80::1]:80:65535/udp"}) {
        const auto forward = parse_forward(text);
        ASSERT_TRUE(forward) << text;
        EXPECT_EQ(parse_forward(print_forward(*forward)), forward) << text;
    }
}

TEST(Forward, ReadsRanges) {
    EXPECT_EQ(parse_forward("8000-8010:9000-9010"), (PortForward{"127.0.0.1", 8000, 9000, false, 11}));
    EXPECT_EQ(parse_forward("[::1]:1-65535:1-65535/udp"), (PortForward{"::1", 1, 1, true, 65535}));
    EXPECT_EQ(parse_forward("80-80:81"), (PortForward{"127.0.0.1", 80, 81, false, 1}));
    for (const char* text : {"127.0.0.1:8000-8010:9000-9010", "0.0.0.0:1-2:3-4/udp"})
        EXPECT_EQ(print_forward(*parse_forward(text)), text);
    for (const char* text : {"8000-8010:9000", "8000:9000-9010", "8000-8010:9000-9011", "0-1:1-2", "8010-8000:1-2", "1-:1-2", "-1:1-2",
                             "1-2-3:1-3", "1-65536:1-65536", "65535-1:1-2"})
        EXPECT_EQ(parse_forward(text), std::nullopt) << text;
}

TEST(Forward, RefusesWhatIsMalformed) {
    for (const char* text : {"",
                             "22",
                             ":",
                             "22:",
                             ":22",
                             "2222:0",
                             "65536:22",
                             "22:65536",
                             "-1:22",
                             "a:b",
                             "2222:22/tcp",
                             "2222:22/",
                             "2222:22/UDP",
                             "localhost:22:22",
                             "::1:22:22",
                             "[::1]22:22",
                             "[127.0.0.1]:22:22",
                             "[]:22:22",
                             ":22:22",
                             "1.2.3:22:22",
                             "1.2.3.4:5:6:7",
                             "2222 :22",
                             "+1:22"})
        EXPECT_EQ(parse_forward(text), std::nullopt) << text;
}

TEST(CredentialId, IsAFileNameForSystemd) {
    for (const std::string& text :
         {std::string("a"), std::string("ssh.authorized_keys.root"), std::string("with blank"), std::string("..a"), std::string(255, 'x')})
        EXPECT_TRUE(is_credential_id(text)) << text;
    for (const char* text : {"", ".", "..", "a/b", "a:b", "a\nb", "\x7f", "é"})
        EXPECT_FALSE(is_credential_id(text)) << text;
    EXPECT_FALSE(is_credential_id(std::string(256, 'x')));
}

TEST(IdRange, ReadsShiftAndRange) {
    EXPECT_EQ(parse_id_range("100000"), (IdRange{100000, 65536}));
    EXPECT_EQ(parse_id_range("0:1"), (IdRange{0, 1}));
    EXPECT_EQ(parse_id_range("4294901759"), (IdRange{4294901759, 65536}));
    for (const char* text :
         {"", ":", "1:", ":1", "1:0", "-1", "65535", "4294967295", "4294967294:2", "4294901760", "1:2:3", "a", "1:4294967296"})
        EXPECT_EQ(parse_id_range(text), std::nullopt) << text;
}

}  // namespace
}  // namespace vmspawn
