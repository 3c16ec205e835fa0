#include "config/arguments.hpp"

#include "base/text.hpp"
#include "config/common_flags.hpp"
#include "config/exclusions.hpp"
#include "config/flag_table.hpp"
#include "config/override_flags.hpp"
#include "config/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace vmspawn {

namespace {

class ArgumentParser {
public:
    ArgumentParser(const Language& language, std::span<const char* const> argv, Diagnostics& found)
        : language_(language), argv_(argv.begin(), argv.end()), found_(found), table_(language, called_as(argv)) {
        out_.called_as = called_as(argv);
        overrides_.called_as = out_.called_as;
    }

    Invocation parse();

private:
    static CalledAs called_as(std::span<const char* const> argv) {
        return argv.empty() ? CalledAs::vmspawn : vmspawn::called_as(argv.front());
    }
    Invocation finish(std::size_t first_kernel_word);
    Invocation finish_systemd_vmspawn(std::size_t first_kernel_word);
    bool take_verb();
    void refuse_verb();
    void flag(int answer, std::size_t at, const char* value);
    void unknown(std::size_t at, char letter);
    void missing_value(int answer, std::size_t at);
    void apply(const TypedFlag& row, const Typed& typed);
    void apply_common(const CommonFlag& common, const Typed& typed);
    void judge_files();
    void explain_topic();
    void kernel_words(std::size_t first);
    void kernel_word(std::size_t at);
    void warn_of_undone(const Setting& setting, const Typed& typed);
    [[nodiscard]] Typed typed(std::size_t at, const char* value, char letter) const;
    /// A word as a whole.
    [[nodiscard]] Origin word_at(std::size_t at) const { return FromArgument{static_cast<int>(at), argv_[at], 0, std::strlen(argv_[at])}; }
    void refuse(const std::string& summary, const Origin& at, const std::string& hint) { found_.add(error(summary, at).with_hint(hint)); }

