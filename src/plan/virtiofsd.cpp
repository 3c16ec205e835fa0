#include "plan/virtiofsd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <limits>

namespace vmspawn {

namespace {

bool holds(const std::vector<IdGrant>& grants, const IdShift& shift) {
    return std::ranges::any_of(grants, [&](const IdGrant& grant) {
        const std::uint64_t end = std::uint64_t{shift.shift} + shift.range;
        return shift.shift >= grant.start && end <= std::uint64_t{grant.start} + grant.count;
    });
}

/// The caller is root, and the ids granted follow from 1 on.
std::vector<IdSpan> own_ids(std::uint32_t caller, const std::vector<IdGrant>& grants) {
    std::vector<IdSpan> ranges{{0, caller, 1}};
    std::uint32_t next = 1;
    for (const IdGrant& grant : grants) {
        const std::uint32_t count = std::min(grant.count, std::numeric_limits<std::uint32_t>::max() - next);
        if (count > 0)
            ranges.push_back({next, grant.start, count});
        next += count;
    }
    return ranges;
}

class ServerPlan {
public:
    ServerPlan(Planning& p, const ServedTree& tree) : p_(p), tree_(tree), facts_(*p.host.virtiofsd) {}

    std::optional<Server> plan() {
        if (!choose_ids())
            return std::nullopt;
        choose_mounts();
        server_.spawn.program = facts_.path;
        server_.spawn.death_signal = SIGKILL;
        facts_.features.contains("shared-dir") ? add_words() : add_old_words();
        server_.needs = {tree_.socket};
        if (!space_.stage.empty())
            server_.needs.insert(server_.needs.begin(), "runtime-dir");
        if (!space_.uids.empty() || !space_.stage.empty())
            server_.spawn.space = space_;
        return std::move(server_);
    }

private:
    Planning& p_;
    const ServedTree& tree_;
    const Virtiofsd& facts_;
    Server server_;
    Namespace space_;
    std::vector<std::string> id_words_;  ///< what virtiofsd itself translates
    std::string shared_;
    bool by_option_ = false;  ///< read-only

    void reason(std::string text) { server_.reasons.push_back(std::move(text)); }
    void word(std::string text) { server_.spawn.arguments.emplace_back(std::move(text)); }
    void old_option(std::string text) {
        word("-o");
        word(std::move(text));
    }

    [[nodiscard]] bool translates() const { return facts_.features.contains("translate-uid"); }

    bool choose_ids() {
        if (tree_.owner)
            return p_.host.uid == 0 ? choose_owner_ids(*tree_.owner) : choose_own_owner_ids(*tree_.owner);
        if (p_.host.uid != 0)
            return choose_user_ids();
        if (!tree_.shift)
            return true;
        const IdSpan range{0, tree_.shift->shift, tree_.shift->range};
        if (translates()) {
            map("uid", range);
            map("gid", range);
            return true;
        }
        space_.uids = space_.gids = {range};
        space_.mounts_first = true;
        reason(fmt::format("ids are shifted by a user namespace because virtiofsd {} cannot do it", facts_.version));
        return true;
    }

    void map(std::string_view kind, const IdSpan& ids) {
        id_words_.push_back(fmt::format("--translate-{}=map:{}:{}:{}", kind, ids.inside, ids.outside, ids.count));
    }
    /// All other ids of the guest become that one.
    void squash(std::string_view kind, std::uint32_t guest, std::uint32_t id) {
        constexpr std::uint32_t end = std::numeric_limits<std::uint32_t>::max();  // itself no id
        id_words_.push_back(fmt::format("--translate-{}=squash-guest:0:{}:{}", kind, id, guest));
        id_words_.push_back(fmt::format("--translate-{}=squash-guest:{}:{}:{}", kind, guest + 1, id, end - guest - 1));
    }

    /// The guest's root is not the host's: they could leave a program in the home that runs as root here.
    bool choose_owner_ids(const OwnerIds& owner) {
        if (translates()) {
            for (const auto& [kind, id] : {std::pair("uid", owner.uid), {"gid", owner.gid}}) {
                map(kind, {owner.guest, id, 1});
                squash(kind, owner.guest, id);
            }
            reason("what the guest's root and others make there belongs to this user on the host too");
            return true;
        }
        // root is a number that nobody has on the host
        space_.uids = {{0, owner.guest, 1}, {owner.guest, owner.uid, 1}};
        space_.gids = {{0, owner.guest, 1}, {owner.guest, owner.gid, 1}};
        space_.mounts_first = true;
        reason(fmt::format("ids are mapped by a user namespace because virtiofsd {} cannot do it", facts_.version));
        return true;
    }

    /// The owner runs vmspawn. Alone they can be root of a namespace, and virtiofsd has to do the rest.
    bool choose_own_owner_ids(const OwnerIds& owner) {
        if (translates()) {
            space_.uids = {{0, p_.host.uid, 1}};
            space_.gids = {{0, p_.host.gid, 1}};
            map("uid", {owner.guest, 0, 1});
            map("gid", {owner.guest, 0, 1});
            return true;
        }
        if (find_tools() && owner.gid == p_.host.gid) {
            space_.uids = {{0, p_.host.subuids.front().start, 1}, {owner.guest, owner.uid, 1}};
            space_.gids = {{0, p_.host.subgids.front().start, 1}, {owner.guest, owner.gid, 1}};
            reason(fmt::format("ids are mapped by a user namespace because virtiofsd {} cannot do it", facts_.version));
            return true;
        }
        p_.found.add(
            error(fmt::format("{}: virtiofsd {} cannot give a user of the host another number in the guest", tree_.key, facts_.version),
                  p_.origin(tree_.key))
                .with_hint("virtiofsd 1.13 can; so can root, and a user to whom /etc/subuid and /etc/subgid grant ids with newuidmap "
                           "(package uidmap)")
                .with_error(EOPNOTSUPP));
        return false;
    }

