#include "base/text.hpp"
#include "host/json.hpp"
#include "host/qemu_features.hpp"
#include "host/qemu_probe.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

using nlohmann::json;
using Names = std::set<std::string>;

/// Answers by the id that the question carried; a question that was refused is not there.
struct Answers {
    json version;  ///< of the greeting
    std::map<std::string, json> returned;
    std::string garbage;  ///< a line that is no QMP; nothing is read after it
};

void take_line(std::string_view line, Answers& answers) {
    auto parsed = parse_json(line, 64);
    if (!parsed || !parsed->is_object()) {
        answers.garbage = line;
        return;
    }
    if (const auto greeting = parsed->find("QMP"); greeting != parsed->end() && greeting->is_object() && greeting->contains("version"))
        answers.version = (*greeting)["version"];
    const auto id = parsed->find("id");
    const auto value = parsed->find("return");
    if (id != parsed->end() && id->is_string() && value != parsed->end())
        answers.returned[id->get<std::string>()] = std::move(*value);
}

Answers take_lines(std::string_view said) {
    Answers answers;
    while (!said.empty() && answers.garbage.empty()) {
        const std::size_t end = std::min(said.find('\n'), said.size());
        std::string_view line = said.substr(0, end);
        said.remove_prefix(std::min(end + 1, said.size()));
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (!line.empty())
            take_line(line, answers);
    }
    return answers;
}

/// The strings called `key` in each object of the list that answered `id`.
Names names_in(const Answers& answers, const std::string& id, std::initializer_list<const char*> keys) {
    Names names;
    const auto list = answers.returned.find(id);
    if (list == answers.returned.end() || !list->second.is_array())
        return names;
    for (const json& entry : list->second) {
        for (const char* key : keys) {
            if (!entry.is_object() || !entry.contains(key) || !entry[key].is_string())
                continue;
            names.insert(entry[key].get<std::string>());
        }
    }
    return names;
}

bool has_option(const Answers& answers, std::string_view option, std::string_view parameters) {
    const auto list = answers.returned.find("options");
    if (list == answers.returned.end() || !list->second.is_array())
        return false;
    for (const json& entry : list->second) {
        if (!entry.is_object() || entry.value("option", json()) != option || !entry.contains("parameters"))
            continue;
        const Names known = names_in({.returned = {{"parameters", entry["parameters"]}}}, "parameters", {"name"});
        while (!parameters.empty()) {
            const std::size_t end = std::min(parameters.find(','), parameters.size());
            if (!known.contains(std::string(parameters.substr(0, end))))
                return false;
            parameters.remove_prefix(std::min(end + 1, parameters.size()));
        }
        return true;
    }
    return false;
}

Names features_in(const Answers& answers) {
    const Names types = names_in(answers, "types", {"name"});
    const Names machines = names_in(answers, "machines", {"name", "alias"});
    const auto has = [&](const FeatureRow& row) {
        switch (row.test) {
            case FeatureTest::type:
                return types.contains(std::string(row.subject));
            case FeatureTest::machine:
                return machines.contains(std::string(row.subject));
            case FeatureTest::option:
                return has_option(answers, row.subject, row.detail);
            case FeatureTest::property:
                return names_in(answers, std::string(row.name), {"name"}).contains(std::string(row.detail));
            case FeatureTest::works:
                return answers.returned.contains(std::string(row.name));
        }
        return false;
    };
    Names features;
    for (const FeatureRow& row : feature_rows())
        if (has(row))
            features.emplace(row.name);
    return features;
}

/// What the short names of machine types stand for.
std::map<std::string, std::string> aliases_in(const Answers& answers) {
    std::map<std::string, std::string> aliases;
    const auto list = answers.returned.find("machines");
    if (list == answers.returned.end() || !list->second.is_array())
        return aliases;
    for (const json& entry : list->second)
        if (entry.is_object() && entry.value("alias", json()).is_string() && entry.value("name", json()).is_string())
            aliases[entry["alias"].get<std::string>()] = entry["name"].get<std::string>();
    return aliases;
}

std::string version_in(const json& version) {
    const auto qemu = version.is_object() ? version.value("qemu", json()) : json();
    if (!qemu.is_object())
        return {};
    std::string text;
    for (const char* part : {"major", "minor", "micro"}) {
        if (!qemu.contains(part) || !qemu[part].is_number_unsigned())
            return {};
        text += fmt::format("{}{}", text.empty() ? "" : ".", qemu[part].get<std::uint64_t>());
    }
    return text;
}

}  // namespace

std::string qmp_questions() {
    std::string text;
    const auto ask = [&text](std::string_view id, std::string_view command, std::string_view arguments) {
        text += fmt::format(R"({{"execute":"{}","arguments":{},"id":"{}"}})", command, arguments, id) + "\n";
    };
    ask("capabilities", "qmp_capabilities", "{}");
    ask("target", "query-target", "{}");
    ask("types", "qom-list-types", "{}");
    ask("machines", "query-machines", "{}");
    ask("options", "query-command-line-options", "{}");
    for (const FeatureRow& row : feature_rows()) {
        if (row.test == FeatureTest::property)
            ask(row.name, "qom-list-properties", fmt::format(R"({{"typename":"{}"}})", row.subject));
        else if (row.test == FeatureTest::works)
            ask(row.name, row.subject, row.detail);
    }
    ask("vmspawn-quit", "quit", "{}");
    return text;
}

std::string_view qmp_last_answer() {
    return R"("vmspawn-quit")";
}

ProbedQemu read_qmp_answers(std::string_view said) {
    const Answers answers = take_lines(said);
    ProbedQemu probed;
    probed.facts.version = version_in(answers.version);
    if (probed.facts.version.empty()) {
        probed.facts.problem = answers.garbage.empty()
                                   ? "it ended without a word of QMP"
                                   : "it does not speak QMP but says '" + printable(answers.garbage).substr(0, 200) + "'";
        return probed;
    }
    if (!answers.returned.contains("types") || !answers.returned.contains("target")) {
        probed.facts.problem = "it ended before it had answered";
        return probed;
    }
    const json& target = answers.returned.at("target");
    if (target.is_object() && target.contains("arch") && target["arch"].is_string())
        probed.target = target["arch"].get<std::string>();
    probed.facts.features = features_in(answers);
    probed.facts.machines = aliases_in(answers);
    return probed;
}

}  // namespace vmspawn
