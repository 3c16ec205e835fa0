#include "host/user_json.hpp"

namespace vmspawn::recorded {

namespace {

UserAnswer read_user(const json& value, const std::string& where, const PathReader& paths) {
    ObjectReader object(value, where);
    UserAnswer user;
    if (object.find("error") != nullptr) {
        object.read_number("error", user.error);
    } else {
        object.read_number("uid", user.uid);
        object.read_number("gid", user.gid);
        object.read("group", user.group);
        std::string home;
        object.read("home", home);
        user.home = paths.read(home, where + ".home");
        object.read("shell", user.shell);
        object.read_number("password_bytes", user.password);
    }
    object.finish();
    return user;
}

}  // namespace

void write_users(json& record, const Host& host, const PathWriter& paths) {
    for (const auto& [name, user] : host.users)
        record["users"][name] =
            user.error != 0 ? json{{"error", user.error}} : json{{"uid", user.uid},     {"gid", user.gid},
                                                                 {"group", user.group}, {"home", paths.write(user.home)},
                                                                 {"shell", user.shell}, {"password_bytes", user.password}};
}

void read_users(ObjectReader& record, Host& host, const PathReader& paths) {
    if (record.find("users") == nullptr)
        return;
    record.each("users",
                [&](const auto& name, const auto& value, const auto& where) { host.users[name] = read_user(value, where, paths); });
}

}  // namespace vmspawn::recorded
