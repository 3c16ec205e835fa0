#include "run/piece_writer.hpp"

#include "base/password.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace vmspawn {

namespace {

constexpr std::uint64_t largest = 4ULL << 30;           ///< of the whole file
constexpr std::uint64_t largest_encoded = 64ULL << 20;  ///< of a piece that is held in memory to be encoded

/// By way of a descriptor, as a socket's path holds 107 bytes only. Nothing: there is no socket.
std::optional<Result<Fd>> connect_to(const std::string& path) {
    const Fd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat status {};
    if (!place || fstat(place.get(), &status) < 0 || !S_ISSOCK(status.st_mode))
        return std::nullopt;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    fmt::format_to_n(address.sun_path, sizeof address.sun_path - 1, "/proc/self/fd/{}", place.get());
    Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd || connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
        return failed("connect to " + path);
    return fd;
}

Result<Fd> open_content(const std::string& path) {
    if (auto connection = connect_to(path))
        return *std::move(connection);
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    struct stat status {};
    if (!fd || fstat(fd.get(), &status) < 0)
        return failed("open " + path);
    if (S_ISDIR(status.st_mode))
        return Failure{EISDIR, "read " + path, ""};
    // A pipe serves as well (shell: <(command)); an endless device does not.
    if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode))
        return Failure{EINVAL, "read " + path, "it is not a regular file"};
    fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
    return fd;
}

}  // namespace

Result<void> PieceWriter::add(const Text& text) {
    return bytes(text.bytes);
}

Result<void> PieceWriter::add(const Secret& secret) {
    return bytes(secret.base64 ? base64_encode(secret.bytes) : secret.bytes);
}

Result<void> PieceWriter::add(const FileContent& content) {
    return content.base64 ? encoded(content.path) : copied(content.path);
}

Result<void> PieceWriter::add(const PasswordHash& hash) {
    const Result<std::string> read = password_hash(hash.user);
    if (!read)
        return read.failure();
    if (read->size() != hash.size)
        return Failure{EAGAIN, "read the password hash of " + hash.user, "the password was changed just now"};
    return bytes(*read);
}

Result<void> PieceWriter::add(const Align& align) {
    const std::uint64_t over = align.boundary == 0 ? 0 : size_ % align.boundary;
    return bytes(over == 0 ? std::string() : std::string(align.boundary - over, '\0'));
}

Result<void> PieceWriter::add(const Late& late) {
    return bytes(sources_.resolve(late));
}

Result<void> PieceWriter::add(const RuntimeFile& file) {
    constexpr std::size_t most = 65536;
    const Fd from(openat(sources_.runtime_directory, file.name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    std::string content(most, '\0');
    const ssize_t size = from ? read(from.get(), content.data(), content.size()) : -1;
    if (size < 0)
        return failed("read " + file.name + " in the runtime directory");
    content.resize(static_cast<std::size_t>(size));
    if (!file.base64)  // a text that goes on after it
        while (content.ends_with('\n'))
            content.pop_back();
    return bytes(file.base64 ? base64_encode(content) : content);
}

Result<void> PieceWriter::add(const std::vector<Piece>& pieces) {
    for (const Piece& piece : pieces) {
        if (Result<void> added = std::visit([&](const auto& one) { return add(one); }, piece); !added)
            return added.failure();
    }
    return {};
}

Result<void> PieceWriter::bytes(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(fd_, text.data(), text.size());
        if (written < 0)
            return failed("write it");
        text.remove_prefix(static_cast<std::size_t>(written));
        size_ += static_cast<std::uint64_t>(written);
    }
    return {};
}

Result<void> PieceWriter::copied(const std::string& path) {
    Result<Fd> from = open_content(path);
    if (!from)
        return from.failure();
    for (;;) {
        const ssize_t moved = sendfile(fd_, from->get(), nullptr, 1 << 30);
        if (moved == 0)
            return {};
        if (moved < 0)
            return errno == EINVAL ? read_through(from->get(), path) : failed("copy " + path);
        size_ += static_cast<std::uint64_t>(moved);
        if (size_ > largest)
            return Failure{EFBIG, "copy " + path, ""};
    }
}

// For files that sendfile cannot read: pipes, some of /proc.
Result<void> PieceWriter::read_through(int from, const std::string& path) {
    std::array<char, 65536> buffer;
    for (;;) {
        const ssize_t got = read(from, buffer.data(), buffer.size());
        if (got < 0)
            return failed("read " + path);
        if (got == 0)
            return {};
        if (size_ > largest)
            return Failure{EFBIG, "read " + path, ""};
        if (Result<void> done = bytes({buffer.data(), static_cast<std::size_t>(got)}); !done)
            return done;
    }
}

Result<void> PieceWriter::encoded(const std::string& path) {
    Result<Fd> from = open_content(path);
    if (!from)
        return from.failure();
    std::string content;
    std::array<char, 65536> buffer;
    for (;;) {
        const ssize_t got = read(from->get(), buffer.data(), buffer.size());
        if (got < 0)
            return failed("read " + path);
        if (got == 0)
            return bytes(base64_encode(content));
        content.append(buffer.data(), static_cast<std::size_t>(got));
        if (content.size() > largest_encoded)
            return Failure{EFBIG, "read " + path, ""};
    }
}

}  // namespace vmspawn
