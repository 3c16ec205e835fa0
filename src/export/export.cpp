#include "export/export.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdlib>

namespace vmspawn {

namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Loss& loss) {
    Json row{{"key", loss.key}, {"reason", loss.reason}};
    if (const auto* file = std::get_if<FromFile>(&loss.at)) {
        row["file"] = file->source->path.string();
        row["line"] = file->span.begin.line;
        row["column"] = file->span.begin.column;
    }
    return row;
}

}  // namespace

Export export_machine(std::string_view target, const Machine& machine, const ExportContext& context) {
    if (target == "libvirt")
        return export_libvirt(machine, context);
    if (target == "kubevirt")
        return export_kubevirt(machine, context);
    if (target == "systemd-unit")
        return export_systemd_unit(machine, context);
    std::abort();  // the parser takes no other word
}

std::string export_json(std::string_view target, const Export& exported) {
    Json document{{"version", 1}, {"target", target}, {"text", exported.text}, {"losses", Json::array()}};
    for (const Loss& loss : exported.losses)
        document["losses"].push_back(to_json(loss));
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Diagnostics losses_as_problems(std::string_view target, const Export& exported, bool strict) {
    Diagnostics found;
    for (const Loss& loss : exported.losses) {
        const std::string summary = fmt::format("{} is lost on the way to {}", loss.key, target);
        found.add((strict ? error(summary, loss.at) : warning(summary, loss.at)).with_hint(loss.reason).with_error(EOPNOTSUPP));
    }
    return found;
}

}  // namespace vmspawn
