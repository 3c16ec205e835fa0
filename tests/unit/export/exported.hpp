// Exports of definitions that tests write.
#pragma once

#include "export/export.hpp"
#include "unit/config/definition.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace vmspawn {

inline const std::string disk = "name = \"dev\"\nimage.path = \"disk.raw\"\n";
inline const ExportContext test_context{Arch::x86_64, "/srv/vm/dev.vmspawn", "", "/usr/bin/vmspawn"};

/// The words of --to=, as the language has them.
inline std::vector<std::string> targets() {
    for (const CommonFlag& flag : language().common_flags())
        if (flag.flag.long_name == "to")
            return flag.words;
    return {};
}

inline Export exported(const std::string& target, const std::string& text, const std::vector<std::string>& flags = {}) {
    Diagnostics found;
    return export_machine(target, decode(merged(text, flags), test_base, found).machine, test_context);
}

inline std::vector<std::string> lost_keys(const Export& out) {
    std::vector<std::string> keys;
    for (const Loss& loss : out.losses)
        keys.push_back(loss.key);
    return keys;
}

}  // namespace vmspawn
