// A plan as data, version 1.
#include "plan/print.hpp"
#include "plan/print_parts.hpp"

#include <nlohmann/json.hpp>

namespace vmspawn {

namespace {

using Json = nlohmann::ordered_json;

struct PieceJson {
    const Places& places;

    Json operator()(const Text& text) const { return {{"text", text.bytes}}; }
    Json operator()(const Secret& secret) const { return {{"credential", secret.id}, {"base64", secret.base64}}; }
    Json operator()(const FileContent& file) const {
        Json record{{"file", shown_path(file.path, places)}, {"base64", file.base64}};
        if (!file.credential.empty())
            record["credential"] = file.credential;
        return record;
    }
    Json operator()(const PasswordHash& hash) const { return {{"password-hash", hash.user}}; }
    Json operator()(const PathText& text) const { return {{"path", shown_path(text.path, places)}}; }
    Json operator()(const Align& align) const { return {{"align", align.boundary}}; }
    Json operator()(const Late& late) const { return {{"late", to_string(Word() += late)}}; }
    Json operator()(const RuntimeFile& file) const { return {{"runtime-file", file.name}, {"base64", file.base64}}; }
};

Json ranges_json(const std::vector<IdSpan>& ranges) {
    Json all = Json::array();
    for (const IdSpan& range : ranges)
        all.push_back({{"inside", range.inside}, {"outside", range.outside}, {"count", range.count}});
    return all;
}

Json space_json(const Namespace& space, const Places& places) {
    Json mounts = Json::array();
    for (const BindMount& mount : space.mounts)
        mounts.push_back({{"source", shown_path(mount.source, places)},
                          {"name", mount.name},
                          {"file", mount.file},
                          {"read-only", mount.read_only},
                          {"throw-away", mount.throw_away}});
    return {{"uids", ranges_json(space.uids)},
            {"gids", ranges_json(space.gids)},
            {"uid-tool", space.uid_tool},
            {"gid-tool", space.gid_tool},
            {"stage", space.stage},
            {"mounts", std::move(mounts)},
            {"mounts-first", space.mounts_first}};
}

struct ActionJson {
    const Places& places;

