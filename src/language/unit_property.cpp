#include "language/unit_property.hpp"

#include "base/text.hpp"
#include "language/unit_property_value.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmspawn {

namespace {

struct Kind {
    unit_value::Value (*parse)(const std::string& name, std::string_view text);
    std::string_view expected;
    std::vector<std::string> words{};  ///< the only values, if not empty
    std::vector<std::string> names;
};

Kind one_of(std::vector<std::string> words, std::vector<std::string> names) {
    return {.parse = unit_value::plain, .expected = "", .words = std::move(words), .names = std::move(names)};
}

/// systemd.resource-control(5)
std::vector<Kind> resource_kinds() {
    using namespace unit_value;
    return {
        {.parse = flag,
         .expected = "a boolean",
         .names = {"CPUAccounting", "MemoryAccounting", "IOAccounting", "TasksAccounting", "IPAccounting", "MemoryZSwapWriteback",
                   "CoredumpReceive"}},
        {.parse = weight,
         .expected = "1 to 10000, of CPUs also idle",
         .names = {"CPUWeight", "StartupCPUWeight", "IOWeight", "StartupIOWeight"}},
        {.parse = memory,
         .expected = "a size, a percentage or infinity",
         .names = {"MemoryHigh", "MemoryMax", "MemorySwapMax", "MemoryZSwapMax", "StartupMemoryHigh", "StartupMemoryMax",
                   "StartupMemorySwapMax", "StartupMemoryZSwapMax"}},
        {.parse = protected_memory,
         .expected = "a size, a percentage or infinity",
         .names = {"MemoryMin", "MemoryLow", "StartupMemoryLow", "DefaultMemoryMin", "DefaultMemoryLow", "DefaultStartupMemoryLow"}},
        {.parse = tasks, .expected = "a number, a percentage or infinity", .names = {"TasksMax"}},
        {.parse = quota, .expected = "a percentage of one CPU, such as 150%", .names = {"CPUQuota"}},
        {.parse = pressure, .expected = "a percentage", .names = {"ManagedOOMMemoryPressureLimit"}},
        {.parse = span, .expected = "a time span such as 90s or infinity", .names = {"MemoryPressureThresholdSec"}},
        {.parse = span_or_default, .expected = "a time span such as 10ms", .names = {"CPUQuotaPeriodSec"}},
        {.parse = duration_of_pressure, .expected = "a time span of at least 1s", .names = {"ManagedOOMMemoryPressureDurationSec"}},
        {.parse = numbers,
         .expected = "numbers and ranges such as 0-3,8",
         .names = {"AllowedCPUs", "StartupAllowedCPUs", "AllowedMemoryNodes", "StartupAllowedMemoryNodes"}},
        {.parse = limit,
         .expected = "a path and a number such as 10M",
         .names = {"IOReadBandwidthMax", "IOWriteBandwidthMax", "IOReadIOPSMax", "IOWriteIOPSMax"}},
        {.parse = device_weight, .expected = "a path and 1 to 10000", .names = {"IODeviceWeight"}},
        {.parse = latency, .expected = "a path and a time span such as 25ms", .names = {"IODeviceLatencyTargetSec"}},
        {.parse = rights, .expected = "a device such as /dev/kvm or char-pts, and letters of rwm", .names = {"DeviceAllow"}},
        {.parse = names, .expected = "names of controllers such as cpu", .names = {"DisableControllers"}},
        {.parse = addresses,
         .expected = "addresses such as 10.0.0.0/8 or fe80::1, any, localhost, link-local or multicast",
         .names = {"IPAddressAllow", "IPAddressDeny"}},
        {.parse = binds, .expected = "any, or what is wanted of ipv4:tcp:8000-8010", .names = {"SocketBindAllow", "SocketBindDeny"}},
        {.parse = interfaces, .expected = "names of interfaces, after a ~ those that are refused", .names = {"RestrictNetworkInterfaces"}},
        {.parse = paths, .expected = "absolute paths", .names = {"IPIngressFilterPath", "IPEgressFilterPath"}},
        one_of({"auto", "closed", "strict"}, {"DevicePolicy"}),
        one_of({"auto", "kill"}, {"ManagedOOMSwap", "ManagedOOMMemoryPressure"}),
        one_of({"none", "avoid", "omit"}, {"ManagedOOMPreference"}),
        one_of({"auto", "on", "off", "skip"}, {"MemoryPressureWatch"}),
    };
}

/// systemd.scope(5), systemd.kill(5), systemd.unit(5); without what systemd refuses for a scope, such as JobTimeoutSec=, or ends one by at
/// once.
std::vector<Kind> unit_kinds() {
    using namespace unit_value;
    const std::vector<std::string> emergency{"none",        "reboot",         "reboot-force",       "reboot-immediate",
                                             "poweroff",    "poweroff-force", "poweroff-immediate", "exit",
                                             "exit-force",  "soft-reboot",    "soft-reboot-force",  "kexec",
                                             "kexec-force", "halt",           "halt-force",         "halt-immediate"};
    return {
        {.parse = flag,
         .expected = "a boolean",
         .names = {"SendSIGHUP", "SendSIGKILL", "DefaultDependencies", "RefuseManualStop", "AllowIsolate", "IgnoreOnIsolate",
                   "SurviveFinalKillSignal"}},
        {.parse = span,
         .expected = "a time span such as 90s or infinity",
         .names = {"RuntimeMaxSec", "RuntimeRandomizedExtraSec", "TimeoutStopSec", "JobRunningTimeoutSec"}},
        {.parse = signal,
         .expected = "a signal such as SIGTERM",
         .names = {"KillSignal", "FinalKillSignal", "RestartKillSignal", "WatchdogSignal"}},
        {.parse = exit_status, .expected = "0 to 255", .names = {"SuccessActionExitStatus", "FailureActionExitStatus"}},
        {.parse = plain, .expected = "a text", .names = {"Description", "RebootArgument"}},
        {.parse = path, .expected = "an absolute path", .names = {"SourcePath"}},
        {.parse = paths, .expected = "absolute paths", .names = {"RequiresMountsFor", "WantsMountsFor"}},
        {.parse = uris, .expected = "URIs that begin with http://, https://, file:/, info: or man:", .names = {"Documentation"}},
        {.parse = units,
         .expected = "names of units such as network.target",
         .names = {"Requires", "Requisite", "Wants", "BindsTo", "PartOf", "Upholds", "Conflicts", "Before", "After", "OnFailure",
                   "OnSuccess", "PropagatesReloadTo", "ReloadPropagatedFrom", "PropagatesStopTo", "StopPropagatedFrom"}},
        one_of({"continue", "stop", "kill"}, {"OOMPolicy"}),
        one_of({"control-group", "mixed", "process", "none"}, {"KillMode"}),
        one_of({"inactive", "inactive-or-failed"}, {"CollectMode"}),
        one_of({"fail", "replace", "replace-irreversibly", "isolate", "flush", "ignore-dependencies", "ignore-requirements"},
               {"OnFailureJobMode"}),
        one_of(emergency, {"SuccessAction", "FailureAction", "JobTimeoutAction"}),
    };
}

const std::vector<Kind>& kinds() {
    static const std::vector<Kind> all = [] {
        std::vector<Kind> both = resource_kinds();
        std::ranges::move(unit_kinds(), std::back_inserter(both));
        return both;
    }();
    return all;
}

/// What vmspawn sets by itself.
std::string own_setting(std::string_view name) {
    if (name == "Slice")
        return "unit.slice sets it";
    if (name == "PIDs" || name == "PIDFDs" || name == "Controller" || name == "Delegate")
        return "it is vmspawn's own";
    return {};
}

std::string nearest_property(const std::string& name) {
    std::vector<std::string> all;
    for (const Kind& kind : kinds())
        all.insert(all.end(), kind.names.begin(), kind.names.end());
    const auto near = nearest(name, all);
    return near ? fmt::format("did you mean '{}'?", *near) : "systemd.resource-control(5) lists what a scope can have";
}

}  // namespace

std::optional<UnitProperty> parse_unit_property(std::string_view text, std::string& problem, std::string& hint) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::string name(text.substr(0, equals));
    const std::string_view value = text.substr(std::min(equals + 1, text.size()));
    const auto kind = std::ranges::find_if(kinds(), [&](const Kind& one) { return std::ranges::find(one.names, name) != one.names.end(); });
    if (kind == kinds().end()) {
        const std::string owner = own_setting(name);
        problem = owner.empty() ? fmt::format("vmspawn knows no property '{}' of a scope", printable(name))
                                : fmt::format("'{}' cannot be set here", name);
        hint = owner.empty() ? nearest_property(name) : owner;
        return std::nullopt;
    }
    const bool allowed = kind->words.empty() || std::ranges::find(kind->words, value) != kind->words.end();
    std::optional<UnitProperty> property = allowed ? kind->parse(name, value) : std::nullopt;
    if (!property) {
        problem = fmt::format("'{}' is no value for {}", printable(value), name);
        hint = "expected " + (kind->words.empty() ? std::string(kind->expected) : join_words(kind->words));
    }
    return property;
}

}  // namespace vmspawn
