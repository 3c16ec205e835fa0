#include "app/output.hpp"
#include "app/verbs.hpp"
#include "base/file.hpp"
#include "language/formats.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace vmspawn {

int init(const std::string& name, std::string_view kind) {
    std::error_code gone;
    std::string stem = name.empty() ? clean_machine_name(std::filesystem::current_path(gone).filename().string()) : name;
    if (stem.ends_with(".vmspawn"))
        stem.resize(stem.size() - std::string_view(".vmspawn").size());
    if (!is_machine_name(Path(stem).filename().string()))
        return complain(fmt::format("'{}' cannot be the name of a machine: letters, digits, '-' and '.', at most 64", stem), EINVAL);
    const Path path = stem + ".vmspawn";
    if (const auto made = write_file(path, definition_template(Path(stem).filename().string(), kind), Existing::keep); !made)
        return complain(made.failure());
    return print(fmt::format("{} written: say in it what to boot, then `vmspawn run {}`\n", path.string(), path.string()));
}

}  // namespace vmspawn
