#include "host/image_json.hpp"

#include <array>
#include <utility>

namespace vmspawn::recorded {

namespace {

constexpr std::array<std::pair<NamedImage::Kind, std::string_view>, 5> image_kinds{{{NamedImage::Kind::none, "none"},
                                                                                    {NamedImage::Kind::raw, "raw"},
                                                                                    {NamedImage::Kind::qcow2, "qcow2"},
                                                                                    {NamedImage::Kind::tree, "tree"},
                                                                                    {NamedImage::Kind::other, "other"}}};

NamedImage read_image(const json& value, const std::string& where, const PathReader& paths) {
    ObjectReader object(value, where);
    NamedImage image;
    std::string kind, path;
    object.read("kind", kind);
    bool known = false;
    for (const auto& [of, word] : image_kinds) {
        if (word == kind) {
            image.kind = of;
            known = true;
        }
    }
    if (!known)
        refuse(where + ".kind", "is no kind of an image");
    object.read("path", path);
    image.path = paths.read(path, where + ".path");
    for (const std::string& directory : object.read_strings("searched"))
        image.searched.push_back(paths.read(directory, where + ".searched"));
    object.finish();
    return image;
}

}  // namespace

void write_images(json& record, const Host& host, const PathWriter& paths) {
    for (const auto& [name, image] : host.images) {
        json& place = record["images"][name];
        place = {{"path", paths.write(image.path)}, {"searched", json::array()}};
        for (const auto& [kind, word] : image_kinds)
            if (kind == image.kind)
                place["kind"] = word;
        for (const std::string& directory : image.searched)
            place["searched"].push_back(paths.write(directory));
    }
}

void read_images(ObjectReader& record, Host& host, const PathReader& paths) {
    if (record.find("images") == nullptr)
        return;
    record.each("images",
                [&](const auto& name, const auto& value, const auto& where) { host.images[name] = read_image(value, where, paths); });
}

}  // namespace vmspawn::recorded
