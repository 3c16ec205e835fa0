// Machine + Host -> Plan, a pure function. The list of contributors in planner.cpp is the table of contents of this folder.
#pragma once

#include "base/diagnostic.hpp"
#include "host/host.hpp"
#include "model/errand.hpp"
#include "model/machine.hpp"
#include "plan/plan.hpp"

namespace vmspawn {

/// What must be known about the host to plan this machine.
std::vector<Question> questions(const Machine& machine);

/// Guest architecture as a word: "x86_64"; native is resolved by the host's.
std::string guest_arch(const Machine& machine, const Host& host);

/// The machine with the image that the host has under its name. Nothing, after adding what is wrong, when there is none that can be booted;
/// nothing, too, for a machine that needs no look-up or whose name the host was not asked about.
std::optional<Machine> with_named_image(const Machine& machine, const Host& host, Diagnostics& found);
/// The firmware that would start this machine from UEFI; null after adding the problem. Of the questions only that about firmware is
/// needed.
const Firmware* uefi_firmware(const Machine& machine, const Host& host, Diagnostics& found);
/// That question.
Question firmware_question(const Machine& machine);

/// With errors the plan is incomplete. A host that cannot do what is required: EOPNOTSUPP; missing files: ENOENT, …
/// An unanswered question is an error that names it.
Plan make_plan(const Machine& machine, const Host& host, Diagnostics& found, const Errand& errand = {});

}  // namespace vmspawn
