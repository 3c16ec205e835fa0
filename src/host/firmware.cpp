#include "host/firmware.hpp"

#include "base/text.hpp"
#include "host/json.hpp"

#include <fmt/format.h>

#include <array>

namespace vmspawn {

namespace {

using nlohmann::json;

// Far above any descriptor there is; a list or a text beyond is no description of a firmware.
constexpr std::size_t longest_text = 4096;
constexpr std::size_t longest_list = 256;

class DescriptorReader {
public:
    explicit DescriptorReader(Firmware& out) : out_(out) {}

    void read(const json& root) {
        if (!root.is_object())
            return refuse("it is not an object");
        out_.description = text_in(root, "description");
        out_.interfaces = texts_in(root, "interface-types");
        for (std::string& feature : texts_in(root, "features"))
            out_.features.insert(std::move(feature));
        read_targets(member(root, "targets"));
        read_mapping(member(root, "mapping"));
    }

private:
    Firmware& out_;

    /// The first thing that is wrong is kept.
    void refuse(std::string what) {
        if (out_.problem.empty())
            out_.problem = std::move(what);
    }

    const json& member(const json& object, const char* name) {
        static const json none;
        const auto found = object.is_object() ? object.find(name) : object.end();
        if (!object.is_object() || found == object.end()) {
            refuse(fmt::format("its member '{}' is missing", name));
            return none;
        }
        return *found;
    }

    std::string text_in(const json& object, const char* name) { return text(member(object, name), name); }

    std::string text(const json& value, const char* name) {
        if (!value.is_string())
            refuse(fmt::format("its member '{}' is not a text", name));
        else if (auto found = value.get<std::string>(); found.size() > longest_text || found.find('\0') != std::string::npos)
            refuse(fmt::format("its member '{}' is too long or holds a NUL", name));
        else
            return found;
        return {};
    }

    std::vector<std::string> texts_in(const json& object, const char* name) {
        const json& list = member(object, name);
        std::vector<std::string> texts;
        if (!is_list(list, name))
            return texts;
        for (const json& element : list)
            texts.push_back(text(element, name));
        return texts;
    }

    bool is_list(const json& list, const char* name) {
        if (list.is_array() && list.size() <= longest_list)
            return true;
        refuse(fmt::format("its member '{}' is not a list, or a very long one", name));
        return false;
    }

    void read_targets(const json& targets) {
        if (!is_list(targets, "targets"))
            return;
        for (const json& target : targets)
            out_.targets.push_back({text_in(target, "architecture"), texts_in(target, "machines")});
    }

    void read_mapping(const json& mapping) {
        const std::string device = text_in(mapping, "device");
        if (device == "memory") {
            out_.mapping = Firmware::Mapping::memory;
            out_.executable = {absolute(text_in(mapping, "filename"), "filename"), "raw"};
        } else if (device == "flash") {
            read_flash(mapping);
        } else if (!device.empty()) {
            refuse(fmt::format("it is loaded as '{}', and vmspawn loads flash and memory", printable(device)));
        }
    }

    void read_flash(const json& mapping) {
        const std::string mode = mapping.contains("mode") ? text_in(mapping, "mode") : "split";
        if (mode == "split")
            out_.nvram_template = flash_file(member(mapping, "nvram-template"), "nvram-template");
        else if (mode == "combined")
            out_.mapping = Firmware::Mapping::combined;
        else if (mode == "stateless")
            out_.mapping = Firmware::Mapping::stateless;
        else
            refuse(fmt::format("its flash mode '{}' is not known", printable(mode)));
        out_.executable = flash_file(member(mapping, "executable"), "executable");
    }

    FirmwareFile flash_file(const json& file, const char* name) {
        FirmwareFile found{absolute(text_in(file, "filename"), name), text_in(file, "format")};
        if (!found.format.empty() && found.format != "raw" && found.format != "qcow2")
            refuse(fmt::format("the format '{}' of its {} is not known", printable(found.format), name));
        return found;
    }

    std::string absolute(std::string path, const char* name) {
        if (path.starts_with('/'))
            return path;
        refuse(fmt::format("the path of its {} is not absolute", name));
        return {};
    }
};

}  // namespace

std::vector<std::string> Firmware::files() const {
    std::vector<std::string> named;
    for (const std::string* file : {&executable.path, &nvram_template.path})
        if (file->starts_with('/'))
            named.push_back(*file);
    return named;
}

std::string_view to_word(Firmware::Mapping mapping) {
    static constexpr std::array<std::string_view, 4> words{"split", "combined", "stateless", "memory"};
    return words.at(static_cast<std::size_t>(mapping));
}

Firmware parse_firmware(std::string_view text, std::string path) {
    Firmware firmware;
    firmware.path = std::move(path);
    const auto parsed = parse_json(text);
    if (parsed)
        DescriptorReader(firmware).read(*parsed);
    else
        firmware.problem = "it is not JSON";
    return firmware;
}

}  // namespace vmspawn
