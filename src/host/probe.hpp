// Asks the running system. Knows no machine: the questions say what to ask.
#pragma once

#include "base/passed.hpp"
#include "host/host.hpp"

#include <span>
#include <string>
#include <vector>

namespace vmspawn {

/// What to look at. `arches` are the guests' architectures whose QEMU is wanted ("native" is the host's own).
struct ProbeRequest {
    std::vector<Question> questions;
    std::vector<std::string> arches;
    std::string qemu_binary;                    ///< qemu.binary; empty: search order of reference C.2
    const PassedDescriptors* passed = nullptr;  ///< what vmspawn was given; null: nothing
};

Host probe(const ProbeRequest& request);
/// Questions that the answers to others led to.
void probe_more(const std::vector<Question>& questions, Host& host);

/// Asked by every probe besides: the devices and programs that assess() speaks of.
std::vector<Question> standing_questions();

/// One line of `vmspawn host`.
struct HostItem {
    enum class Verdict { pass, warn, fail };
    Verdict verdict = Verdict::pass;
    std::string name;  ///< "KVM"
    std::string text;
    std::string fix;  ///< the command that would mend it; empty: nothing to do
};

std::vector<HostItem> assess(const Host& host);
/// The items in lines of 80 columns at most: verdict, name, text, and below it the command that mends it.
std::string host_text(const Host& host, bool colour);

}  // namespace vmspawn
