#include "run/transcript.hpp"

#include "base/file.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

namespace {

constexpr const char* newer_half = "transcript";
constexpr const char* older_half = "transcript.old";
/// Of one half, whoever made it.
constexpr std::size_t most_read = std::size_t{64} << 20;

std::string part_of(const std::string& path) {
    Result<std::string> text = read_file(path, most_read);
    return text ? *std::move(text) : "";
}

ino_t file_number(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

Transcript::Transcript(Fd directory, std::size_t half) : directory_(std::move(directory)), half_(half) {
    begin();
}

void Transcript::begin() {
    file_ = Fd(openat(directory_.get(), newer_half, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    size_ = 0;
}

void Transcript::add(LiveEntry::Kind kind, std::uint64_t time, std::string_view bytes) {
    if (size_ >= half_) {
        renameat(directory_.get(), newer_half, directory_.get(), older_half);
        file_.reset();
    }
    if (!file_)
        begin();
    std::string head = entry_head(kind, time, bytes.size());
    const std::array<iovec, 2> pieces{{{head.data(), head.size()}, {const_cast<char*>(bytes.data()), bytes.size()}}};
    const ssize_t written = writev(file_.get(), pieces.data(), pieces.size());
    if (std::cmp_equal(written, head.size() + bytes.size()))
        size_ += static_cast<std::size_t>(written);
    else if (written > 0)
        (void)!ftruncate(file_.get(), static_cast<off_t>(size_));  // no half entry, or nothing after it could be read
}

std::string Transcript::content() const {
    return read_transcript(fmt::format("/proc/self/fd/{}", directory_.get()));
}

std::string read_transcript(const std::string& directory) {
    const std::string newer = directory + "/" + newer_half;
    const std::string older = directory + "/" + older_half;
    constexpr int attempts = 5;  // the halves may change places while they are read
    std::string all;
    for (int i = 0; i < attempts; ++i) {
        const ino_t before = file_number(newer);
        all = part_of(older) + part_of(newer);
        if (before == file_number(newer))
            break;
    }
    return all;
}

}  // namespace vmspawn
