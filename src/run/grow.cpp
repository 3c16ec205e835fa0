#include "run/grow.hpp"

#include "run/gpt.hpp"
#include "run/tool.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

namespace {

Result<void> put_table_right(int fd, std::uint64_t size) {
    if (!gpt_copy_is_astray(fd, size))
        return {};
    return move_gpt_copy(fd);
}

/// A limit on the size of files is an error of the call, not a signal that ends vmspawn.
class NoFileSizeSignal {
public:
    NoFileSizeSignal() {
        struct sigaction ignore {};
        ignore.sa_handler = SIG_IGN;
        sigaction(SIGXFSZ, &ignore, &before_);
    }
    NoFileSizeSignal(const NoFileSizeSignal&) = delete;
    NoFileSizeSignal& operator=(const NoFileSizeSignal&) = delete;
    ~NoFileSizeSignal() { sigaction(SIGXFSZ, &before_, nullptr); }

private:
    struct sigaction before_ {};
};

Result<void> grow_raw(int fd, std::uint64_t size) {
    struct stat status {};
    if (fstat(fd, &status) < 0)
        return failed("look at it");
    const auto before = static_cast<std::uint64_t>(status.st_size);
    if (!S_ISREG(status.st_mode) || before > size)
        return {};
    const NoFileSizeSignal quiet;
    if (before < size && ftruncate(fd, static_cast<off_t>(size)) < 0)
        return failed("enlarge it");
    Result<void> done = put_table_right(fd, size);
    if (done && fsync(fd) < 0)
        done = failed("write it to the disk");
    if (done)
        return {};
    // Unless the table already says that the disk is larger, it can be as it was.
    if (before < size && gpt_fits(fd, before) && ftruncate(fd, static_cast<off_t>(before)) < 0)
        return Failure{done.failure().error, done.failure().doing, "and the image cannot be cut to its old size again"};
    return done;
}

/// A place for the disk inside the image; the file below it is gone with this object.
class MountPoint {
public:
    static Result<MountPoint> make() {
        const char* wanted = std::getenv("TMPDIR");
        MountPoint made;
        made.path_ = std::string(wanted != nullptr && wanted[0] == '/' ? wanted : "/tmp") + "/vmspawn-disk-XXXXXX";
        const Fd file(mkostemp(made.path_.data(), O_CLOEXEC));
        if (!file)
            return failed("make " + std::exchange(made.path_, ""));
        return made;
    }
    MountPoint() = default;
    MountPoint(MountPoint&& other) noexcept : path_(std::exchange(other.path_, "")) {}
    MountPoint& operator=(MountPoint&&) = delete;
    ~MountPoint() {
        if (!path_.empty())
            unlink(path_.c_str());
    }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

Result<void> put_table_right_at(const std::string& path, std::uint64_t size) {
    const Fd disk(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY));
    if (!disk)
        return failed("open the disk inside the image");
    Result<void> done = put_table_right(disk.get(), size);
    if (done && fsync(disk.get()) < 0)
        done = failed("write it to the disk");
    return done;
}

/// QEMU shows the disk inside the image as a file, by FUSE, while the table is put right.
Result<void> put_inner_table_right(int fd, std::uint64_t size, const Grow::Tools& tools, const GrowTalk& talk) {
    Result<MountPoint> place = MountPoint::make();
    if (!place)
        return place.failure();
    const std::string node = R"({"node-name":"disk",)" + tools.image.substr(1);
    std::string export_words = "type=fuse,id=disk,node-name=disk,writable=on,mountpoint=";
    for (const char c : place->path())
        export_words += c == ',' ? ",," : std::string(1, c);
    // Options take effect in their order: when the monitor greets, the export is there. fusermount3 of a user is setuid.
    Result<Tool> daemon =
        Tool::start(tools.storage_daemon,
                    {"--blockdev", node, "--export", export_words, "--chardev", "stdio,id=monitor", "--monitor", "chardev=monitor"}, {fd},
                    geteuid() == 0);
    if (!daemon)
        return daemon.failure();
    if (Result<void> ready = daemon->wait_for("\"QMP\"", talk.slow); !ready)
        return ready;
    Result<void> done = put_table_right_at(place->path(), size);
    Result<void> stopped = daemon->stop();
    return done ? stopped : done;
}

Result<void> grow_qcow2(int fd, std::uint64_t size, const Grow::Tools& tools, const GrowTalk& talk) {
    Result<Tool> resize = Tool::start(tools.qemu_img, {"resize", "-q", "json:" + tools.image, std::to_string(size)}, {fd});
    if (!resize)
        return resize.failure();
    if (Result<void> done = resize->finish(talk.slow); !done)
        return done;
    if (tools.storage_daemon.empty())
        return {};
    if (Result<void> done = put_inner_table_right(fd, size, tools, talk); !done)
        talk.warning(fmt::format("the copy of the partition table stays where it is: could not {}", to_string(done.failure())));
    return {};
}

}  // namespace

Result<void> grow_image(int fd, const Grow& grow, const GrowTalk& talk) {
    return grow.qcow2 ? grow_qcow2(fd, grow.size, *grow.qcow2, talk) : grow_raw(fd, grow.size);
}

}  // namespace vmspawn
