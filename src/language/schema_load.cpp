// schema/vmspawn.schema.json -> rows. The only file that knows JSON Schema: a subset of draft-07 in which a property is either a
// leaf, a table with `properties`, or a table of named entries (`additionalProperties` is a schema). A leaf takes what it does not
// say itself from the definition that its `allOf` names. `x-required` stands in place of `required`, because an included file or a
// profile may say the rest.
#include "language/rows.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace vmspawn {

namespace {

using Json = nlohmann::ordered_json;

class Loader {
public:
    Loader(const Json& root, std::vector<Setting>& settings, std::vector<Section>& sections)
        : root_(root), settings_(settings), sections_(sections) {}

    void table(const Json& node, const KeyPath& key, const std::string& title);
    [[nodiscard]] Flag flag(const Json& node, Form form, Complete complete, const std::string& since) const;

private:
    [[nodiscard]] const Json& target(const Json& node) const;
    [[nodiscard]] const Json* look(const Json& node, const char* name) const;
    [[nodiscard]] std::string text(const Json& node, const char* name) const;
    /// Those of `node` that are old names, or those that are not.
    [[nodiscard]] std::vector<Flag> flags(const Json& node, Form form, Complete complete, bool old = false) const;
    void children(const Json& properties, const KeyPath& key, const std::string& title, const Json* required);
    void leaf(const Json& node, const KeyPath& key, const std::string& section, bool required);
    void judge(const Json& node, Setting& setting) const;
    void accept(const Json& node, Setting& setting) const;
    void accept_alternative(const Json& node, Setting& setting) const;

