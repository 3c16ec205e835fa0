#include "run/backlog.hpp"

#include "run/memory_file.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <utility>

namespace vmspawn {

void Backlog::add(std::string_view bytes) {
    if (file_ || !tail_.empty() || head_.size() - dropped_ + bytes.size() > most_in_memory) {
        if (tail_.empty())
            bytes.remove_prefix(write_out(bytes));
        tail_ += bytes;
        return;
    }
    if (dropped_ > most_in_memory) {
        head_.erase(0, dropped_);
        dropped_ = 0;
    }
    head_ += bytes;
}

/// How many of them are in the file now.
std::size_t Backlog::write_out(std::string_view bytes) {
    if (!file_)
        file_ = new_scratch("backlog");
    std::size_t done = 0;
    while (file_ && done < bytes.size() && written_ < longest_file) {
        const ssize_t size = pwrite(file_.get(), bytes.data() + done, bytes.size() - done, written_);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            break;
        done += static_cast<std::size_t>(size);
        written_ += size;
    }
    return done;
}

std::string_view Backlog::front() {
    if (dropped_ == head_.size())
        fetch();
    return std::string_view(head_).substr(dropped_);
}

void Backlog::fetch() {
    constexpr std::size_t piece = 65536;
    head_.clear();
    dropped_ = 0;
    if (read_ < written_) {
        head_.resize(std::min(piece, static_cast<std::size_t>(written_ - read_)));
        ssize_t size = -1;
        do
            size = pread(file_.get(), head_.data(), head_.size(), read_);
        while (size < 0 && errno == EINTR);
        // A disk that gives back no more what it took: nothing can be done for the rest.
        head_.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        read_ = size > 0 ? read_ + size : written_;
    }
    if (read_ < written_)
        return;
    file_.reset();
    read_ = written_ = 0;
    if (head_.empty())
        head_ = std::exchange(tail_, {});
}

void Backlog::drop(std::size_t size) {
    dropped_ += size;
    if (dropped_ == head_.size())
        fetch();
}

void Backlog::clear() {
    *this = Backlog();
}

}  // namespace vmspawn
