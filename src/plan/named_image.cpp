// A machine whose image is looked up by its name becomes one that says its image.
#include "plan/paths.hpp"
#include "plan/planner.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>

namespace vmspawn {

namespace {

void refuse(const Machine& machine, Diagnostics& found, std::string text, std::string hint, int number) {
    found.add(error(std::move(text), machine.origin_of("name")).with_hint(std::move(hint)).with_error(number));
}

std::string directories(const Machine& machine, const NamedImage& image) {
    std::vector<std::string> shown;
    for (const std::string& directory : image.searched)
        shown.push_back(shown_path(directory, {machine.directory, machine.home}));
    return fmt::format("{}", fmt::join(shown, ", "));
}

}  // namespace

std::optional<Machine> with_named_image(const Machine& machine, const Host& host, Diagnostics& found) {
    const auto answer = host.images.find(machine.name);
    if (!machine.image.by_name || answer == host.images.end())
        return std::nullopt;
    const NamedImage& image = answer->second;
    const std::string place = shown_path(image.path, {machine.directory, machine.home});
    Machine made = machine;
    made.image.by_name = false;
    switch (image.kind) {
        case NamedImage::Kind::none:
            refuse(machine, found, fmt::format("there is no image of the name '{}'", machine.name),
                   fmt::format("looked in {}; or add --image=PATH", directories(machine, image)), ENOENT);
            return std::nullopt;
        case NamedImage::Kind::other:
            refuse(machine, found, fmt::format("{} is no image that vmspawn knows", place),
                   "a directory, NAME.raw, NAME.qcow2 or a block device is", EINVAL);
            return std::nullopt;
        case NamedImage::Kind::tree:
            made.image.directory = image.path;
            break;
        case NamedImage::Kind::qcow2:
            made.image.format = DiskFormat::qcow2;
            made.image.path = image.path;
            break;
        case NamedImage::Kind::raw:
            made.image.path = image.path;
            break;
    }
    made.origins[made.image.directory ? "image.directory" : "image.path"] = machine.origin_of("name");
    return made;
}

}  // namespace vmspawn
