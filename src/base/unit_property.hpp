// A property of a unit as the service manager's bus takes it.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace vmspawn {

struct UnitProperty {
    using Limits = std::vector<std::pair<std::string, std::uint64_t>>;                   ///< of devices, by path
    using Rights = std::vector<std::pair<std::string, std::string>>;                     ///< to devices, by path
    using Mask = std::vector<std::uint8_t>;                                              ///< a set of numbers, lowest bit first
    using Address = std::tuple<std::int32_t, std::vector<std::uint8_t>, std::uint32_t>;  ///< family, bytes, length of the prefix
    using Addresses = std::vector<Address>;
    using Bind = std::tuple<std::int32_t, std::int32_t, std::uint16_t, std::uint16_t>;  ///< family, protocol, number of ports, the first
    using Binds = std::vector<Bind>;
    using Interfaces = std::pair<bool, std::vector<std::string>>;  ///< whether they are what is allowed, or all but they
    std::string name;                                              ///< the bus's own: CPUQuotaPerSecUSec, where systemctl says CPUQuota
    std::variant<bool, std::int32_t, std::uint32_t, std::uint64_t, std::string, std::vector<std::string>, Mask, Limits, Rights, Addresses,
                 Binds, Interfaces>
        value;
    friend bool operator==(const UnitProperty&, const UnitProperty&) = default;
};

}  // namespace vmspawn
