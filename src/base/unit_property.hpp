// A property of a unit as the service manager's bus takes it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace vmspawn {

struct UnitProperty {
    using Limits = std::vector<std::pair<std::string, std::uint64_t>>;  ///< of devices, by path
    using Rights = std::vector<std::pair<std::string, std::string>>;    ///< to devices, by path
    using Mask = std::vector<std::uint8_t>;                             ///< a set of numbers, lowest bit first
    std::string name;  ///< the bus's own: CPUQuotaPerSecUSec, where systemctl says CPUQuota
    std::variant<bool, std::int32_t, std::uint32_t, std::uint64_t, std::string, std::vector<std::string>, Mask, Limits, Rights> value;
    friend bool operator==(const UnitProperty&, const UnitProperty&) = default;
};

}  // namespace vmspawn
