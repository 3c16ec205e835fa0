// Which of two versions is newer, as UAPI.10 Version Format Specification says.
#pragma once

#include <string_view>

namespace vmspawn {

/// Negative when `a` is older than `b`, 0 when neither is, positive when it is newer: "1.2~rc1" < "1.2" < "1.2.1" < "1.10".
int compare_versions(std::string_view a, std::string_view b);

}  // namespace vmspawn
