// Failures and plans as sentences. Pure.
#pragma once

#include "base/result.hpp"
#include "plan/plan.hpp"

#include <string>

namespace vmspawn {

struct Report {
    std::string text;    ///< could not open image 'disk.raw' (hello.vmspawn:7:8, image.path): Permission denied
    std::string detail;  ///< lines of their own: what was tried, a child's last words, the reasons of the resource
};

/// What a child is called in messages: "root-fs" with the line that asked for it.
std::string name_of(const Resource& resource);

/// What vmspawn is at while it comes up: "growing 'disk.raw'", "making tpm-state with swtpm_setup".
std::string doing(const Plan& plan, const Resource& resource);

Report describe(const Plan& plan, const Resource& resource, const Failure& failure);

}  // namespace vmspawn
