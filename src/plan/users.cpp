// Users of the host in the guest: a number of their own there, records for the guest's systemd, and the home by virtiofs.
#include "plan/contributors.hpp"
#include "plan/files.hpp"
#include "plan/shares.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <cstring>

namespace vmspawn {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint32_t first_id = 60514;  ///< systemd's range of 64 for users of a host in its guests; a rule keeps the number down
constexpr std::uint32_t nobody = 65534;

struct BoundUser {
    std::string name;
    std::string key;
    const UserAnswer& host;
    std::uint32_t id;  ///< in the guest, of the user and of their group
};

bool refuse(Planning& p, const BoundUser& user, const std::string& what, std::string hint, int status) {
    p.found.add(error(fmt::format("{}: {}", user.key, what), p.origin(user.key)).with_hint(std::move(hint)).with_error(status));
    return false;
}

bool judge_user(Planning& p, const BoundUser& user) {
    const UserAnswer& host = user.host;
    if (host.error == ENOENT)
        return refuse(p, user, fmt::format("the host has no user {}", user.name), "getent passwd lists those that it has", ENOENT);
    if (host.error != 0)
        return refuse(p, user, fmt::format("cannot look up the user {}", user.name), std::strerror(host.error), host.error);
    if (host.uid == 0 || host.uid == nobody)
        return refuse(p, user, fmt::format("{} is another name of {}", user.name, host.uid == 0 ? "root" : "nobody"),
                      "every guest has its own", EINVAL);
    if (host.group != user.name)
        return refuse(p, user,
                      fmt::format("the group of {} is {}, not one of their own", user.name, host.group.empty() ? "unknown" : host.group),
                      fmt::format("a user can be bound whose primary group has the same name, {}", user.name), EINVAL);
    if (p.host.uid != 0 && p.host.uid != host.uid)
        return refuse(p, user, fmt::format("only root can bind another user, {}", user.name),
                      fmt::format("vmspawn runs as uid {}", p.host.uid), EACCES);
    return true;
}

bool judge_home(Planning& p, const BoundUser& user) {
    if (user.host.home.empty())
        return refuse(p, user, fmt::format("{} has no home directory", user.name), "users of services have none to bind", EINVAL);
    const FileAnswer* home =
        judge_file(p, {.path = user.host.home, .key = user.key, .called = "the home directory", .directory = true, .regular = false});
    if (home == nullptr || home->owner == user.host.uid)
        return home != nullptr;
    return refuse(p, user,
                  fmt::format("the home directory {} belongs to uid {}, not to {}", p.shown(user.host.home), home->owner, user.name),
                  "users of services have none to bind", EINVAL);
}

Json user_record(const Planning& p, const BoundUser& user) {
    Json record{{"userName", user.name},
                {"uid", user.id},
                {"gid", user.id},
                {"disposition", "regular"},
                {"homeDirectory", bound_home(user.name)},
                {"service", "io.systemd.NSpawn"}};
    if (const auto* path = std::get_if<Path>(&p.machine.users.shell))
        record["shell"] = path->string();
    else if (std::get<bool>(p.machine.users.shell))
        record["shell"] = user.host.shell;
    if (!p.machine.users.groups.empty())
        record["memberOf"] = p.machine.users.groups;
    return record;
}

Json group_record(const BoundUser& user) {
    return {{"groupName", user.name}, {"gid", user.id}, {"disposition", "regular"}, {"service", "io.systemd.NSpawn"}};
}

std::string on_one_line(const Json& record) {
    return record.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// The hash comes in only when the machine starts, so its place is left open.
std::vector<Piece> user_pieces(const Planning& p, const BoundUser& user) {
    std::string text = on_one_line(user_record(p, user));
    if (user.host.password == 0)
        return {Text{std::move(text)}};
    text.pop_back();
    return {Text{text + R"(,"privileged":{"hashedPassword":[")"}, PasswordHash{user.name, user.host.password}, Text{"\"]}}"}};
}

std::vector<std::string> reasons_for(const Planning& p, const BoundUser& user) {
    std::vector<std::string> reasons{fmt::format("{} is {} in the guest and {} on the host", user.name, user.id, user.host.uid)};
    if (user.host.password == 0)
        reasons.push_back(
            fmt::format("{} cannot log in by a password because {}", user.name,
                        p.host.uid == 0 ? "none is set on the host, or it is locked" : "only root can read its hash on the host"));
    return reasons;
}

bool add_user(Planning& p, const BoundUser& user) {
    if (!judge_user(p, user) || !judge_home(p, user))
        return false;
    const std::string tag = "@" + user.name;  // no mount of a definition has such a one
    ServedTree tree{.key = user.key, .path = user.host.home, .submounts = true, .owner = OwnerIds{user.id, user.host.uid, user.host.gid}};
    if (!serve(p, "home." + user.name, "home." + user.name, tag, std::move(tree), reasons_for(p, user)))
        return false;
    tell_guest(p, {tag, bound_home(user.name), "virtiofs", "rw"});
    add_credential(p, "userdb.transient.user." + user.name, user_pieces(p, user), user.key);
    add_credential(p, "userdb.transient.group." + user.name, {Text{on_one_line(group_record(user))}}, user.key);
    return true;
}

}  // namespace

void plan_users(Planning& p) {
    std::vector<std::string> told;
    for (std::size_t i = 0; i < p.machine.users.bind.size(); ++i) {
        const std::string& name = p.machine.users.bind[i];
        const BoundUser user{name, element_key("users.bind", i), p.host.users.at(name), first_id + static_cast<std::uint32_t>(i)};
        if (add_user(p, user) && user.host.password != 0)
            told.push_back(name);
    }
    if (!told.empty())
        p.plan.notices.push_back(
            fmt::format("the guest is told the password hash of {}: whoever controls the guest can read it", fmt::join(told, ", ")));
}

}  // namespace vmspawn
