// Whether /dev/kvm serves unmodified guests. Looking and judging are apart.
#pragma once

#include "host/host.hpp"

#include <string>
#include <string_view>

namespace vmspawn {

/// What was seen. Each field is looked at only when those before it were well.
struct KvmLook {
    std::string device = "/dev/kvm";
    bool exists = false;
    int open_error = 0;
    int api = 12;
    int create_error = 0;     ///< errno of making an empty machine
    bool x86 = true;          ///< only there the CPU's flags tell
    std::string cpu;          ///< "vmx", "svm" or empty: what this CPU shows
    std::string user;         ///< who we are
    std::string group;        ///< that may use the device; empty: none may
    bool member = false;      ///< the user is in that group, although not in this session
    bool hypervisor = false;  ///< we run in a virtual machine ourselves
};

Kvm judge_kvm(const KvmLook& look);

/// From the text of /proc/cpuinfo, first CPU: "vmx", "svm" or empty.
std::string virtualisation_flag(std::string_view cpuinfo);
bool has_cpu_flag(std::string_view cpuinfo, std::string_view flag);

/// What a parameter of a module of KVM says: "Y" and "1" are yes.
bool is_switched_on(std::string_view parameter);

/// `passed`: a descriptor that is looked at in place of /dev/kvm; -1: none.
Kvm probe_kvm(std::string_view arch, int passed = -1);

}  // namespace vmspawn
