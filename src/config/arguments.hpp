// argv -> Invocation: what was typed, nothing more. Opens nothing, asks nothing.
#pragma once

#include "base/called_as.hpp"
#include "base/diagnostic.hpp"
#include "config/tree.hpp"
#include "language/schema.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vmspawn {

/// One change that a flag asks for, in argv order.
struct Override {
    enum class How {
        set,     ///< replace (tables merge)
        append,  ///< list flags, --set KEY+=, words after --
        clear,   ///< a list flag with an empty value: drop what came before, of files too
        unset,   ///< --unset KEY: back to the default
    };
    How how = How::set;
    KeyPath key;  ///< concrete; an entry made by a flag is named cli0, cli1, …
    Origin key_at;
    Node value;  ///< already in the key's own type where its flag or --set made a text of it
};

/// What a flag asks for instead of setting it: --firmware=list, --firmware=describe, --firmware-features=list.
enum class Inquiry { none, firmware_list, firmware_description, firmware_features };

struct Invocation {
    CalledAs called_as = CalledAs::vmspawn;
    std::string verb;                  ///< a name of Language::verbs()
    std::vector<std::string> files;    ///< positional words before "--"
    std::vector<std::string> command;  ///< words after "--" where they are none for the kernel
    std::vector<Override> overrides;
    std::string profile;  ///< empty: none
    Origin profile_at;
    std::string format;                  ///< --format, as typed; empty: the verb's default
    std::string host;                    ///< --host=FILE
    std::optional<std::string> against;  ///< --against=NAME
    Origin against_at;
    std::string target;                    ///< --to
    std::string definition_kind;           ///< --template
    std::string wait_for = "ready";        ///< --for
    std::optional<std::uint64_t> timeout;  ///< microseconds
    std::optional<std::string> exec;       ///< --exec
    Origin exec_at;
    std::string timeline;  ///< --timeline; empty: none
    Origin timeline_at;
    Inquiry inquiry = Inquiry::none;  ///< answered instead of what the verb does
    bool quiet = false, help = false, version = false, no_pager = false, no_ask_password = false;
    bool follow = false, detach = false, strict = false, effective = false, all = false;
};

/// Parses argv (program name first) by getopt_long over the rows of `language`. Problems are FromArgument.
/// Unknown options and --set keys get their nearest name. Values are checked as the key's type reads them.
/// Called as systemd-vmspawn, it is the verb "run" with that program's flags, and words that are no flags are for the kernel.
Invocation parse_arguments(const Language& language, std::span<const char* const> argv, Diagnostics& found);

}  // namespace vmspawn
