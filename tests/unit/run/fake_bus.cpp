#include "fake_bus.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace vmspawn::test {

FakeBus::FakeBus(EventLoop& loop, Serve serve)
    : loop_(loop), serve_(std::move(serve)), listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const std::string path = directory_.path() / "bus";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_.get(), 5), 0);
    source_ = loop_.on_io(listener_.get(), EPOLLIN, [this](std::uint32_t) { admit(); });
    setenv("DBUS_SYSTEM_BUS_ADDRESS", ("unix:path=" + path).c_str(), 1);
}

FakeBus::~FakeBus() {
    unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
    for (sd_bus* client : clients_) {
        sd_bus_detach_event(client);
        sd_bus_close_unref(client);
    }
}

void FakeBus::admit() {
    sd_bus* client = nullptr;
    sd_id128_t id{};
    ASSERT_GE(sd_bus_new(&client), 0);
    clients_.push_back(client);
    const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    ASSERT_GE(sd_bus_set_fd(client, fd, fd), 0);
    ASSERT_GE(sd_id128_randomize(&id), 0);
    ASSERT_GE(sd_bus_set_server(client, 1, id), 0);
    const auto handler = [](sd_bus_message* call, void* bus, sd_bus_error*) { return static_cast<FakeBus*>(bus)->serve(call); };
    ASSERT_GE(sd_bus_add_filter(client, nullptr, handler, this), 0);
    ASSERT_GE(sd_bus_start(client), 0);
    ASSERT_TRUE(loop_.attach(client));
}

int FakeBus::serve(sd_bus_message* call) {
    const char* member = sd_bus_message_get_member(call);
    if (member == nullptr || sd_bus_message_is_method_call(call, nullptr, nullptr) <= 0)
        return 0;
    if (member == std::string_view("Hello"))
        return sd_bus_reply_method_return(call, "s", ":1.1");
    if (member == std::string_view("AddMatch") || member == std::string_view("RemoveMatch"))
        return sd_bus_reply_method_return(call, "");
    serve_(member, call);
    return 1;
}

void FakeBus::emit(const char* member, const std::function<void(sd_bus_message*)>& fill) {
    sd_bus_message* signal = nullptr;
    ASSERT_GE(sd_bus_message_new_signal(clients_.back(), &signal, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", member),
              0);
    EXPECT_GE(sd_bus_message_set_sender(signal, "org.freedesktop.systemd1"), 0);
    fill(signal);
    EXPECT_GE(sd_bus_send(clients_.back(), signal, nullptr), 0);
    sd_bus_message_unref(signal);
}

}  // namespace vmspawn::test
