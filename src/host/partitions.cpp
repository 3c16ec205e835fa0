#include "host/partitions.hpp"

#include "base/fd.hpp"
#include "host/blkid_library.hpp"
#include "host/file_format.hpp"
#include "host/qemu_run.hpp"
#include "host/search_path.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/mman.h>
#include <unistd.h>

namespace vmspawn {

namespace {

constexpr std::uint64_t sector = 512;             // the unit of libblkid, whatever the disk's own
constexpr std::uint64_t table_size = 1 << 20;     // holds a primary GPT of any usual size
constexpr std::uint64_t looked_into = 128 << 10;  // of a partition: where file systems have their names
constexpr int most_partitions = 128;

struct FreeProbe {
    void operator()(blkid_probe probe) const { blkid_library()->free_probe(probe); }
};
using Probe = std::unique_ptr<std::remove_pointer_t<blkid_probe>, FreeProbe>;

std::string text(const char* value) {
    return value == nullptr ? std::string() : std::string(value);
}

std::string value_of(const BlkidLibrary& blkid, const Probe& probe, const char* name) {
    const char* value = nullptr;
    return blkid.lookup_value(probe.get(), name, &value, nullptr) == 0 ? text(value) : std::string();
}

Probe new_probe(const BlkidLibrary& blkid, int fd, std::uint64_t offset, std::uint64_t size) {
    Probe probe(blkid.new_probe());
    if (!probe || blkid.set_device(probe.get(), fd, static_cast<blkid_loff_t>(offset), static_cast<blkid_loff_t>(size)) != 0)
        return nullptr;
    blkid.enable_superblocks(probe.get(), 1);
    blkid.set_superblocks_flags(probe.get(), BLKID_SUBLKS_TYPE);
    return probe;
}

std::string file_system_at(const BlkidLibrary& blkid, int fd, std::uint64_t offset, std::uint64_t size) {
    const Probe probe = new_probe(blkid, fd, offset, size);
    return probe && blkid.do_safeprobe(probe.get()) == 0 ? value_of(blkid, probe, "TYPE") : std::string();
}

Partition partition_of(const BlkidLibrary& blkid, blkid_partition found) {
    return {.number = static_cast<std::uint32_t>(blkid.get_partno(found)),
            .uuid = text(blkid.get_uuid(found)),
            .type = text(blkid.get_type_string(found)),
            .name = text(blkid.get_name(found)),
            .flags = blkid.get_flags(found),
            .file_system = {}};
}

/// A hole of that size to which qemu-img's output is copied, so that libblkid sees a raw disk.
class Excerpt {
public:
    Excerpt(std::string image, std::string program) : image_(std::move(image)), program_(std::move(program)) {}

    /// False, with `problem` set, when it cannot be.
    bool open(std::uint64_t size, std::string& problem) {
        disk_ = Fd(::memfd_create("vmspawn-disk", MFD_CLOEXEC));
        if (!disk_ || ::ftruncate(disk_.get(), static_cast<off_t>(size)) < 0) {
            problem = fmt::format("no memory to look into it: {}", std::strerror(errno));
            return false;
        }
        problem = copy(0, std::min(size, table_size));
        return problem.empty();
    }

    /// Empty, or why they cannot be had.
    [[nodiscard]] std::string copy(std::uint64_t offset, std::uint64_t size) const {
        const Fd part(::memfd_create("vmspawn-part", MFD_CLOEXEC));
        if (!part)
            return std::strerror(errno);
        std::string file = image_;  // in options a comma is doubled
        for (std::size_t at = 0; (at = file.find(',', at)) != std::string::npos; at += 2)
            file.insert(at, ",");
        const std::string options =
            fmt::format("if=driver=raw,offset={},size={},file.driver=qcow2,file.file.filename={}", offset, size, file);
        const Conversation heard =
            converse(program_, {"dd", "-U", "--image-opts", "-O", "raw", options, fmt::format("of=/proc/{}/fd/{}", ::getpid(), part.get())},
                     "", "\n\n", std::chrono::seconds(10));
        if (heard.start_error != 0)
            return fmt::format("qemu-img: {}", std::strerror(heard.start_error));
        if (heard.timed_out)
            return "qemu-img did not answer";
        if (const off_t got = ::lseek(part.get(), 0, SEEK_END); got <= 0)
            return heard.err.substr(0, heard.err.find('\n'));
        paste(part.get(), offset);
        return {};
    }