    const Json& root_;
    std::vector<Setting>& settings_;
    std::vector<Section>& sections_;
};

const Json* member(const Json& node, const char* name) {
    const auto found = node.find(name);
    return found == node.end() ? nullptr : &*found;
}

std::string text_of(const Json& node, const char* name) {
    const Json* found = member(node, name);
    return found ? found->get<std::string>() : std::string();
}

std::vector<std::string> texts_of(const Json& node, const char* name) {
    const Json* found = member(node, name);
    return found ? found->get<std::vector<std::string>>() : std::vector<std::string>();
}

KeyPath below(KeyPath key, std::string name) {
    key.push_back(std::move(name));
    return key;
}

Complete complete_of(const std::string& word) {
    if (word == "words")
        return Complete::words;
    if (word == "file")
        return Complete::file;
    if (word == "directory")
        return Complete::directory;
    if (word == "machine")
        return Complete::machine;
    if (word == "user")
        return Complete::user;
    if (word == "key")
        return Complete::key;
    if (word.empty() || word == "nothing")
        return Complete::nothing;
    throw std::runtime_error("unknown x-complete " + word);
}

Form form_of(const std::string& word) {
    if (word == "value")
        return Form::value;
    if (word == "list")
        return Form::list;
    if (word == "constant")
        return Form::constant;
    if (word == "compound")
        return Form::compound;
    throw std::runtime_error("unknown form " + word);
}

Change change_of(const std::string& word) {
    if (word.empty())
        return Change::restart;
    if (word == "live")
        return Change::live;
    if (word == "new-image")
        return Change::new_image;
    if (word == "larger")
        return Change::larger;
    throw std::runtime_error("unknown x-change " + word);
}

bool is_table(const Json& node) {
    const Json* type = member(node, "type");
    return type && type->is_string() && *type == "object";
}

const Json& Loader::target(const Json& node) const {
    const Json* reference = member(node, "$ref");
    if (!reference)
        return node;
    return root_.at(Json::json_pointer(reference->get<std::string>().substr(1)));
}

/// What `node` says under `name`, itself or by its definition.
const Json* Loader::look(const Json& node, const char* name) const {
    const Json& whole = target(node);
    if (const Json* own = member(whole, name))
        return own;
    const Json* parts = member(whole, "allOf");
    if (!parts)
        return nullptr;
    for (const Json& part : *parts)
        if (const Json* found = look(part, name))
            return found;
    return nullptr;
}

std::string Loader::text(const Json& node, const char* name) const {
    const Json* found = look(node, name);
    return found ? found->get<std::string>() : std::string();
}

void Loader::table(const Json& node, const KeyPath& key, const std::string& title) {
    const std::size_t index = sections_.size();
    sections_.push_back({key, title, text_of(node, "description"), {}, {}, {}, flags(node, Form::compound, Complete::nothing)});
    if (const Json* names = member(node, "propertyNames")) {
        sections_[index].names = {"*"};
        sections_[index].name_format = text(*names, "format");
        sections_[index].name_expect = text(*names, "x-expect");
        const Json& entry = node.at("additionalProperties");
        if (is_table(entry))
            table(entry, below(key, "*"), title);
        else
            leaf(entry, below(key, "*"), title, false);
        return;
    }
    const Json& properties = node.at("properties");
    for (const auto& [name, child] : properties.items())
        sections_[index].names.push_back(name);
    children(properties, key, title, member(node, "x-required"));
}

void Loader::children(const Json& properties, const KeyPath& key, const std::string& title, const Json* required) {
    for (const auto& [name, child] : properties.items()) {
        if (member(child, "$ref"))
            continue;  // the tables of a profile, whose rows stand at the top level
        if (is_table(child)) {
            const std::string own = text_of(child, "title");
            table(child, below(key, name), own.empty() ? title : own);
            continue;
        }
        const bool needed = required && std::find(required->begin(), required->end(), name) != required->end();
        leaf(child, below(key, name), title, needed);
    }
}

void Loader::leaf(const Json& node, const KeyPath& key, const std::string& section, bool required) {
    Setting setting;
    setting.key = key;
    setting.section = section;
    setting.required = required;
    setting.description = text(node, "description");
    setting.since = text(node, "x-since");
    setting.change = change_of(text(node, "x-change"));
    if (const Json* value = look(node, "default"))
        setting.default_json = value->dump();
    accept(node, setting);
    const Json* items = look(node, "items");
    judge(items ? *items : node, setting);
    if (const Json* own = member(node, "x-complete"))
        setting.complete = complete_of(own->get<std::string>());
    const Form form = setting.accepts.list ? Form::list : Form::value;
    setting.flags = flags(node, form, setting.complete);
    setting.old_flags = flags(node, form, setting.complete, true);
    settings_.push_back(std::move(setting));
}

/// What a value must be: of a list, what each element must be.
void Loader::judge(const Json& node, Setting& setting) const {
    setting.what = text(node, "x-what");
    setting.expect = text(node, "x-expect");
    setting.format = text(node, "format");
    if (const Json* words = look(node, "enum"))
        for (const Json& word : *words)
            if (word.is_string())
                setting.words.push_back(word.get<std::string>());
    if (const Json* words = look(node, "examples"))
        setting.suggestions = words->get<std::vector<std::string>>();
    if (const Json* bound = look(node, "minimum"))
        setting.minimum = bound->get<std::int64_t>();
    if (const Json* bound = look(node, "maximum"))
        setting.maximum = bound->get<std::int64_t>();
    if (const Json* length = look(node, "maxLength"))
        setting.max_length = length->get<std::size_t>();
    const bool closed = !setting.words.empty() || setting.accepts.boolean;
    const std::string complete = text(node, "x-complete");
    setting.complete = complete.empty() && closed ? Complete::words : complete_of(complete);
}

void Loader::accept_alternative(const Json& node, Setting& setting) const {
    accept(node, setting);
    if (const Json* length = look(node, "maxLength"))
        setting.max_length = length->get<std::size_t>();
    const Json* properties = look(node, "properties");
    if (!properties)
        return;
    for (const auto& [name, child] : properties->items()) {
        Setting choice;
        choice.key = {name};
        accept(child, choice);
        judge(child, choice);
        setting.choices.push_back(std::move(choice));
    }
}

void Loader::accept(const Json& node, Setting& setting) const {
    if (const Json* alternatives = look(node, "anyOf")) {
        for (const Json& alternative : *alternatives)
            accept_alternative(alternative, setting);
        return;
    }
    const Json* type = look(node, "type");
    if (!type)
        throw std::runtime_error("no type: " + to_string(setting.key));
    const auto names = type->is_string() ? std::vector{type->get<std::string>()} : type->get<std::vector<std::string>>();
    for (const std::string& name : names) {
        setting.accepts.boolean |= name == "boolean";
        setting.accepts.integer |= name == "integer";
        setting.accepts.text |= name == "string";
        setting.accepts.list |= name == "array";
        setting.accepts.table |= name == "object";
    }
}

Flag Loader::flag(const Json& node, Form form, Complete complete, const std::string& since) const {
    Flag flag;
    flag.long_name = text_of(node, "long");
    const std::string short_name = text_of(node, "short");
    flag.short_name = short_name.empty() ? '\0' : short_name.front();
    flag.argument = text_of(node, "arg");
    const std::string form_word = text_of(node, "form");
    flag.form = form_word.empty() ? form : form_of(form_word);
    flag.constant = text_of(node, "constant");
    flag.description = text_of(node, "description");
    flag.key = text_of(node, "key");
    const std::string separator = text_of(node, "separator");
    flag.separator = separator.empty() ? '\0' : separator.front();
    const Json* own = member(node, "complete");
    flag.complete = own ? complete_of(own->get<std::string>()) : complete;
    if (flag.argument.empty())
        flag.complete = Complete::nothing;
    flag.since = node.value("since", since);
    return flag;
}

std::vector<Flag> Loader::flags(const Json& node, Form form, Complete complete, bool old) const {
    std::vector<Flag> result;
    const Json* found = member(node, "x-cli");
    if (!found)
        return result;
    for (const Json& each : found->is_object() ? Json::array({*found}) : *found)
        if (each.value("old", false) == old)
            result.push_back(flag(each, form, complete, node.value("x-since", "new")));
    return result;
}

VerbEntry verb_of(const Json& node) {
    VerbEntry verb;
    verb.name = text_of(node, "name");
    verb.synopsis = text_of(node, "synopsis");
    verb.description = text_of(node, "description");
    verb.examples = texts_of(node, "examples");
    verb.min_files = node.value("min-files", verb.min_files);
    verb.max_files = node.value("max-files", verb.max_files);
    verb.argument = node.value("argument", "");
    verb.takes_command = node.value("command", false);
    verb.takes_settings = node.value("settings", false);
    verb.formats = texts_of(node, "formats");
    verb.words = texts_of(node, "words");
    return verb;
}

CommonFlag common_flag_of(const Loader& loader, const Json& node) {
    CommonFlag common;
    common.words = texts_of(node, "words");
    common.verbs = texts_of(node, "verbs");
    const bool takes_argument = node.contains("arg");
    common.flag =
        loader.flag(node, takes_argument ? Form::value : Form::constant, common.words.empty() ? Complete::nothing : Complete::words, "new");
    return common;
}

}  // namespace

LanguageRows rows_from_schema(std::string_view schema_json) {
    LanguageRows rows;
    try {
        const Json root = Json::parse(schema_json);
        Loader loader(root, rows.settings, rows.sections);
        loader.table(root, {}, text_of(root, "title"));
        for (const Json& verb : root.at("x-verbs"))
            rows.verbs.push_back(verb_of(verb));
        for (const Json& flag : root.at("x-flags"))
            rows.common_flags.push_back(common_flag_of(loader, flag));
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "vmspawn: the schema is broken: %s\n", problem.what());
        std::abort();
    }
    return rows;
}

}  // namespace vmspawn
