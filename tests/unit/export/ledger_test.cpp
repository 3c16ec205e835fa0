#include "export/ledger.hpp"

#include "unit/config/definition.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::ElementsAre;

Machine machine(const std::string& text) {
    Diagnostics found;
    return decode(merged(text), test_base, found).machine;
}

std::vector<std::string> rows(const Ledger& ledger) {
    std::vector<std::string> all;
    for (const Loss& loss : ledger.losses("forgotten"))
        all.push_back(loss.key + ": " + loss.reason);
    return all;
}

TEST(Ledger, WhatNobodyToldAboutIsLost) {
    const Machine m = machine("cpus = 2\nram = \"1G\"\nboot.linux = \"k\"\n");
    Ledger ledger(m);
    ledger.kept("ram");
    ledger.lost("boot.linux", "why");
    EXPECT_THAT(rows(ledger), ElementsAre("boot.linux: why", "cpus: forgotten"));
}

TEST(Ledger, WhatNobodySaidIsNotLost) {
    const Machine m = machine("cpus = 2\n");
    Ledger ledger(m);
    ledger.kept("cpus");
    ledger.lost("tpm", "why");
    ledger.lost("ram", "why");
    EXPECT_THAT(rows(ledger), ElementsAre());
}

TEST(Ledger, ATableIsLostLeafByLeafAndAnEntryAsOne) {
    const Machine m = machine("[journal]\nforward = \"a\"\nmax-files = 2\n[mount.a]\nsource = \"a\"\n[mount.ab]\nsource = \"b\"\n");
    Ledger ledger(m);
    ledger.lost("journal", "why");
    ledger.lost("mount.a", "entry");
    EXPECT_THAT(rows(ledger), ElementsAre("journal.forward: why", "journal.max-files: why", "mount.a: entry", "mount.ab: forgotten",
                                          "mount.ab.source: forgotten"));
}

TEST(Ledger, OfAListOneElementMayBeLost) {
    const Machine m = machine("smbios = [\"a\", \"b\"]\nboot.initrd = [\"a\", \"b\"]\n");
    Ledger ledger(m);
    ledger.kept("smbios");
    ledger.lost("smbios[1]", "element");
    ledger.lost("boot.initrd", "list");
    EXPECT_THAT(rows(ledger), ElementsAre("boot.initrd: list", "smbios[1]: element"));
}

TEST(Ledger, WhatIsKeptInPartIsLostInPart) {
    const Machine m = machine("cpus = 2\n");
    Ledger ledger(m);
    ledger.kept("cpus");
    ledger.lost("cpus", "rounded");
    EXPECT_THAT(rows(ledger), ElementsAre("cpus: rounded"));
}

}  // namespace
}  // namespace vmspawn
