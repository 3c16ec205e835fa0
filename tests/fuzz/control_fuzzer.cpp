// What clients of the control socket send: any bytes, in any pieces, end as calls or as none, and every request for a disk in an answer.
#include "run/control_call.hpp"
#include "run/hot_storage.hpp"
#include "run/varlink_stream.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace vmspawn;

/// QEMU does all that it is asked, or nothing, as `refusing` says.
void carry_out(HotStorage& storage, StorageCommands commands, bool refusing) {
    int ends = 0;
    while (!commands.empty()) {
        StorageCommands next;
        for (const StorageCommand& command : commands) {
            ends += std::holds_alternative<StorageEnd>(command) ? 1 : 0;
            if (const auto* step = std::get_if<StorageStep>(&command))
                for (StorageCommand& more : storage.answered(step->drive, refusing ? "no" : ""))
                    next.push_back(std::move(more));
        }
        commands = std::move(next);
    }
    if (ends != 1)
        std::abort();
}

void handle(HotStorage& storage, const ControlRequest& request, int call, bool refusing) {
    const OfferedFile file{.writable = (call & 1) != 0, .identity = std::to_string(call)};
    if (const auto* add = std::get_if<AddStorage>(&request))
        carry_out(storage, storage.add(call, *add, file), refusing);
    if (const auto* remove = std::get_if<RemoveStorage>(&request))
        carry_out(storage, storage.remove(call, *remove), refusing);
    if (const auto* replace = std::get_if<ReplaceStorage>(&request))
        carry_out(storage, storage.replace(call, *replace, file), refusing);
    if (const auto* description = std::get_if<GetInterfaceDescription>(&request))
        if (description_reply(description->interface).find('\0') == std::string::npos)
            std::abort();
    if (const auto* refused = std::get_if<VarlinkError>(&request))
        if (refused->name.empty() || varlink_reply(*refused).back() != '\0')
            std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::size_t step = bytes.empty() ? 1 : 1 + static_cast<unsigned char>(bytes.front());
    VarlinkStream stream(2048);
    HotStorage storage(
        {.disk_types = {{.word = "virtio-blk", .driver = "virtio-blk-pci"}, {.word = "virtio-scsi", .driver = "scsi-hd", .scsi = true}},
         .ports = {"a", "b"},
         .fixed = {"image"}});
    int call = 0;
    for (std::size_t at = 1; at < bytes.size() && !stream.overlong(); at += step) {
        stream.feed(bytes.substr(at, step), {});
        while (const auto message = stream.take())
            if (const auto asked = parse_control_call(message->text))
                handle(storage, asked->request, ++call, step % 3 == 0);
    }
    return 0;
}