    Json operator()(const ClaimName& claim) const {
        Json shown{{"base", claim.base}, {"name", claim.name}, {"suffixed", claim.suffixed}};
        if (!claim.linked_in.empty())
            shown["linked-in"] = claim.linked_in;
        return shown;
    }
    Json operator()(const MakeMemory& memory) const { return all(memory.pieces); }
    Json operator()(const OpenFile& file) const {
        Json record{{"path", shown_path(file.path, places)},
                    {"writable", file.writable},
                    {"lock", file.lock == OpenFile::Lock::qemu ? "qemu" : "none"}};
        if (file.append)
            record["append"] = true;
        if (file.grow)
            record["grow"] = grow_json(*file.grow);
        return record;
    }
    Json operator()(const KeepFile& file) const {
        return {{"path", shown_path(file.path, places)}, {"source", shown_path(file.source, places)}};
    }
    Json operator()(const KeepDirectory& directory) const { return {{"path", shown_path(directory.path, places)}}; }
    Json operator()(const MakeScratch& scratch) const { return all(scratch.pieces); }
    [[nodiscard]] Json grow_json(const Grow& grow) const {
        Json record{{"size", grow.size}};
        if (grow.qcow2)
            record.update({{"qemu-img", shown_path(grow.qcow2->qemu_img, places)},
                           {"storage-daemon", shown_path(grow.qcow2->storage_daemon, places)},
                           {"image", grow.qcow2->image}});
        return record;
    }
    Json operator()(const MakeOverlay& overlay) const { return {{"size", overlay.size}}; }
    Json operator()(const UnpackKernel& kernel) const {
        return {{"path", shown_path(kernel.path, places)},
                {"compression", kernel.compression},
                {"offset", kernel.offset},
                {"size", kernel.size},
                {"cache", shown_path(kernel.cache, places)}};
    }
    Json operator()(const WriteFile& file) const {
        Json record = all(file.pieces);
        record["name"] = file.name;
        return record;
    }
    Json operator()(const LinkKey& link) const { return {{"file", link.file}}; }
    Json operator()(const TakePassed& passed) const { return {{"name", passed.name}}; }
    Json operator()(const MakePipe&) const { return Json::object(); }
    Json operator()(const FillPipe& fill) const {
        Json record = all(fill.pieces);
        record["pipe"] = fill.pipe;
        return record;
    }
    Json operator()(const MakeTap& tap) const { return {{"machine", to_string(tap.machine)}}; }
    Json operator()(const AskForTap& tap) const { return {{"socket", tap.socket}, {"machine", to_string(tap.machine)}}; }
    Json operator()(const ClaimVsock& claim) const {
        Json record{{"cid", claim.cid ? Json(*claim.cid) : Json()}, {"name", claim.name}};
        if (claim.passed)
            record["passed"] = true;
        return record;
    }
    Json operator()(const ListenVsock& listen) const {
        return {{"device", listen.device}, {"port", listen.port}, {"socket", listen.socket}};
    }
    Json operator()(const MakeQmpSocket&) const { return Json::object(); }
    Json operator()(const MakeChannel&) const { return Json::object(); }
    Json operator()(const MakeTerminal&) const { return Json::object(); }
    Json operator()(const PickPort& port) const { return {{"bind", port.bind}, {"udp", port.udp}}; }
    Json operator()(const CheckPorts& ports) const {
        return {{"bind", ports.bind}, {"udp", ports.udp}, {"first", ports.first}, {"count", ports.count}};
    }
    Json operator()(const Listen& socket) const { return {{"path-option", socket.path_option}}; }
    Json operator()(const MakePair& pair) const { return {{"path-option", pair.path_option}}; }
    Json operator()(const MakeClient& client) const { return {{"socket", client.socket}}; }
    Json operator()(const MakeScope& scope) const {
        Json properties = Json::array();
        for (const UnitProperty& property : scope.properties)
            properties.push_back(
                {{"name", property.name}, {"value", std::visit([](const auto& value) { return Json(value); }, property.value)}});
        return {{"user", scope.user}, {"machine", to_string(scope.machine)}, {"slice", scope.slice}, {"properties", std::move(properties)}};
    }
    Json operator()(const RegisterMachine& entry) const {
        Json record{{"user", entry.user},
                    {"socket", entry.socket},
                    {"machine", to_string(entry.machine)},
                    {"id", entry.id},
                    {"directory", shown_path(entry.directory, places)},
                    {"cid", entry.cid ? Json(to_string(Word() += *entry.cid)) : Json()},
                    {"ssh-address", to_string(entry.ssh_address)},
                    {"ssh-key", to_string(entry.ssh_key)},
                    {"control", to_string(entry.control)}};
        if (!entry.also.empty())
            record["also"] = entry.also;
        return record;
    }
    Json operator()(const ServeControl& control) const {
        Json types = Json::array();
        for (const HotDiskType& type : control.disk_types)
            types.push_back({{"name", type.word}, {"driver", type.driver}});
        return {{"disk-types", std::move(types)}, {"ports", control.ports}, {"controller", control.controller}, {"fixed", control.fixed}};
    }
    Json operator()(const MindSleep& sleep) const { return {{"machine", to_string(sleep.machine)}}; }
    Json operator()(const Spawn& spawn) const {
        Json arguments = Json::array();
        for (const Word& word : spawn.arguments)
            arguments.push_back(shown_word(to_string(word), places));
        Json record{
            {"program", shown_path(spawn.program, places)}, {"arguments", std::move(arguments)},  {"inherits", spawn.inherits},
            {"no-new-privileges", spawn.no_new_privileges}, {"death-signal", spawn.death_signal}, {"critical", to_word(spawn.critical)}};
        if (spawn.space)
            record["namespace"] = space_json(*spawn.space, places);
        if (!spawn.directory.empty())
            record["directory"] = spawn.directory;
        if (!spawn.client.empty())
            record["client"] = spawn.client;
        if (!spawn.activation.empty())
            record["activation"] = spawn.activation;
        if (!spawn.environment.empty())
            record["environment"] = spawn.environment;
        if (spawn.fills)
            record["fills"] = fill_json(*spawn.fills);
        if (Json optional = optional_words(spawn.arguments); !optional.empty())
            record["optional-words"] = std::move(optional);
        return record;
    }
    static Json fill_json(const Fill& fill) {
        Json reads = Json::object();
        for (const Fill::File& file : fill.reads)
            reads[file.name] = file.text;
        return {{"directory", fill.directory}, {"reads", std::move(reads)}, {"keeps", fill.keeps}};
    }
    /// By the resource that they go with: which of the arguments, counted from 0.
    static Json optional_words(const std::vector<Word>& words) {
        Json numbers = Json::object();
        for (std::size_t i = 0; i < words.size(); ++i)
            if (!words[i].optional.empty())
                numbers[words[i].optional].push_back(i);
        return numbers;
    }

