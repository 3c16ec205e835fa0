// Rules about what the guest is given and what it tells: users, credentials, journal, readiness; and the unit it runs in.
#include "model/rule_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <variant>

namespace vmspawn::check {

namespace {

Diagnostic needs_bind(const Machine& m, std::string_view key) {
    return conflict(m, key, fmt::format("{} needs users.bind", key), "name the host users to bind");
}

}  // namespace

void user_settings_need_bind(const Machine& m, Diagnostics& found) {
    if (!m.users.bind.empty())
        return;
    if (std::holds_alternative<Path>(m.users.shell))
        found.add(needs_bind(m, "users.shell"));
    if (!m.users.groups.empty())
        found.add(needs_bind(m, "users.groups"));
}

void shell_needs_bind(const Machine& m, Diagnostics& found) {
    const bool* shell = std::get_if<bool>(&m.users.shell);
    if (m.users.bind.empty() && shell != nullptr && *shell)
        found.add(needs_bind(m, "users.shell"));
}

void bind_no_system_user(const Machine& m, Diagnostics& found) {
    for (std::size_t i = 0; i < m.users.bind.size(); ++i)
        if (m.users.bind[i] == "root" || m.users.bind[i] == "nobody")
            found.add(conflict(m, element_key("users.bind", i), fmt::format("the user {} cannot be bound", m.users.bind[i]),
                               "every guest has its own"));
}

void bind_up_to_64(const Machine& m, Diagnostics& found) {
    constexpr std::size_t most = 64;  // systemd's range of numbers for them in a guest
    if (m.users.bind.size() > most)
        found.add(conflict(m, element_key("users.bind", most), fmt::format("users.bind has {} users", m.users.bind.size()),
                           fmt::format("a guest has numbers for {} of the host's", most)));
}

namespace {

/// A credential that vmspawn sets itself, and when.
struct Own {
    std::string_view id;
    std::string_view key;  ///< the setting that asks for it
    std::string_view hint;
    bool (*is_set)(const Machine&);
};

constexpr Own own_credentials[] = {
    {"vmm.notify_socket", "vsock.enabled", "drop it, or set vsock.enabled = false",
     [](const Machine& m) { return m.vsock.enabled != Want::no; }},
    {"ssh.ephemeral-authorized_keys-all", "ssh.pass-key", "drop it, or set ssh.pass-key = false",
     [](const Machine& m) { return m.ssh.pass_key && m.vsock.enabled != Want::no; }},
    {"journal.forward_to_socket", "journal.forward", "keep one of the two", [](const Machine& m) { return m.journal.forward.has_value(); }},
};

bool is_record_of(std::string_view user, std::string_view credential) {
    return credential == fmt::format("userdb.transient.user.{}", user) || credential == fmt::format("userdb.transient.group.{}", user);
}

}  // namespace

void credential_ids_taken(const Machine& m, Diagnostics& found) {
    for (const Credential& credential : m.credentials) {
        for (const Own& own : own_credentials)
            if (credential.id == own.id && own.is_set(m))
                found.add(conflict(m, entry_key("credentials", own.id), fmt::format("{} sets the credential {} itself", own.key, own.id),
                                   std::string(own.hint), own.key));
        for (std::size_t i = 0; i < m.users.bind.size(); ++i)
            if (is_record_of(m.users.bind[i], credential.id))
                found.add(conflict(m, entry_key("credentials", credential.id),
                                   fmt::format("users.bind sets the credential {} itself", credential.id), "drop it, or bind another user",
                                   element_key("users.bind", i)));
    }
}

void journal_limits_need_forward(const Machine& m, Diagnostics& found) {
    if (m.journal.forward)
        return;
    const std::array<std::pair<std::string_view, bool>, 4> limits{{
        {"journal.max-use", m.journal.max_use.has_value()},
        {"journal.keep-free", m.journal.keep_free.has_value()},
        {"journal.max-file-size", m.journal.max_file_size.has_value()},
        {"journal.max-files", m.journal.max_files.has_value()},
    }};
    for (const auto& [key, is_set] : limits)
        if (is_set)
            found.add(conflict(m, key, fmt::format("{} needs journal.forward", key), "say where the journal goes"));
}

void journal_needs_vsock(const Machine& m, Diagnostics& found) {
    if (!m.journal.forward || m.vsock.enabled != Want::no)
        return;
    Diagnostic problem = conflict(m, "journal.forward", "journal.forward needs vsock", "the journal travels over vsock", "vsock.enabled");
    problem.key = "journal";  // its limits mean nothing without it
    found.add(std::move(problem));
}

void unit_settings_need_own_unit(const Machine& m, Diagnostics& found) {
    if (!m.unit.keep)
        return;
    const auto refuse = [&](std::string_view key) {
        found.add(conflict(m, key, fmt::format("{} has no effect with unit.keep", key), "the unit that vmspawn runs in stays as it is",
                           "unit.keep"));
    };
    if (m.said("unit.slice"))
        refuse("unit.slice");
    if (!m.unit.properties.empty())
        refuse("unit.properties");
}

void ready_needs_vsock(const Machine& m, Diagnostics& found) {
    if (m.vsock.enabled != Want::no)
        return;
    const std::string hint = "the guest reports readiness over vsock";
    if (m.ready.notify && m.said("ready.notify"))
        found.add(conflict(m, "ready.notify", "ready.notify needs vsock", hint, "vsock.enabled"));
    if (m.ready.timeout_us)
        found.add(conflict(m, "ready.timeout", "ready.timeout needs vsock", hint, "vsock.enabled"));
}

void ready_timeout_needs_notify(const Machine& m, Diagnostics& found) {
    if (m.ready.timeout_us && !m.ready.notify)
        found.add(conflict(m, "ready.timeout", "ready.timeout needs ready.notify", "ready at once, there is nothing to wait for",
                           "ready.notify"));
}

}  // namespace vmspawn::check
