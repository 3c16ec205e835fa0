// The language of definitions: schema/vmspawn.schema.json, embedded in the program, and as typed rows (rows.hpp).
// Validation, flags, --help, completions, `explain` and the manual's lists walk these rows; nothing restates them.
#pragma once

#include "language/key.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vmspawn {

/// What TOML values a leaf takes, before its format and range are judged. A leaf may take several: ram is integer or text.
struct Accepts {
    bool boolean = false;
    bool integer = false;
    bool text = false;
    bool list = false;   ///< of text
    bool table = false;  ///< only credentials.*: { file = PATH } or { base64 = "…" }
};

/// What a shell offers after "--flag=".
enum class Complete { nothing, words, file, directory, machine, user, key };

/// How a flag's argument becomes values.
enum class Form {
    value,     ///< one argument, read by the key's type: --cpus=4
    list,      ///< appends one element; an empty argument clears what came before: --initrd=PATH
    constant,  ///< no argument; sets `constant`: --network-tap, --ephemeral
    compound,  ///< one argument that makes several values; config/arguments knows how by `long_name`: --bind=SRC:DST
};

/// What it takes that a machine which runs has another value of a key.
enum class Change {
    restart,
    live,       ///< of a named entry: nothing more, where the machine has no such entry yet and all that it says are such keys
    new_image,  ///< the guest, or what is kept of it, has settled it when it first started
    larger,     ///< a restart for a larger size, a new image for a smaller one
};

struct Flag {
    std::string long_name;  ///< without dashes
    char short_name = 0;
    std::string argument;  ///< the word in the help: "SIZE"; empty for Form::constant
    Form form = Form::value;
    std::string constant;     ///< the value of a Form::constant flag, read by the key's type
    std::string description;  ///< where it differs from the key's
    std::string key;          ///< the key it writes when that is not the row's own: --forward writes network.default.forward
    char separator = 0;       ///< of a Form::list: splits the argument into elements, --firmware-features=F,~F
    Complete complete = Complete::nothing;
    std::string since;  ///< systemd release whose systemd-vmspawn takes it; "new": none does
};

/// One leaf of the language.
struct Setting {
    KeyPath key;          ///< "*" stands for a name the user chose: mount.*.source
    std::string section;  ///< nearest title in the schema: "Image"
    std::string description;
    std::string what;    ///< "a size": what the value should be, for 'ram = "8Q" is not a size'; may be empty
    std::string expect;  ///< "bytes or a suffix of K M G T P E"; beside the caret when a value is wrong; may be empty
    std::string format;  ///< what a text must satisfy, see has_format(): "size", "want", "path"; of a list each element; empty: none
    Accepts accepts;
    std::vector<std::string> words;        ///< the enum, when not empty; of a list each element
    std::vector<std::string> suggestions;  ///< words worth offering where other values stand too: "auto", "off"
    /// Of an integer, and of the number that a text of format "size" or "cid" stands for.
    std::optional<std::int64_t> minimum, maximum;
    std::size_t max_length = 4096;  ///< of a text or each element, in characters
    std::string default_json;       ///< empty: no default
    std::string since;              ///< systemd release that has it ("259", "261"), or "new"
    std::vector<Flag> flags;
    std::vector<Flag> old_flags;  ///< earlier names that only the command line of systemd-vmspawn still takes; shown nowhere
    Complete complete = Complete::nothing;
    std::vector<Setting> choices;  ///< where accepts.table: the rows of which one stands in it, {"file"} and {"base64"}
    Change change = Change::restart;
    bool required = false;  ///< in each named entry once all layers are merged: mount.*.source
};

/// A table of the language, for "unknown key in [mount.src]" and for --bind, which makes a whole entry.
struct Section {
    KeyPath key;  ///< {} is the top level; {"mount","*"} is an entry
    std::string title;
    std::string description;
    std::vector<std::string> names;  ///< the keys that may stand here; {"*"} where the user chooses
    std::string name_format;         ///< where the user chooses: what has_format() must say of the name
    std::string name_expect;         ///< that in words, for messages
    std::vector<Flag> flags;         ///< compound flags that make an entry here
};

/// A flag that is no key, such as --quiet and --format.
struct CommonFlag {
    Flag flag;
    std::vector<std::string> verbs;  ///< that take it; empty: all
    std::vector<std::string> words;  ///< of --format all words of all verbs; see VerbEntry::formats
};

struct VerbEntry {
    std::string name;
    std::string synopsis;                             ///< after the verb: "[FILE] [FLAGS] [-- WORD…]"
    std::string description;                          ///< one line
    std::vector<std::string> examples;                ///< command lines
    std::size_t min_files = 0, max_files = SIZE_MAX;  ///< words before "--"; of explain the key counts
    std::string argument;                             ///< what its words name: "machine", "file" (of JSON); empty: definitions
    bool takes_command = false;                       ///< the words after "--" are a command
    bool takes_settings = false;                      ///< accepts the flags of settings, --set and kernel words
    std::vector<std::string> formats;                 ///< of --format=, the first is the default; empty: does not take it
    std::vector<std::string> words;                   ///< what its argument may be: completion bash
};

/// All rows, in the order of the schema.
struct LanguageRows {
    std::vector<Setting> settings;
    std::vector<Section> sections;
    std::vector<CommonFlag> common_flags;
    std::vector<VerbEntry> verbs;
};

class Language {
public:
    explicit Language(LanguageRows rows) : rows_(std::move(rows)) {}

    [[nodiscard]] const std::vector<Setting>& settings() const { return rows_.settings; }
    [[nodiscard]] const std::vector<Section>& sections() const { return rows_.sections; }
    [[nodiscard]] const std::vector<CommonFlag>& common_flags() const { return rows_.common_flags; }
    [[nodiscard]] const std::vector<VerbEntry>& verbs() const { return rows_.verbs; }

    [[nodiscard]] const VerbEntry* find_verb(std::string_view name) const;
    /// The row of a concrete key: {"mount","src","source"} finds mount.*.source.
    [[nodiscard]] const Setting* find(const KeyPath& key) const;
    [[nodiscard]] const Section* find_section(const KeyPath& key) const;

private:
    LanguageRows rows_;
};

/// The embedded schema, byte for byte.
std::string_view schema_text();

/// Unpacked on first use.
const Language& language();

}  // namespace vmspawn
