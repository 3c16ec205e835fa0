// The descriptors of tests/firmware: each line of its file "expected" is a machine and what is selected for it, in the order of the names
// and in the reverse order.
#include "host/firmware_search.hpp"
#include "plan/firmware_select.hpp"
#include "planned.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace vmspawn {
namespace {

const std::filesystem::path corpus = std::filesystem::path(TEST_SOURCE_DIR) / "tests/firmware";

/// arch=aarch64 secure-boot=yes features=a,~b template state confidential=tdx
Machine machine_from(const std::string& words) {
    Machine machine;
    std::istringstream stream(words);
    for (std::string word; stream >> word;) {
        const std::string name = word.substr(0, word.find('=')), value = word.substr(std::min(word.find('=') + 1, word.size()));
        if (name == "arch")
            machine.arch = from_word<Arch>(value).value();
        else if (name == "secure-boot")
            machine.boot.secure_boot = value == "yes" ? Want::yes : Want::no;
        else if (name == "confidential")
            machine.boot.confidential = from_word<Confidential>(value).value();
        else if (name == "template")
            machine.boot.nvram_template = "/vars";
        else if (name == "state")
            machine.boot.nvram_state = {StateKind::at, "/state"};
        else if (name == "features") {
            machine.origins["boot.firmware-features"] = said_here();
            std::istringstream list(value);
            for (std::string feature; std::getline(list, feature, ',');)
                machine.boot.firmware_features.push_back(feature);
        }
    }
    return machine;
}

std::string selected(const std::vector<Firmware>& all, const Machine& machine, const Host& host) {
    const std::string arch = machine.arch == Arch::native ? "x86_64" : std::string(to_word(machine.arch));
    const FirmwareWish wish = firmware_wish(machine, *find_guest_arch(arch), host.qemu.at(arch));
    const Firmware* found = select_firmware(all, wish, host);
    return found ? std::filesystem::path(found->path).stem().string() : "none";
}

TEST(FirmwareCorpus, SelectsAsExpectedInBothOrders) {
    const std::vector<Firmware> all = find_firmware({corpus});
    EXPECT_GE(all.size(), 25U);
    std::vector<Firmware> reversed(all.rbegin(), all.rend());
    Host host = plain_host();
    host.qemu["riscv64"].machines = {{"virt", "virt"}};
    for (const Firmware& firmware : all)
        for (const std::string& file : firmware.files())
            if (!file.starts_with("/firmware/missing/"))
                host.files[file] = regular_file(file);
    std::ifstream lines(corpus / "expected");
    int cases = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line.starts_with('#'))
            continue;
        const std::string words = line.substr(0, line.find(" -> "));
        std::istringstream rest(line.substr(line.find(" -> ") + 4));
        std::string first, last;
        rest >> first >> last;
        EXPECT_EQ(selected(all, machine_from(words), host), first) << line;
        EXPECT_EQ(selected(reversed, machine_from(words), host), last) << line;
        ++cases;
    }
    EXPECT_GE(cases, 25);
}

// Each file plays a part: it is selected somewhere, or it is one of those that nothing may ever select.
TEST(FirmwareCorpus, EveryDescriptorIsExpectedSomewhere) {
    std::ostringstream expected;
    expected << std::ifstream(corpus / "expected").rdbuf();
    for (const Firmware& firmware : find_firmware({corpus})) {
        const std::string name = std::filesystem::path(firmware.path).stem().string();
        const bool never = expected.str().find("# never: " + name + "\n") != std::string::npos;
        EXPECT_NE(never, expected.str().find(" " + name + "\n") != std::string::npos && !never) << name;
    }
}

}  // namespace
}  // namespace vmspawn