    [[nodiscard]] int fd() const { return disk_.get(); }

private:
    void paste(int part, std::uint64_t offset) const {
        std::array<char, 65536> buffer;
        off_t at = 0;
        while (true) {
            const ssize_t got = ::pread(part, buffer.data(), buffer.size(), at);
            if (got <= 0 || ::pwrite(disk_.get(), buffer.data(), static_cast<std::size_t>(got), static_cast<off_t>(offset) + at) < 0)
                return;
            at += got;
        }
    }

    std::string image_;
    std::string program_;
    Fd disk_;
};

DiskLayout with_problem(std::string problem) {
    DiskLayout layout;
    layout.problem = std::move(problem);
    return layout;
}

/// Bytes that the guest sees: big-endian at 24 of the header.
std::uint64_t virtual_size(std::string_view header) {
    std::uint64_t size = 0;
    for (std::size_t i = 24; i < 32 && i < header.size(); ++i)
        size = size << 8U | static_cast<unsigned char>(header[i]);
    return size;
}

DiskLayout qcow2_layout(const std::string& path, std::uint64_t size) {
    const std::string program = search_path("qemu-img", executable_path());
    if (program.empty())
        return with_problem("qemu-img, which reads qcow2 images, is not installed (apt install qemu-utils)");
    constexpr std::uint64_t largest = std::uint64_t{1} << 50;
    if (size == 0 || size > largest)
        return with_problem("its header gives no sensible size");
    Excerpt excerpt(path, program);
    std::string problem;
    if (!excerpt.open(size, problem))
        return with_problem(std::move(problem));
    return read_layout(excerpt.fd(), [&](std::uint64_t offset, std::uint64_t length) { (void)excerpt.copy(offset, length); });
}

}  // namespace

DiskLayout read_layout(int fd, const std::function<void(std::uint64_t, std::uint64_t)>& load) {
    const BlkidLibrary* blkid = blkid_library();
    if (blkid == nullptr)
        return with_problem("libblkid, which reads partition tables, is not installed");
    const Probe probe = new_probe(*blkid, fd, 0, 0);
    if (!probe)
        return with_problem("it is too small, or cannot be read");
    blkid->enable_partitions(probe.get(), 1);
    DiskLayout layout;
    if (const int found = blkid->do_safeprobe(probe.get()); found == 1)
        return layout;
    else if (found != 0)
        return with_problem(found == -2 ? "it shows signs of several file systems or tables at once" : "it cannot be read");
    layout.table = value_of(*blkid, probe, "PTTYPE");
    layout.file_system = value_of(*blkid, probe, "TYPE");
    blkid_partlist list = layout.table == "gpt" ? blkid->get_partitions(probe.get()) : nullptr;
    const int count = list == nullptr ? 0 : std::min(blkid->numof_partitions(list), most_partitions);
    for (int i = 0; i < count; ++i) {
        blkid_partition found = blkid->get_partition(list, i);
        const std::uint64_t start = static_cast<std::uint64_t>(blkid->get_start(found)) * sector;
        const std::uint64_t size = static_cast<std::uint64_t>(blkid->get_size(found)) * sector;
        layout.partitions.push_back(partition_of(*blkid, found));
        if (load)
            load(start, std::min(size, looked_into));
        layout.partitions.back().file_system = file_system_at(*blkid, fd, start, size);
    }
    return layout;
}

DiskLayout probe_layout(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    std::array<char, format_bytes> header;
    const ssize_t got = file ? ::pread(file.get(), header.data(), header.size(), 0) : -1;
    if (got < 0)
        return with_problem(std::strerror(errno));
    const std::string_view bytes(header.data(), static_cast<std::size_t>(got));
    return file_format(bytes) == "qcow2" ? qcow2_layout(path, virtual_size(bytes)) : read_layout(file.get());
}

}  // namespace vmspawn
