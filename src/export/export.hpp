// The same machine for another engine, with what is lost on the way. Reads nothing but the machine.
#pragma once

#include "base/diagnostic.hpp"
#include "model/machine.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// A setting that does not survive, as a whole or in part.
struct Loss {
    std::string key;     ///< as printed: "mount.src.cache", "network.lan.forward[1]", or an entry: "mount.src"
    std::string reason;  ///< one line: what the other engine cannot, and what to do instead where there is something
    Origin at;           ///< where it is about a credential, without the text that holds the value
};

struct Export {
    std::string text;  ///< what the other engine reads
    std::vector<Loss> losses;
};

/// What a machine does not know of itself.
struct ExportContext {
    Arch native = Arch::x86_64;  ///< what "native" is
    Path definition;             ///< absolute
    std::string profile;         ///< empty: none
    Path program;                ///< this one, absolute
};

Export export_kubevirt(const Machine& machine, const ExportContext& context);
Export export_libvirt(const Machine& machine, const ExportContext& context);
Export export_systemd_unit(const Machine& machine, const ExportContext& context);

/// By the words of --to=; nothing that the schema lists is unknown here.
Export export_machine(std::string_view target, const Machine& machine, const ExportContext& context);

/// {"version":1,"target":TARGET,"text":…,"losses":[{key, reason, file, line, column}]}
std::string export_json(std::string_view target, const Export& exported);

/// Each loss as a problem at its place: errors with EOPNOTSUPP when `strict`, else warnings.
Diagnostics losses_as_problems(std::string_view target, const Export& exported, bool strict);

}  // namespace vmspawn
