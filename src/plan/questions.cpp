// What must be asked about the host before a machine can be planned: every path that it names.
#include "plan/contributors.hpp"
#include "plan/planner.hpp"

#include <algorithm>

namespace vmspawn {

namespace {

class Asked {
public:
    explicit Asked(const Machine& machine) : machine_(machine) {}

    void file(const Path& path, const std::string& key) { ask(Question::Kind::file, path, key); }
    void ask(Question::Kind kind, const Path& path, const std::string& key) {
        Question question{kind, path.string(), machine_.origin_of(key)};
        if (std::ranges::find(all_, question) == all_.end())
            all_.push_back(std::move(question));
    }
    void file(const std::optional<Path>& path, const std::string& key) {
        if (path)
            file(*path, key);
    }
    /// A qcow2 image grows by QEMU's own programs.
    void grow_tools(const std::string& key) {
        for (const char* program : {"qemu-img", "qemu-storage-daemon", "fusermount3"})
            ask(Question::Kind::program, program, key);
        ask(Question::Kind::file, "/dev/fuse", key);
    }
    void virtiofsd(const std::string& key) {
        ask(Question::Kind::virtiofsd, "virtiofsd", key);
        for (const char* tool : {"newuidmap", "newgidmap"})
            ask(Question::Kind::program, tool, key);
    }
    std::vector<Question> take() { return std::move(all_); }

private:
    const Machine& machine_;
    std::vector<Question> all_;
};

}  // namespace

std::vector<Question> questions(const Machine& machine) {
    Asked asked(machine);
    if (machine.image.by_name)
        asked.ask(Question::Kind::image_name, machine.name, "name");
    if (machine.image.path)
        asked.ask(Question::Kind::disk, *machine.image.path, "image.path");
    if (machine.image.grow && machine.image.format == DiskFormat::qcow2 && !machine.image.ephemeral)
        asked.grow_tools("image.grow");
    asked.file(machine.image.directory, "image.directory");
    if (machine.image.directory && !machine.boot.linux_image)
        asked.ask(Question::Kind::tree, *machine.image.directory, "image.directory");
    for (const Drive& drive : machine.drives)
        asked.ask(Question::Kind::disk, drive.path, entry_key("drive", drive.name, "path"));
    asked.file(machine.boot.linux_image, "boot.linux");
    if (machine.image.path && machine.boot.linux_image && !names_a_root(machine.boot.cmdline))
        asked.ask(Question::Kind::layout, *machine.image.path, "image.path");
    for (std::size_t i = 0; i < machine.boot.initrds.size(); ++i)
        asked.file(machine.boot.initrds[i], element_key("boot.initrd", i));
    if (machine.boot.firmware == FirmwareKind::descriptor)
        asked.file(machine.boot.firmware_descriptor, "boot.firmware");
    asked.file(machine.boot.nvram_template, "boot.nvram-template");
    for (const Mount& mount : machine.mounts)
        asked.file(mount.source, entry_key("mount", mount.name, "source"));
    if (machine.image.directory || !machine.mounts.empty())
        asked.virtiofsd(machine.image.directory ? "image.directory" : "mount");
    for (const Credential& credential : machine.credentials)
        if (const auto* file = std::get_if<CredentialFile>(&credential.source))
            asked.file(file->path, entry_key("credentials", credential.id));
    return asked.take();
}

}  // namespace vmspawn
