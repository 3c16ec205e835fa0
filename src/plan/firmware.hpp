// Firmware as other parts of the planner see it.
#pragma once

#include "plan/contributors.hpp"

#include <string>
#include <vector>

namespace vmspawn {

/// Where UEFI variables may be kept, as questions about states; the image's side first. Empty: they are not kept.
std::vector<std::string> nvram_places(const Machine& machine);

/// A key whose value only UEFI can give; empty: there is none.
std::string uefi_setting(const Machine& machine);

/// False when nothing of this machine could need UEFI, so that nobody looks for it.
bool may_need_uefi(const Machine& machine);

/// The descriptor that serves, by its path or by selection; null after adding the problem. `said_by`: the key that asked for UEFI.
const Firmware* choose_firmware(Planning& p, const std::string& said_by);

/// The flash chip of the variables, made from `source`; `chip` is 1, or 0 where code and variables are one.
void add_nvram(Planning& p, const FirmwareFile& source, int chip);

/// A flash chip whose content is the resource `id`.
void add_flash(Planning& p, const ResourceId& id, const std::string& format, bool read_only, int chip);

}  // namespace vmspawn
