// A tap interface by systemd-nsresourced, which makes one for a user who shows a user namespace of their own.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "run/varlink.hpp"

#include <functional>
#include <optional>
#include <string>

namespace vmspawn {

/// The interface lasts until the last copy of its descriptor, and at most as long as this, which has the user namespace: with that,
/// systemd-nsresourced takes all back that it gave. So nothing stays when this process is killed.
class TapRequest {
public:
    using Answer = std::function<void(Result<void>)>;

    /// The loop outlives this. `socket` is systemd-nsresourced's for varlink, `machine` a name for those who look at the host's interfaces.
    TapRequest(EventLoop& loop, std::string socket, std::string machine, Answer made);
    TapRequest(const TapRequest&) = delete;
    TapRequest& operator=(const TapRequest&) = delete;

    /// Where it succeeds `made` is called once, from the loop.
    Result<void> begin();

    /// Empty until it is made.
    Fd& tap() { return tap_; }
    [[nodiscard]] const std::string& interface() const { return interface_; }

private:
    EventLoop& loop_;
    std::string socket_;
    std::string machine_;
    Answer made_;
    Fd space_;  ///< the user namespace
    std::optional<VarlinkCall> call_;
    Fd tap_;
    std::string interface_;

    Result<void> call(const char* method, const std::string& parameters, VarlinkCall::Answer answer);
    Result<void> register_as(const std::string& name, bool again);
    void registered(const Result<VarlinkReply>& reply, bool again);
    void added(Result<VarlinkReply> reply);
    void finish(Result<void> result);
};

/// A refusal of systemd-nsresourced in words for the user; the errno says whose the fault is.
Failure explain_refusal(const Failure& refusal);

/// What a reply about a new interface says: its name, and which of the descriptors is its. EPROTO: it does not.
struct ToldInterface {
    std::string name;
    std::size_t descriptor = 0;
};
Result<ToldInterface> read_interface(const std::string& reply, std::size_t descriptors);

}  // namespace vmspawn