    const Language& language_;
    std::vector<const char*> argv_;
    Diagnostics& found_;
    FlagTable table_;
    const VerbEntry* verb_ = nullptr;  ///< nullptr for "vmspawn --help"
    Invocation out_;
    std::vector<std::size_t> file_words_;  ///< where in argv
    OverrideFlags overrides_{language_, out_.overrides, found_};
};

/// getopt_long's own state starts anew at each call. The verb is no word for it.
Invocation ArgumentParser::parse() {
    const bool has_verb = out_.called_as == CalledAs::vmspawn && take_verb();
    if (!has_verb && !found_.empty())
        return std::move(out_);
    const std::size_t skipped = has_verb ? 1 : 0;
    std::vector<char*> words;
    for (std::size_t i = 0; i < argv_.size(); ++i)
        if (i == 0 || i > skipped)
            words.push_back(const_cast<char*>(argv_[i]));
    const int count = static_cast<int>(words.size());
    words.push_back(nullptr);
    if (out_.called_as == CalledAs::systemd_vmspawn) {
        verb_ = language_.find_verb("run");
        out_.verb = verb_->name;
    }
    opterr = 0;
    optind = 0;
    for (int at = 1;; at = optind) {
        const int answer = getopt_long(count, words.data(), table_.short_options(), table_.options(), nullptr);
        if (answer == -1)
            break;
        const std::size_t place = static_cast<std::size_t>(at) + skipped;
        if (answer == 1) {
            out_.files.emplace_back(optarg);
            file_words_.push_back(place);
        } else {
            flag(answer, place, optarg);
        }
    }
    const std::size_t after = static_cast<std::size_t>(optind) + skipped;
    return out_.called_as == CalledAs::systemd_vmspawn ? finish_systemd_vmspawn(after) : finish(after);
}

/// Words that are no flags may stand between flags; "--" ends the flags.
Invocation ArgumentParser::finish_systemd_vmspawn(std::size_t first_kernel_word) {
    for (const std::size_t at : file_words_)
        kernel_word(at);
    for (std::size_t at = first_kernel_word; at < argv_.size(); ++at)
        kernel_word(at);
    out_.files.clear();
    return std::move(out_);
}

Invocation ArgumentParser::finish(std::size_t first_kernel_word) {
    const bool is_question = out_.help || out_.version;
    if (verb_ != nullptr && verb_->name == "help")
        explain_topic();
    else if (verb_ == nullptr && !is_question && found_.empty())
        refuse_verb();
    else if (verb_ != nullptr && !is_question) {
        judge_files();
        judge_exclusions(out_, found_);
        kernel_words(first_kernel_word);
    }
    return std::move(out_);
}

/// False without a verb, which is an error unless --help or --version follow.
bool ArgumentParser::take_verb() {
    if (argv_.size() < 2 || (argv_[1][0] == '-' && argv_[1][1] != '\0'))
        return false;
    verb_ = language_.find_verb(argv_[1]);
    if (verb_ == nullptr)
        refuse_verb();
    else
        out_.verb = verb_->name;
    return verb_ != nullptr;
}

void ArgumentParser::refuse_verb() {
    std::vector<std::string> names;
    for (const VerbEntry& verb : language_.verbs())
        names.push_back(verb.name);
    const std::string all = "expected one of " + join_words(names);
    const std::string word = argv_.size() < 2 ? "" : argv_[1];
    if (word.empty() && argv_.size() < 2)
        refuse("a verb is missing", FromDefault{}, all);
    else if (word.starts_with('-'))
        refuse("a verb is missing", word_at(1), "it stands before the flags, as in vmspawn run FILE");
    else if (const auto near = nearest(word, names))
        refuse(fmt::format("unknown verb '{}'", word), word_at(1), fmt::format("did you mean '{}'?", *near));
    else if (word.find('/') != std::string::npos || word.ends_with(".vmspawn") || word.ends_with(".toml"))
        refuse(fmt::format("unknown verb '{}'", word), word_at(1), fmt::format("did you mean 'vmspawn run {}'?", shell_quote(word)));
    else
        refuse(fmt::format("unknown verb '{}'", word), word_at(1), all);
}

/// The flag at argv[at]; its value is part of that word or the next word.
Typed ArgumentParser::typed(std::size_t at, const char* value, char letter) const {
    const std::string word = argv_[at];
    Typed out{static_cast<int>(at), word, 0, 0, word.size()};
    if (value != nullptr && value >= argv_[at] && value <= argv_[at] + word.size()) {
        out.value_begin = static_cast<std::size_t>(value - argv_[at]);
    } else if (value != nullptr) {
        out.text += " " + std::string(value);
        out.value_begin = word.size() + 1;
    }
    const std::size_t place = word.starts_with("--") || letter == 0 ? std::string::npos : word.find(letter, 1);
    if (place != std::string::npos && word.size() > 2) {
        out.name_begin = place;
        out.name_end = place + 1;
    } else {
        out.name_end = std::min(word.find('='), word.size());
    }
    return out;
}

void ArgumentParser::flag(int answer, std::size_t at, const char* value) {
    if (answer == '?' && optopt != 0 && table_.row(optopt) != nullptr) {
        const Typed word = typed(at, nullptr, 0);
        refuse(fmt::format("{} takes no value", word.name_text()), FromArgument{word.index, word.text, word.name_end, word.text.size()},
               "");
    } else if (answer == '?') {
        unknown(at, static_cast<char>(optopt));
    } else if (answer == ':') {
        missing_value(optopt, at);
    } else if (const TypedFlag* row = table_.row(answer)) {
        apply(*row, typed(at, value, row->flag->short_name));
    }
}

void ArgumentParser::unknown(std::size_t at, char letter) {
    const Typed word = typed(at, nullptr, letter);
    const std::string shown = letter != 0 ? fmt::format("-{}", letter) : word.name_text();
    const std::string name = shown.substr(std::min<std::size_t>(2, shown.size()));
    if (letter != 0) {
        refuse(fmt::format("unknown flag '{}'", shown), word.name_at(), "");
        return;
    }
    if (name == "bind-volume")
        return refuse("--bind-volume is not offered", word.name_at(),
                      "it needs a storage provider of systemd 261 or later; use --extra-drive=PATH");
    const auto abbreviated = table_.starting_with(name);
    if (abbreviated.size() > 1 && !name.empty()) {
        std::vector<std::string> flags;
        for (const std::string& each : abbreviated)
            flags.push_back("--" + each);
        refuse(fmt::format("'{}' is ambiguous", shown), word.name_at(), fmt::format("it may be {}", join_words(flags)));
        return;
    }
    const auto key = parse_key(name);
    const bool is_key = out_.called_as == CalledAs::vmspawn && key && key->size() > 1 && language_.find(*key) != nullptr;
    const auto near = nearest(name, table_.starting_with(""));
    const std::string hint = is_key ? fmt::format("did you mean '--set {}=…'?", name)
                             : near ? fmt::format("did you mean '--{}'?", *near)
                                    : "";
    refuse(fmt::format("unknown flag '{}'", shown), word.name_at(), hint);
}

void ArgumentParser::missing_value(int answer, std::size_t at) {
    const TypedFlag* row = table_.row(answer);
    const Typed word = typed(at, nullptr, static_cast<char>(answer < 256 ? answer : 0));
    const std::string wanted = row != nullptr ? row->flag->argument : "a value";
    refuse(fmt::format("{} needs a value", word.text.starts_with("--") ? word.name_text() : fmt::format("-{}", static_cast<char>(answer))),
           word.name_at(), "expected " + wanted);
}

/// Words of a flag that are no values of its key.
Inquiry inquiry_of(const Flag& flag, std::string_view value) {
    if (flag.long_name == "firmware" && value == "list")
        return Inquiry::firmware_list;
    if (flag.long_name == "firmware" && value == "describe")
        return Inquiry::firmware_description;
    return flag.long_name == "firmware-features" && value == "list" ? Inquiry::firmware_features : Inquiry::none;
}

void ArgumentParser::apply(const TypedFlag& row, const Typed& typed) {
    const bool is_setting = row.common == nullptr;
    if (is_setting && (verb_ == nullptr || !verb_->takes_settings)) {
        const std::string verb = verb_ == nullptr ? "stands after a verb" : fmt::format("is not taken by '{}'", verb_->name);
        refuse(fmt::format("--{} {}", row.flag->long_name, verb), typed.name_at(), "as in vmspawn run FILE");
        return;
    }
    if (const Inquiry inquiry = is_setting ? inquiry_of(*row.flag, typed.value()) : Inquiry::none; inquiry != Inquiry::none)
        out_.inquiry = inquiry;
    else if (!is_setting)
        apply_common(*row.common, typed);
    else if (row.flag->form == Form::compound)
        apply_compound_flag(overrides_, *row.flag, typed);
    else {
        if (row.flag->form == Form::constant && out_.called_as == CalledAs::systemd_vmspawn)
            warn_of_undone(*row.setting, typed);
        apply_setting_flag(overrides_, *row.setting, *row.flag, typed);
    }
}

/// Of two flags such as --network-tap and --network-user-mode the last wins.
void ArgumentParser::warn_of_undone(const Setting& setting, const Typed& typed) {
    for (const Override& before : out_.overrides) {
        const auto* flag = std::get_if<FromArgument>(&before.key_at);
        const bool is_same_key = before.how == Override::How::set && language_.find(before.key) == &setting;
        if (is_same_key && flag != nullptr && flag->text.substr(flag->begin, flag->end - flag->begin) != typed.name_text())
            found_.add(warning(fmt::format("{} has no effect", flag->text), before.key_at)
                           .with_hint(fmt::format("{} follows, and the last one counts", typed.name_text())));
    }
}

void ArgumentParser::apply_common(const CommonFlag& common, const Typed& typed) {
    const std::string& name = common.flag.long_name;
    const bool is_verb_bound = !common.verbs.empty();
    if (is_verb_bound && (verb_ == nullptr || std::ranges::find(common.verbs, verb_->name) == common.verbs.end())) {
        const std::string verb = verb_ == nullptr ? "stands after a verb" : fmt::format("is not taken by '{}'", verb_->name);
        refuse(fmt::format("--{} {}", name, verb), typed.name_at(), "it belongs to " + join_words(common.verbs));
        return;
    }
    if (name == "set")
        apply_set(overrides_, typed);
    else if (name == "unset")
        apply_unset(overrides_, typed);
    else
        apply_common_flag(common, verb_, typed, out_, found_);
}

void ArgumentParser::judge_files() {
    const std::string usage = fmt::format("expected vmspawn {}{}{}", verb_->name, verb_->synopsis.empty() ? "" : " ", verb_->synopsis);
    if (out_.files.size() < verb_->min_files)
        refuse(fmt::format("'{}' lacks an argument", verb_->name), word_at(1), usage);
    else if (verb_->name == "export" && out_.target.empty())
        refuse("'export' lacks --to", word_at(1), usage);
    for (std::size_t i = 0; i < out_.files.size(); ++i) {
        const std::string& word = out_.files[i];
        const Origin at = word_at(file_words_[i]);
        if (i >= verb_->max_files)
            refuse(fmt::format("unexpected word '{}'", word), at, verb_->takes_settings ? "kernel words go after --" : usage);
        else if (word.empty())
            refuse("an empty word", at, usage);
        else if (!verb_->words.empty() && std::ranges::find(verb_->words, word) == verb_->words.end())
            refuse(fmt::format("unknown word '{}'", word), at, "expected one of " + join_words(verb_->words));
    }
}

/// "help VERB" is "VERB --help".
void ArgumentParser::explain_topic() {
    out_.help = true;
    out_.verb.clear();
    if (!out_.files.empty() && language_.find_verb(out_.files.front()) == nullptr) {
        std::vector<std::string> names;
        for (const VerbEntry& verb : language_.verbs())
            names.push_back(verb.name);
        const auto near = nearest(out_.files.front(), names);
        refuse(fmt::format("unknown verb '{}'", out_.files.front()), word_at(file_words_.front()),
               near ? fmt::format("did you mean '{}'?", *near) : "expected one of " + join_words(names));
    } else if (!out_.files.empty()) {
        out_.verb = out_.files.front();
    }
    if (out_.files.size() > 1)
        refuse(fmt::format("unexpected word '{}'", out_.files[1]), word_at(file_words_[1]), "expected vmspawn help [VERB]");
    out_.files.clear();
}

void ArgumentParser::kernel_words(std::size_t first) {
    if (verb_->takes_command) {
        out_.command.assign(argv_.begin() + static_cast<std::ptrdiff_t>(first), argv_.end());
        return;
    }
    if (!verb_->takes_settings && first < argv_.size())
        return refuse(fmt::format("'{}' takes no words after --", verb_->name), word_at(first), "");
    for (std::size_t at = first; at < argv_.size(); ++at)
        kernel_word(at);
}

void ArgumentParser::kernel_word(std::size_t at) {
    const KeyPath key = {"boot", "cmdline"};
    Node node{List{Node{std::string(argv_[at]), word_at(at)}}, word_at(at)};
    if (!is_utf8(argv_[at]))
        refuse("a kernel word is not valid UTF-8", word_at(at), "");
    else if (validate_value(*language_.find(key), key, node, found_))
        overrides_.add(Override::How::append, key, word_at(at), std::move(node));
}

}  // namespace

Invocation parse_arguments(const Language& language, std::span<const char* const> argv, Diagnostics& found) {
    return ArgumentParser(language, argv, found).parse();
}

}  // namespace vmspawn
