// Which families of addresses have a way to everywhere: a default route.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace vmspawn {

/// Of the kernel's table as /proc/net/route has it.
bool has_default_ipv4(std::string_view table);
/// The same of /proc/net/ipv6_route.
bool has_default_ipv6(std::string_view table);

/// "ipv4", "ipv6" of this host.
std::set<std::string> default_routes();

}  // namespace vmspawn
