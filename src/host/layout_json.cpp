#include "host/layout_json.hpp"

namespace vmspawn::recorded {

namespace {

json write_partition(const Partition& partition) {
    json record = {{"number", partition.number}, {"uuid", partition.uuid}, {"type", partition.type}};
    if (!partition.name.empty())
        record["name"] = partition.name;
    if (partition.flags != 0)
        record["flags"] = partition.flags;
    if (!partition.file_system.empty())
        record["file_system"] = partition.file_system;
    return record;
}

Partition read_partition(const json& value, const std::string& where) {
    ObjectReader object(value, where);
    Partition partition;
    object.read_number("number", partition.number);
    object.read("uuid", partition.uuid);
    object.read("type", partition.type);
    object.read_if_there("name", partition.name);
    object.read_if_there("file_system", partition.file_system);
    if (object.find("flags") != nullptr)
        object.read_number("flags", partition.flags);
    object.finish();
    return partition;
}

}  // namespace

void write_layouts(json& record, const Host& host, const PathWriter& paths) {
    for (const auto& [path, layout] : host.layouts) {
        json& place = record["layouts"][paths.write(path)];
        place = json::object();
        for (const auto& [name, text] :
             {std::pair("table", &layout.table), {"file_system", &layout.file_system}, {"problem", &layout.problem}})
            if (!text->empty())
                place[name] = *text;
        for (const Partition& partition : layout.partitions)
            place["partitions"].push_back(write_partition(partition));
    }
}

void read_layouts(ObjectReader& record, Host& host, const PathReader& paths) {
    if (record.find("layouts") == nullptr)
        return;
    record.each("layouts", [&](const auto& path, const auto& value, const auto& where) {
        ObjectReader object(value, where);
        DiskLayout layout;
        object.read_if_there("table", layout.table);
        object.read_if_there("file_system", layout.file_system);
        object.read_if_there("problem", layout.problem);
        if (const json* partitions = object.find("partitions")) {
            if (!partitions->is_array())
                refuse(where + ".partitions", "is not a list");
            for (const json& partition : *partitions)
                layout.partitions.push_back(read_partition(partition, where + ".partitions"));
        }
        object.finish();
        host.layouts[paths.read(path, where)] = std::move(layout);
    });
}

}  // namespace vmspawn::recorded
