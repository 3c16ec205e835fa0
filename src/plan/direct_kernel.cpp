// Which kernel is started directly: the one that boot.linux names, or the best one that a tree offers.
#include "plan/contributors.hpp"
#include "plan/files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fnmatch.h>

namespace vmspawn {

namespace {

bool fits(const GuestArch& guest, std::string_view kernel) {
    return kernel.empty() || kernel == guest.name || (guest.name == "x86_64" && kernel == "i386");
}

/// QEMU unpacks such a kernel itself from 8.0 on; firmware always could.
bool can_start(Planning& p, const DirectKernel& kernel) {
    int version = 0;
    std::from_chars(p.qemu_facts.version.data(), p.qemu_facts.version.data() + p.qemu_facts.version.size(), version);
    const FirmwareKind firmware = p.machine.boot.firmware;
    if (kernel.format != "zboot" || version >= 8 || (firmware != FirmwareKind::automatic && firmware != FirmwareKind::none))
        return true;
    p.found.add(error(fmt::format("{}: {} is a packed EFI kernel, which QEMU {} cannot start", kernel.key, p.shown(kernel.path),
                                  p.qemu_facts.version),
                      p.origin(kernel.key))
                    .with_hint("QEMU 8.0 and newer can; or set boot.firmware = \"uefi\"")
                    .with_error(EOPNOTSUPP));
    return false;
}

std::optional<DirectKernel> named_kernel(Planning& p) {
    const Path& path = *p.machine.boot.linux_image;
    const FileAnswer* answer = judge_file(p, {.path = path, .key = "boot.linux"});
    bool usable = answer != nullptr;
    for (std::size_t i = 0; i < p.machine.boot.initrds.size(); ++i)
        usable = judge_file(p, {.path = p.machine.boot.initrds[i], .key = element_key("boot.initrd", i)}) != nullptr && usable;
    if (!usable)
        return std::nullopt;
    if (!fits(p.arch, answer->machine)) {
        p.found.add(
            error(fmt::format("boot.linux: {} is a kernel for {}, and the guest is {}", p.shown(path), answer->machine, p.arch.name),
                  p.origin("boot.linux"))
                .with_hint(fmt::format("set arch = \"{}\", or name another kernel", answer->machine)));
        return std::nullopt;
    }
    DirectKernel kernel{.key = "boot.linux", .path = path.string(), .format = answer->format};
    for (const Path& initrd : p.machine.boot.initrds)
        kernel.initrds.push_back(initrd.string());
    return kernel;
}

/// Why the guest cannot use it; empty: it can.
std::string obstacle(const Planning& p, const BootEntry& entry) {
    if (!entry.problem.empty())
        return entry.problem;
    const auto file = p.host.files.find(entry.linux_image);
    if (file == p.host.files.end())
        return "nobody looked at its kernel";
    const std::string& arch = entry.architecture.empty() ? file->second.machine : entry.architecture;
    return fits(p.arch, arch) ? "" : fmt::format("it is for {}", arch);
}

bool is_default(const TreeAnswer& tree, const BootEntry& entry) {
    return entry.kind != BootEntry::Kind::package && !tree.default_pattern.empty() &&
           ::fnmatch(tree.default_pattern.c_str(), entry.id.c_str(), FNM_CASEFOLD) == 0;
}

/// `default` of loader.conf first, then the order of the specification.
const BootEntry* choose(const Planning& p, const TreeAnswer& tree) {
    const BootEntry* first = nullptr;
    for (const BootEntry& entry : tree.entries) {
        if (!obstacle(p, entry).empty())
            continue;
        if (is_default(tree, entry))
            return &entry;
        first = first != nullptr ? first : &entry;
    }
    return first;
}

std::string why(const TreeAnswer& tree, const BootEntry& entry) {
    const std::string title = entry.title.empty() ? "" : fmt::format(" ({})", entry.title);
    if (entry.kind == BootEntry::Kind::package)
        return fmt::format("the tree has no boot entry that this guest can use, and {} is its newest kernel", entry.id);
    if (is_default(tree, entry))
        return fmt::format("loader.conf has \"default {}\", which is {}{}", tree.default_pattern, entry.id, title);
    return fmt::format("{}{} is the first boot entry of the tree that this guest can use", entry.id, title);
}

/// At most so many entries are named that were passed over.
constexpr std::size_t most_passed_over = 5;

std::vector<std::string> passed_over(const Planning& p, const TreeAnswer& tree) {
    std::vector<std::string> texts;
    for (const BootEntry& entry : tree.entries)
        if (const std::string reason = obstacle(p, entry); !reason.empty() && texts.size() < most_passed_over)
            texts.push_back(fmt::format("{} is passed over because {}", entry.id, reason));
    return texts;
}

void refuse_no_kernel(Planning& p, const TreeAnswer& tree) {
    Diagnostic problem =
        error(fmt::format("image.directory: there is no kernel for this guest in {}", p.shown(*p.machine.image.directory)),
              p.origin("image.directory"))
            .with_hint("set boot.linux; looked for boot entries in /efi and /boot, and for kernels in /usr/lib/modules and /boot")
            .with_error(ENOENT);
    for (const std::string& text : passed_over(p, tree))
        problem.notes.push_back({text, FromDefault{}});
    p.found.add(std::move(problem));
}

bool can_read(Planning& p, const BootEntry& entry) {
    std::vector<std::string> files = entry.initrds;
    files.push_back(entry.linux_image);
    if (!entry.devicetree.empty())
        files.push_back(entry.devicetree);
    return std::ranges::all_of(files, [&](const std::string& file) {
        return p.host.files.contains(file) && judge_file(p, {.path = file, .key = "image.directory"}) != nullptr;
    });
}

/// Of a word that says where some other root is, for here the root is the tree itself.
bool is_about_root(std::string_view word) {
    constexpr std::string_view whole[] = {"ro", "rw"};
    constexpr std::string_view starts[] = {"root=", "rootfstype=", "rootflags=", "roothash=", "usrhash=", "mount.usr", "resume="};
    return std::ranges::find(whole, word) != std::end(whole) ||
           std::ranges::any_of(starts, [&](std::string_view start) { return word.starts_with(start); });
}

/// The words at blanks outside of double quotes, as the kernel splits them.
std::vector<std::string> split_words(std::string_view line) {
    std::vector<std::string> words(1);
    bool quoted = false;
    for (const char c : line) {
        quoted = quoted != (c == '"');
        if (c != ' ' || quoted)
            words.back() += c;
        else if (!words.back().empty())
            words.emplace_back();
    }
    if (words.back().empty())
        words.pop_back();
    return words;
}

std::string options_for_tree(Planning& p, const BootEntry& entry) {
    if (entry.kind != BootEntry::Kind::type1)
        return {};  // a unified kernel image has its words inside, a package has none
    std::vector<std::string> kept, dropped;
    for (std::string& word : split_words(entry.options))
        (is_about_root(word) ? dropped : kept).push_back(std::move(word));
    if (!dropped.empty())
        p.reason(fmt::format("\"{}\" of {} is left out because the tree is the root", fmt::join(dropped, " "), entry.id));
    return fmt::format("{}", fmt::join(kept, " "));
}

std::optional<DirectKernel> kernel_of_tree(Planning& p) {
    const TreeAnswer& tree = p.host.trees.at(p.machine.image.directory->string());
    const BootEntry* entry = choose(p, tree);
    if (entry == nullptr) {
        refuse_no_kernel(p, tree);
        return std::nullopt;
    }
    if (!can_read(p, *entry))
        return std::nullopt;
    p.reason(fmt::format("kernel = {} because {}", p.shown(entry->linux_image), why(tree, *entry)));
    for (std::string& text : passed_over(p, tree))
        p.reason(std::move(text));
    return DirectKernel{.key = "image.directory",
                        .path = entry->linux_image,
                        .format = p.host.files.at(entry->linux_image).format,
                        .initrds = entry->initrds,
                        .devicetree = entry->devicetree,
                        .options = options_for_tree(p, *entry)};
}

}  // namespace

void plan_kernel(Planning& p) {
    if (p.machine.boot.linux_image)
        p.kernel = named_kernel(p);
    else if (p.machine.image.directory)
        p.kernel = kernel_of_tree(p);
    if (p.kernel && !can_start(p, *p.kernel))
        p.kernel.reset();
}

}  // namespace vmspawn
