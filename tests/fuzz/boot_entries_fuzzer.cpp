// Boot loader entries, their names, and os-release, from bytes. What is read is within what was given, and sorting it is stable.
#include "host/boot_entry.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vmspawn;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const EntryText read = parse_boot_entry(text);
    std::size_t said = read.linux_image.size() + read.efi.size() + read.devicetree.size() + read.entry.options.size();
    for (const std::string& initrd : read.initrds)
        said += initrd.size();
    if (said > size || default_of_loader(text).size() > size)
        std::abort();

    std::vector<BootEntry> entries{read.entry};
    for (std::size_t i = 0; i < 4; ++i) {
        BootEntry entry;
        read_entry_name(text.substr(0, size * i / 4), entry);
        read_os_release(text.substr(size * i / 4), entry);
        if (entry.tries_done && !entry.tries_left)
            std::abort();
        entries.push_back(std::move(entry));
    }
    sort_boot_entries(entries);
    std::vector<std::string> once;
    for (const BootEntry& entry : entries)
        once.push_back(entry.id);
    sort_boot_entries(entries);
    for (std::size_t i = 0; i < entries.size(); ++i)
        if (entries[i].id != once[i])
            std::abort();
    return 0;
}
