// Bytes of a varlink connection into messages, with the descriptors that came along. Bounded by the reader, who asks overlong().
#pragma once

#include "base/fd.hpp"
#include "run/socket_rights.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

struct VarlinkMessage {
    std::string text;  ///< without its NUL
    std::vector<Fd> descriptors;
};

class VarlinkStream {
public:
    explicit VarlinkStream(std::size_t longest) : longest_(longest) {}

    /// Of one read: the kernel ends a read behind the bytes that descriptors belong to, so these go with the last byte.
    void feed(std::string_view bytes, std::vector<Fd> descriptors);
    /// The next whole message.
    std::optional<VarlinkMessage> take();
    [[nodiscard]] bool empty() const { return whole_.empty(); }
    /// A message is too long, or has too many descriptors.
    [[nodiscard]] bool overlong() const { return overlong_; }

    static constexpr std::size_t most_descriptors = most_rights;

private:
    std::size_t longest_;
    std::deque<VarlinkMessage> whole_;
    VarlinkMessage part_;
    bool overlong_ = false;
};

}  // namespace vmspawn