    [[nodiscard]] Json all(const std::vector<Piece>& pieces) const {
        Json list = Json::array();
        for (const Piece& piece : pieces)
            list.push_back(std::visit(PieceJson{places}, piece));
        return {{"pieces", std::move(list)}};
    }
};

Json resource_json(const Resource& resource, const Places& at) {
    Json record{{"id", resource.id},
                {"kind", kind_of(resource.up)},
                {"needs", resource.needs},
                {"action", std::visit(ActionJson{at}, resource.up)},
                {"ready", to_word(resource.ready)},
                {"on-failure", to_word(resource.on_failure)},
                {"because", {{"key", resource.because_key}, {"at", shown_origin(resource.because, at)}}},
                {"reasons", resource.reasons}};
    if (resource.announce)
        record["announce"] = to_string(*resource.announce);
    for (const Word& word : resource.instead)
        record["instead"].push_back(shown_word(to_string(word), at));
    return record;
}

Json console_json(const ConsolePlan& console) {
    Json record{{"kind", console_word(console.kind)}, {"terminal", console.terminal}};
    if (console.look)
        record["look"] = {{"machine", to_string(console.look->machine)},
                          {"title", console.look->title},
                          {"background", console.look->background},
                          {"tint", console.look->tint}};
    if (!console.when_blank.empty())
        record["when-blank"] = console.when_blank;
    return record;
}

Json notify_json(const NotifyPlan& notify) {
    Json record{{"listener", notify.listener}, {"wait", notify.wait}};
    if (notify.timeout)
        record["timeout-us"] = notify.timeout->count();
    return record;
}

}  // namespace

std::string plan_json(const Plan& plan) {
    Json resources = Json::array();
    for (const Resource& resource : plan.resources)
        resources.push_back(resource_json(resource, places(plan)));
    Json record{{"version", 1},
                {"machine", plan.machine},
                {"qemu", plan.qemu},
                {"qmp", plan.qmp},
                {"console", console_json(plan.console)},
                {"notify", notify_json(plan.notify)},
                {"stop",
                 {{"power-off-seconds", plan.stop.power_off.count()},
                  {"terminate-seconds", plan.stop.terminate.count()},
                  {"silent-power-off", plan.stop.silent_power_off}}},
                {"notices", plan.notices},
                {"resources", std::move(resources)}};
    if (plan.command)
        record["command"] = {{"text", plan.command->text},     {"input", plan.command->input},     {"output", plan.command->output},
                             {"errors", plan.command->errors}, {"control", plan.command->control}, {"terminal", plan.command->terminal}};
    if (plan.time_limit)
        record["time-limit-us"] = plan.time_limit->count();
    // Invalid UTF-8, which a path may hold, is replaced: dump() would throw.
    return record.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace vmspawn