    /// Whether this user may map more ids than their own.
    bool find_tools() {
        const std::string uid_tool = p_.host.program("newuidmap");
        const std::string gid_tool = p_.host.program("newgidmap");
        if (uid_tool.empty() || gid_tool.empty() || p_.host.subuids.empty() || p_.host.subgids.empty())
            return false;
        space_.uid_tool = uid_tool;
        space_.gid_tool = gid_tool;
        return true;
    }

    bool choose_user_ids() {
        const bool tools = find_tools();
        if (tree_.shift && tree_.shift->shift != p_.host.uid) {
            space_.uids = space_.gids = {{0, tree_.shift->shift, tree_.shift->range}};
            if (tools && is_granted(p_, *tree_.shift))
                return true;
            p_.found.add(error(fmt::format("{}: the ids from {} on are not this user's to give", tree_.key, tree_.shift->shift),
                               p_.origin(tree_.key))
                             .with_hint("/etc/subuid and /etc/subgid must grant them, and newuidmap (package uidmap) be installed")
                             .with_error(EOPNOTSUPP));
            return false;
        }
        space_.uids = own_ids(p_.host.uid, tools ? p_.host.subuids : std::vector<IdGrant>());
        space_.gids = own_ids(p_.host.gid, tools ? p_.host.subgids : std::vector<IdGrant>());
        reason("the guest's root is this user on the host because vmspawn does not run as root");
        if (!tools)
            reason(p_.host.program("newuidmap").empty() || p_.host.program("newgidmap").empty()
                       ? "no other id of the guest exists on the host because newuidmap is not installed (package uidmap)"
                       : "no other id of the guest exists on the host because /etc/subuid grants this user none");
        return true;
    }

    void choose_mounts() {
        by_option_ = tree_.read_only && !tree_.file && facts_.features.contains("readonly");
        const bool bound = tree_.file || tree_.throw_away || (tree_.read_only && !by_option_) || space_.mounts_first;
        shared_ = tree_.path.string();
        if (!bound)
            return;
        space_.stage = p_.host.runtime_base + "/systemd/vmspawn";  // not the machine's own, whose name may be drawn at the start
        space_.mounts.push_back({.source = shared_,
                                 .name = tree_.file ? "share/file" : "share",
                                 .file = tree_.file,
                                 .read_only = tree_.read_only && !by_option_,
                                 .throw_away = tree_.throw_away});
        shared_ = space_.stage + "/share";
        if (p_.host.uid == 0)
            space_.mounts_first = true;
        if (tree_.throw_away)
            reason(
                "what the guest writes is kept in memory and goes with it because image.ephemeral = true; what is mounted below the "
                "directory is not seen");
        if (space_.mounts.front().read_only)
            reason(tree_.file ? "read-only by a mount of its own"
                              : fmt::format("read-only by a mount of its own because virtiofsd {} has no option for it", facts_.version));
    }

    [[nodiscard]] std::string cache_word(std::string_view never) const {
        if (tree_.cache == Cache::never)
            return std::string(never);
        return tree_.cache == Cache::always ? "always" : "auto";
    }

    void add_words() {
        server_.spawn.arguments.push_back(Word("--fd=") += Late{tree_.socket, Late::What::fd});
        word("--shared-dir=" + shared_);
        word("--cache=" + cache_word("never"));
        word("--xattr");
        word(tree_.submounts ? "--announce-submounts" : "--no-announce-submounts");
        if (by_option_)
            word("--readonly");
        if (!space_.uids.empty())
            word("--sandbox=chroot");
        for (const std::string& text : id_words_)
            word(text);
        word("--modcaps=-mknod");  // a device node that the guest makes would be one of the host
        word("--log-level=error");
    }

    void add_old_words() {
        server_.spawn.arguments.push_back(Word("--fd=") += Late{tree_.socket, Late::What::fd});
        std::string source;
        for (const char c : shared_)
            source += (c == ',' || c == '\\' ? "\\" : "") + std::string(1, c);
        old_option("source=" + source);
        old_option("cache=" + cache_word("none"));
        old_option("xattr");
        if (tree_.submounts)
            old_option("announce_submounts");
        if (!space_.uids.empty()) {
            old_option("sandbox=chroot");
            word("--rlimit-nofile=0");  // it may not raise it there, and would end
        }
        old_option("modcaps=-mknod");
        old_option("log_level=err");
    }
};

}  // namespace

bool is_granted(const Planning& p, const IdShift& shift) {
    return holds(p.host.subuids, shift) && holds(p.host.subgids, shift);
}

std::optional<Server> plan_server(Planning& p, const ServedTree& tree) {
    if (!p.host.virtiofsd->path.empty())
        return ServerPlan(p, tree).plan();
    p.found.add(error(fmt::format("{}: virtiofsd is not installed", tree.key), p.origin(tree.key))
                    .with_hint("apt install virtiofsd")
                    .with_error(EOPNOTSUPP));
    return std::nullopt;
}

}  // namespace vmspawn
