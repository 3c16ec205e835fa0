#include "app/output.hpp"
#include "app/verbs.hpp"
#include "export/export.hpp"

#include <filesystem>
#include <sys/utsname.h>

namespace vmspawn {

namespace {

Arch native_arch() {
    utsname kernel{};
    uname(&kernel);
    return from_word<Arch>(kernel.machine).value_or(Arch::x86_64);
}

ExportContext context_of(const Invocation& said, const Merged& merged) {
    std::error_code unknown;
    return {native_arch(), merged.file, said.profile, std::filesystem::read_symlink("/proc/self/exe", unknown)};
}

}  // namespace

int print_export(const Invocation& said, const Machine& machine, const Merged& merged, Diagnostics found) {
    if (found.has_errors())
        return report(std::move(found), said.format);
    const Export exported = export_machine(said.target, machine, context_of(said, merged));
    const bool is_json = said.format == "json";
    if (!is_json || said.strict)  // as data the losses stand beside the text
        found.append(losses_as_problems(said.target, exported, said.strict));
    if (const int status = report(std::move(found), said.format); status != 0)
        return status;
    return print(is_json ? export_json(said.target, exported) : exported.text);
}

}  // namespace vmspawn
