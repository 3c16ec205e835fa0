#include "host/boot_entries.hpp"

#include "host/below.hpp"
#include "host/boot_entry.hpp"
#include "host/file_format.hpp"
#include "host/pe.hpp"
#include "host/version_order.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

namespace vmspawn {

namespace {

constexpr std::size_t most_names = 1000;
constexpr std::size_t longest_entry = 65536;

bool ends_with_ignoring_case(std::string_view name, std::string_view end) {
    return name.size() > end.size() && std::ranges::equal(name.substr(name.size() - end.size()), end,
                                                          [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a + 32 == b); });
}

class Scan {
public:
    explicit Scan(const std::string& tree) : below_(tree) {}

    TreeAnswer run() {
        const Result<std::string> esp = below_.resolve("efi");
        const Result<std::string> boot = below_.resolve("boot");
        if (esp)
            scan_partition("efi");
        if (boot && !(esp && *esp == *boot))
            scan_partition("boot");
        scan_modules("usr/lib/modules");
        scan_modules("lib/modules");
        scan_boot_directory();
        sort_boot_entries(answer_.entries);
        return std::move(answer_);
    }

private:
    /// A path of an entry, relative to the root of its partition: ".." ends there.
    static std::string on_partition(std::string_view partition, std::string_view path) {
        return std::string(partition) + std::filesystem::path("/" + std::string(path)).lexically_normal().string();
    }

    void scan_partition(const std::string& partition) {
        if (answer_.default_pattern.empty())
            if (const auto text = below_.read(partition + "/loader/loader.conf", 0, longest_entry))
                answer_.default_pattern = default_of_loader(*text);
        for (const std::string& name : below_.names(partition + "/loader/entries", most_names))
            if (!name.starts_with('.') && ends_with_ignoring_case(name, ".conf"))
                add_entry(partition, name);
        for (const std::string& name : below_.names(partition + "/EFI/Linux", most_names))
            if (!name.starts_with('.') && ends_with_ignoring_case(name, ".efi"))
                add_uki(partition, name);
    }

    /// Where `path` is; what is missing becomes the problem of the entry.
    std::string locate(std::string_view path, std::string_view what, BootEntry& entry) {
        const Result<std::string> found = below_.resolve(path);
        if (found && below_.is_file(path))
            return *found;
        if (entry.problem.empty())
            entry.problem = found ? fmt::format("its {} {} is no file", what, path)
                                  : fmt::format("its {} {}: {}", what, path, std::strerror(found.failure().error));
        return {};
    }

    void add_entry(const std::string& partition, const std::string& name) {
        const std::string path = partition + "/loader/entries/" + name;
        const Result<std::string> text = below_.read(path, 0, longest_entry);
        EntryText read = text ? parse_boot_entry(*text) : EntryText{};
        BootEntry entry = std::move(read.entry);
        read_entry_name(name, entry);
        entry.source = below_.resolve(path) ? *below_.resolve(path) : path;
        if (!text)
            entry.problem = fmt::format("it cannot be read: {}", std::strerror(text.failure().error));
        else if (text->size() == longest_entry)
            entry.problem = "it is longer than an entry can be";
        else if (read.linux_image.empty() && read.efi.empty())
            entry.problem = "it names no kernel";
        else
            locate_parts(partition, read, entry);
        answer_.entries.push_back(std::move(entry));
    }

    void locate_parts(const std::string& partition, const EntryText& read, BootEntry& entry) {
        const bool program = read.linux_image.empty();
        const std::string kernel = on_partition(partition, program ? read.efi : read.linux_image);
        entry.linux_image = locate(kernel, program ? "program" : "kernel", entry);
        if (program && !entry.linux_image.empty() && format_of(kernel) != "uki")
            entry.problem = "it starts an EFI program, not a kernel";
        for (const std::string& initrd : read.initrds)
            entry.initrds.push_back(locate(on_partition(partition, initrd), "initrd", entry));
        if (!read.devicetree.empty())
            entry.devicetree = locate(on_partition(partition, read.devicetree), "devicetree", entry);
    }

    std::string format_of(const std::string& path) {
        const Result<std::string> beginning = below_.read(path, 0, format_bytes);
        return beginning ? std::string(file_format(*beginning)) : std::string();
    }

    std::string section(const std::string& path, const Pe& pe, std::string_view name) {
        const PeSection* found = pe.find(name);
        if (found == nullptr)
            return {};
        const Result<std::string> text = below_.read(path, found->offset, std::min<std::size_t>(found->size, longest_entry));
        return text ? text->substr(0, text->find('\0')) : std::string();
    }

    void add_uki(const std::string& partition, const std::string& name) {
        const std::string path = partition + "/EFI/Linux/" + name;
        BootEntry entry{.kind = BootEntry::Kind::uki};
        read_entry_name(name, entry);
        entry.linux_image = locate(path, "file", entry);
        entry.source = entry.linux_image.empty() ? path : entry.linux_image;
        const Result<std::string> beginning = below_.read(path, 0, format_bytes);
        const std::optional<Pe> pe = beginning ? parse_pe(*beginning) : std::nullopt;
        if (pe && pe->is_uki()) {
            read_os_release(section(path, *pe, ".osrel"), entry);
            if (entry.version.empty())
                entry.version = section(path, *pe, ".uname");
            entry.architecture = pe->machine;
            entry.options = section(path, *pe, ".cmdline");
            entry.options.erase(std::min(entry.options.find_last_not_of(" \t\r\n") + 1, entry.options.size()));
        } else if (entry.problem.empty()) {
            entry.problem = beginning ? "it is no unified kernel image" : "it cannot be read";
        }
        answer_.entries.push_back(std::move(entry));
    }

    [[nodiscard]] bool has_package(std::string_view version) const {
        return std::ranges::any_of(answer_.entries,
                                   [&](const BootEntry& entry) { return entry.kind == BootEntry::Kind::package && entry.id == version; });
    }

    /// A kernel without an entry; its initrd where Debian, Fedora and Arch Linux put it, if there is one.
    void add_package(const std::string& kernel, const std::string& version) {
        if (has_package(version) || !below_.is_file(kernel))
            return;
        BootEntry entry{.kind = BootEntry::Kind::package, .id = version, .version = version};
        entry.linux_image = locate(kernel, "kernel", entry);
        entry.source = entry.linux_image;
        for (const std::string& initrd : {fmt::format("boot/initrd.img-{}", version), fmt::format("boot/initramfs-{}.img", version),
                                          fmt::format("usr/lib/modules/{}/initrd", version)})
            if (entry.initrds.empty() && below_.is_file(initrd))
                entry.initrds.push_back(locate(initrd, "initrd", entry));
        answer_.entries.push_back(std::move(entry));
    }

    void scan_modules(const std::string& directory) {
        for (const std::string& version : below_.names(directory, most_names))
            add_package(fmt::format("{}/{}/vmlinuz", directory, version), version);
    }

    void scan_boot_directory() {
        for (const std::string& name : below_.names("boot", most_names))
            for (const std::string_view start : {"vmlinuz-", "vmlinux-"})
                if (name.starts_with(start) && name.size() > start.size())
                    add_package("boot/" + name, name.substr(start.size()));
    }

    Below below_;
    TreeAnswer answer_;
};

}  // namespace

TreeAnswer probe_tree(const std::string& tree) {
    return Scan(tree).run();
}

}  // namespace vmspawn
