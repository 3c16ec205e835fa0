#include "host/firmware_json.hpp"

namespace vmspawn::recorded {

namespace {

using Mapping = Firmware::Mapping;
constexpr Mapping mappings[] = {Mapping::split, Mapping::combined, Mapping::stateless, Mapping::memory};

json write_file(const FirmwareFile& file, const PathWriter& paths) {
    return {{"path", paths.write(file.path)}, {"format", file.format}};
}

json write_descriptor(const Firmware& firmware, const PathWriter& paths) {
    json targets = json::array();
    for (const FirmwareTarget& target : firmware.targets)
        targets.push_back({{"arch", target.arch}, {"machines", target.machines}});
    json record = {{"path", paths.write(firmware.path)},
                   {"description", firmware.description},
                   {"interfaces", firmware.interfaces},
                   {"mapping", to_word(firmware.mapping)},
                   {"executable", write_file(firmware.executable, paths)},
                   {"targets", std::move(targets)},
                   {"features", firmware.features}};
    if (firmware.nvram_template != FirmwareFile{})
        record["nvram_template"] = write_file(firmware.nvram_template, paths);
    if (!firmware.problem.empty())
        record["problem"] = firmware.problem;
    return record;
}

FirmwareFile read_firmware_file(ObjectReader& object, const std::string& key, const PathReader& paths) {
    ObjectReader file(object.at(key), object.name(key));
    FirmwareFile read;
    std::string path;
    file.read("path", path);
    read.path = paths.read(path, file.name("path"));
    file.read("format", read.format);
    file.finish();
    return read;
}

Mapping read_mapping(ObjectReader& object) {
    std::string word;
    object.read("mapping", word);
    for (const Mapping mapping : mappings)
        if (to_word(mapping) == word)
            return mapping;
    refuse(object.name("mapping"), "is no mapping of firmware");
}

Firmware read_descriptor(const json& value, const std::string& where, const PathReader& paths) {
    ObjectReader object(value, where);
    Firmware firmware;
    std::string path;
    object.read("path", path);
    firmware.path = paths.read(path, object.name("path"));
    object.read("description", firmware.description);
    firmware.interfaces = object.read_strings("interfaces");
    firmware.mapping = read_mapping(object);
    firmware.executable = read_firmware_file(object, "executable", paths);
    if (object.find("nvram_template") != nullptr)
        firmware.nvram_template = read_firmware_file(object, "nvram_template", paths);
    const json& targets = object.at("targets");
    if (!targets.is_array())
        refuse(object.name("targets"), "is not a list");
    for (const json& element : targets) {
        ObjectReader target(element, object.name("targets"));
        FirmwareTarget& read = firmware.targets.emplace_back();
        target.read("arch", read.arch);
        read.machines = target.read_strings("machines");
        target.finish();
    }
    for (std::string& feature : object.read_strings("features"))
        firmware.features.insert(std::move(feature));
    if (object.find("problem") != nullptr)
        object.read("problem", firmware.problem);
    object.finish();
    return firmware;
}

}  // namespace

void write_firmware(json& record, const Host& host, const PathWriter& paths) {
    if (host.firmware) {
        record["firmware"] = json::array();
        for (const Firmware& firmware : *host.firmware)
            record["firmware"].push_back(write_descriptor(firmware, paths));
    }
    if (!host.descriptors.empty())
        record["descriptors"] = json::array();
    for (const auto& [path, firmware] : host.descriptors)
        record["descriptors"].push_back(write_descriptor(firmware, paths));
}

void read_firmware(ObjectReader& record, Host& host, const PathReader& paths) {
    const auto each = [&](const std::string& key, const auto& use) {
        const json* list = record.find(key);
        if (list != nullptr && !list->is_array())
            refuse(key, "is not a list");
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i)
            use(read_descriptor((*list)[i], fmt::format("{}[{}]", key, i), paths));
        return list != nullptr;
    };
    std::vector<Firmware> all;
    if (each("firmware", [&](Firmware firmware) { all.push_back(std::move(firmware)); }))
        host.firmware = std::move(all);
    each("descriptors", [&](Firmware firmware) { host.descriptors[firmware.path] = std::move(firmware); });
}

}  // namespace vmspawn::recorded
