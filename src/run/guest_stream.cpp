#include "run/guest_stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <unistd.h>

namespace vmspawn {

namespace {

constexpr std::size_t stream_chunk = 65536;
/// Output that the caller has not taken. Beyond this the guest waits.
constexpr std::size_t most_output = 4 * stream_chunk;

}  // namespace

std::size_t withheld(std::string_view bytes) {
    std::size_t size = std::min(bytes.size(), end_of_stream.size());
    while (!end_of_stream.starts_with(bytes.substr(bytes.size() - size)))
        --size;
    return size;
}

GuestStream::GuestStream(EventLoop& loop, int from, int to, Handlers handlers)
    : from_(from),
      handlers_(std::move(handlers)),
      to_caller_(loop, to,
                 {.emptied =
                      [this] {
                          pump();
                          handlers_.moved();
                      },
                  .lost = [this](int) { handlers_.lost(); }}),
      from_guest_(loop.on_io(from, EPOLLIN, [this](std::uint32_t) { pump(); })) {}

bool GuestStream::has_room() const {
    return to_caller_.waiting() < most_output;
}

/// While the end is awaited the loop cannot help: it reports what comes, not that nothing more does.
void GuestStream::pump() {
    bool more = !ended_ && has_room();
    while (more)
        more = read_some() && finishing_ && has_room();
    from_guest_.enable(!ended_ && has_room());
}

/// False: there is nothing more for now.
bool GuestStream::read_some() {
    std::array<char, stream_chunk> buffer;
    const ssize_t size = read(from_, buffer.data(), buffer.size());
    if (size > 0) {
        held_.append(buffer.data(), static_cast<std::size_t>(size));
        const std::size_t free = held_.size() - withheld(held_);
        to_caller_.give(std::string_view(held_).substr(0, free));
        held_.erase(0, free);
        if (complete())
            handlers_.moved();
        return true;
    }
    if (size < 0 && errno == EINTR)
        return true;
    if (size == 0 || errno != EAGAIN || finishing_)
        end();
    return false;
}

void GuestStream::end() {
    ended_ = true;
    if (!complete())
        to_caller_.give(held_);
    handlers_.moved();
}

void GuestStream::finish() {
    finishing_ = true;
    pump();
}

}  // namespace vmspawn
