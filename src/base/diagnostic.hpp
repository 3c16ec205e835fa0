// A problem the user can fix in a file or a flag, as a value. Nothing here prints; render.hpp does.
#pragma once

#include "base/origin.hpp"

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace vmspawn {

enum class Severity { error, warning };

struct Note {
    std::string text;
    Origin at;  ///< FromDefault: no place is shown
};

/// One problem. Build it with error() or warning() and the setters.
struct Diagnostic {
    Severity severity = Severity::error;
    std::string summary;  ///< one line, no full stop: ram = "8Q" is not a size
    Origin at;            ///< what the caret stands under
    std::string hint;     ///< beside the caret: what was expected, or the nearest known name
    std::vector<Note> notes;
    int error = EINVAL;    ///< errno of this kind of problem; see Diagnostics::status()
    std::string key = {};  ///< of the setting that it is about, where it is about one that may as well be left out: "vsock.cid"

    Diagnostic&& with_hint(std::string text) && {
        hint = std::move(text);
        return std::move(*this);
    }
    Diagnostic&& with_note(std::string text, Origin where = FromDefault{}) && {
        notes.push_back({std::move(text), std::move(where)});
        return std::move(*this);
    }
    Diagnostic&& with_error(int number) && {
        error = number;
        return std::move(*this);
    }
};

Diagnostic error(std::string summary, Origin at);
Diagnostic warning(std::string summary, Origin at);

/// Problems in the order found. Functions that judge return what they could make and add here what they found.
class Diagnostics {
public:
    void add(Diagnostic diagnostic) { all_.push_back(std::move(diagnostic)); }
    void append(Diagnostics other);
    /// By file in order of first mention, then position; arguments after files, in argv order. Stable.
    void sort_by_place();

    [[nodiscard]] bool has_errors() const;
    [[nodiscard]] bool empty() const { return all_.empty(); }
    [[nodiscard]] auto begin() const { return all_.begin(); }
    [[nodiscard]] auto end() const { return all_.end(); }
    [[nodiscard]] std::size_t size() const { return all_.size(); }
    /// 0 without errors; the common errno if all errors have one; else EINVAL (definition of exit status, first row).
    [[nodiscard]] int status() const;

private:
    std::vector<Diagnostic> all_;
};

}  // namespace vmspawn
