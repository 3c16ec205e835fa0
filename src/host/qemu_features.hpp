// What a QEMU can be asked for, and how its answer shows it. One row per feature.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vmspawn {

/// How a feature shows itself in the answers of a QEMU.
enum class FeatureTest {
    type,      ///< an object or device type named `subject`
    machine,   ///< a machine named `subject`, or that is its alias
    option,    ///< the command line option `subject` with every parameter of `detail` (comma separated)
    property,  ///< the type `subject` has the property `detail`
    works,     ///< the QMP command `subject` with the arguments `detail` (JSON) succeeds
};

struct FeatureRow {
    std::string_view name;
    FeatureTest test;
    std::string_view subject;
    std::string_view detail;
};

std::span<const FeatureRow> feature_rows();

/// Changes whenever a row does: what an older vmspawn wrote to the cache then counts no more.
std::string features_digest();

}  // namespace vmspawn
