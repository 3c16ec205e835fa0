// The clients of the control socket: one call of each at a time, answered in turn. Whoever is slow, silent or talks nonsense keeps
// nobody waiting and costs a bounded amount of memory.
#pragma once

#include "run/control_call.hpp"
#include "run/outlet.hpp"
#include "run/varlink_stream.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vmspawn {

class ControlServer {
public:
    /// Every call is answered once, now or later, or not at all after its client has gone.
    using Handler = std::function<void(int call, ControlCall asked, std::vector<Fd> descriptors)>;

    /// `listener` is non-blocking.
    ControlServer(EventLoop& loop, Fd listener, Handler called);

    void answer(int call, const std::string& reply);
    /// The call is answered, and its connection is the caller's from then on. Empty: its client has gone.
    Fd hand_over(int call, const std::string& reply);
    /// The call is not answered but told events, first this one.
    void subscribe(int call, SubscribeEvents wanted);
    void publish(const std::string& event, const std::string& data);
    /// There are no more events.
    void close_subscribers();

    static constexpr std::size_t most_links = 32;
    static constexpr std::size_t longest_message = 1 << 16;
    static constexpr std::size_t most_waiting = 1 << 18;  ///< bytes that a client does not read

private:
    struct Link {
        Fd socket;
        Fd output;  ///< the same: the loop watches a descriptor once
        VarlinkStream heard{longest_message};
        std::unique_ptr<Outlet> said{};
        EventSource readable{};
        int call = 0;  ///< under way
        bool oneway = false;
        bool serving = false;
        bool ended = false;  ///< it says no more
        std::optional<SubscribeEvents> subscribed{};
    };

    EventLoop& loop_;
    Fd listener_;
    Handler called_;
    std::map<int, std::unique_ptr<Link>> links_;
    int last_link_ = 0;
    int last_call_ = 0;
    EventSource connects_;
    EventSource again_;
    EventSource sweep_;  ///< due when a link is to go that may be on the stack

    void accept_one();
    void read_from(int id);
    [[nodiscard]] static bool receive(Link& link);
    void serve(int id);
    void call_next(int id);
    void give(int id, const std::string& message);
    [[nodiscard]] std::map<int, std::unique_ptr<Link>>::iterator link_of(int call);
    [[nodiscard]] static bool is_over(const Link& link);
    void sweep_soon();
};

}  // namespace vmspawn
