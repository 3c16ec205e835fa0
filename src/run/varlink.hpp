// One call by varlink: JSON and a NUL each way, on a socket of the host. Descriptors may go with it, which the JSON names by their place.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "run/event.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// Connected to the service behind the socket at `path`. ENOENT, ECONNREFUSED: it does not run.
Result<Fd> connect_by_varlink(const std::string& path);

/// {"method":…,"parameters":…} and its NUL. `parameters` is a JSON object.
std::string varlink_call(std::string_view method, std::string_view parameters);
/// What the reply, without its NUL, says. Never throws, whatever the bytes are.
Result<void> read_varlink_reply(std::string_view reply, const std::string& doing);

struct VarlinkReply {
    std::string text;             ///< without its NUL; an object that names no error
    std::vector<Fd> descriptors;  ///< that came with it
};

class VarlinkCall {
public:
    using Answer = std::function<void(Result<VarlinkReply>)>;

    /// `answer` is called once, from the loop. `doing` is for its Failure. The service gets copies of `descriptors`.
    VarlinkCall(EventLoop& loop, Fd socket, const std::string& call, std::string doing, Answer answer,
                const std::vector<int>& descriptors = {});

    static constexpr std::size_t longest_reply = 1 << 16;

private:
    Fd socket_;
    std::string doing_;
    Answer answer_;
    std::string heard_;
    std::vector<Fd> received_;
    EventSource source_;

    void read_some();
    void finish(Result<VarlinkReply> result);
    void finish_with(std::string_view reply);
};

}  // namespace vmspawn
