#include "run/varlink_stream.hpp"

#include <iterator>
#include <utility>

namespace vmspawn {

void VarlinkStream::feed(std::string_view bytes, std::vector<Fd> descriptors) {
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\0');
        part_.text += bytes.substr(0, end);
        overlong_ = overlong_ || part_.text.size() > longest_;
        bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
        if (end != std::string_view::npos)
            whole_.push_back(std::exchange(part_, {}));
    }
    VarlinkMessage& last = part_.text.empty() && !whole_.empty() ? whole_.back() : part_;
    last.descriptors.insert(last.descriptors.end(), std::move_iterator(descriptors.begin()), std::move_iterator(descriptors.end()));
    overlong_ = overlong_ || last.descriptors.size() > most_descriptors;
}

std::optional<VarlinkMessage> VarlinkStream::take() {
    if (whole_.empty())
        return std::nullopt;
    VarlinkMessage next = std::move(whole_.front());
    whole_.pop_front();
    return next;
}

}  // namespace vmspawn
