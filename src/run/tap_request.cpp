#include "run/tap_request.hpp"

#include "base/text.hpp"
#include "run/namespace.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

namespace {

constexpr const char* asking = "ask systemd-nsresourced for a tap interface";
constexpr std::string_view name_taken = "io.systemd.NamespaceResource.NameExists";

struct Refusal {
    std::string_view name;  ///< how the service's error begins
    int error;
    std::string_view words;
};
constexpr std::string_view too_old = "this systemd-nsresourced is too old: it makes no tap interfaces (that of systemd 259 does)";
constexpr std::array refusals{
    Refusal{"io.systemd.NamespaceResource.UserNamespaceInterfaceNotSupported", EOPNOTSUPP,
            "it does nothing for users on this host, as the kernel is too old or lacks the BPF LSM (bpf in "
            "/sys/kernel/security/lsm, by the kernel word lsm=); journalctl -u systemd-nsresourced says which"},
    Refusal{"io.systemd.NamespaceResource.TooManyNetworkInterfaces", EBUSY, "this user has as many network interfaces as a user may"},
    Refusal{"org.varlink.service.PermissionDenied", EACCES,
            "polkit does not let this user (io.systemd.namespace-resource.delegate-network-interface)"},
    Refusal{"io.systemd.InteractiveAuthenticationRequired", EACCES,
            "polkit wants a password for it (io.systemd.namespace-resource.delegate-network-interface)"},
    Refusal{"org.varlink.service.InvalidParameter parameter=mangleName", EOPNOTSUPP, too_old},
    Refusal{"org.varlink.service.InvalidParameter parameter=mode", EOPNOTSUPP, too_old},
    Refusal{"org.varlink.service.InvalidParameter parameter=networkNamespaceFileDescriptor", EOPNOTSUPP, too_old},
    Refusal{"org.varlink.service.MethodNotFound", EOPNOTSUPP, too_old},
};

}  // namespace

Failure explain_refusal(const Failure& refusal) {
    for (const Refusal& known : refusals)
        if (refusal.detail.starts_with(known.name))
            return {known.error, refusal.doing, fmt::format("{}\n{}", known.words, refusal.detail)};
    return refusal;
}

Result<ToldInterface> read_interface(const std::string& reply, std::size_t descriptors) {
    const auto message = nlohmann::json::parse(reply, nullptr, /*allow_exceptions=*/false);
    const auto told = message.is_object() ? message.value("parameters", nlohmann::json()) : nlohmann::json();
    if (told.is_object()) {
        const auto name = told.find("hostInterfaceName");
        const auto place = told.find("interfaceFileDescriptor");
        if (name != told.end() && name->is_string() && place != told.end() && place->is_number_unsigned() &&
            place->get<std::size_t>() < descriptors)
            return ToldInterface{.name = printable(name->get<std::string>()), .descriptor = place->get<std::size_t>()};
    }
    return Failure{EPROTO, asking, "its answer names no interface"};
}

TapRequest::TapRequest(EventLoop& loop, std::string socket, std::string machine, Answer made)
    : loop_(loop), socket_(std::move(socket)), machine_(std::move(machine)), made_(std::move(made)) {}

Result<void> TapRequest::begin() {
    Result<Fd> space = make_user_namespace();
    if (!space)
        return space.failure();
    space_ = std::move(*space);
    return register_as(fmt::format("vmspawn-{}-{}", getpid(), machine_), false);
}

Result<void> TapRequest::call(const char* method, const std::string& parameters, VarlinkCall::Answer answer) {
    Result<Fd> socket = connect_by_varlink(socket_);
    if (!socket)
        return socket.failure();
    call_.emplace(loop_, std::move(*socket), varlink_call(method, parameters), asking, std::move(answer), std::vector<int>{space_.get()});
    return {};
}

/// A long name is cut by the service, as it becomes part of a user's name.
Result<void> TapRequest::register_as(const std::string& name, bool again) {
    const nlohmann::ordered_json parameters{{"name", name}, {"mangleName", true}, {"userNamespaceFileDescriptor", 0}};
    return call("io.systemd.NamespaceResource.RegisterUserNamespace", parameters.dump(),
                [this, again](const Result<VarlinkReply>& reply) { registered(reply, again); });
}

// What is left of a name that was cut may be another's, or our own of a moment ago. A number of the kernel's is short and of one
// namespace alone.
void TapRequest::registered(const Result<VarlinkReply>& reply, bool again) {
    if (!reply && !again && reply.failure().detail.starts_with(name_taken)) {
        struct stat status {};
        if (fstat(space_.get(), &status) < 0)
            return finish(failed(asking));
        if (Result<void> asked = register_as(std::to_string(status.st_ino), true); !asked)
            finish(asked.failure());
        return;
    }
    if (!reply)
        return finish(explain_refusal(reply.failure()));
    const nlohmann::ordered_json parameters{{"userNamespaceFileDescriptor", 0}, {"mode", "tap"}};
    Result<void> asked = call("io.systemd.NamespaceResource.AddNetworkToUserNamespace", parameters.dump(),
                              [this](Result<VarlinkReply> added_reply) { added(std::move(added_reply)); });
    if (!asked)
        finish(asked.failure());
}

void TapRequest::added(Result<VarlinkReply> reply) {
    if (!reply)
        return finish(explain_refusal(reply.failure()));
    Result<ToldInterface> told = read_interface(reply->text, reply->descriptors.size());
    if (!told)
        return finish(told.failure());
    interface_ = std::move(told->name);
    tap_ = std::move(reply->descriptors[told->descriptor]);
    finish({});
}

void TapRequest::finish(Result<void> result) {
    const Answer made = std::exchange(made_, nullptr);
    made(std::move(result));
}

}  // namespace vmspawn
