// What becomes of each key that a definition says: an export tells of every one that it is kept or lost. One that it forgets counts as
// lost.
#pragma once

#include "export/export.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

class Ledger {
public:
    explicit Ledger(const Machine& machine) : machine_(machine) {}

    /// Of a leaf, or of a named entry without its leaves.
    void kept(std::string_view key) { kept_.emplace(key); }
    /// Of a leaf, an element of a list, a named entry with all below it, or a table: then each leaf below it. A key that nobody said loses
    /// nothing. Where both were told, it is kept in part and lost in part.
    void lost(std::string_view key, std::string_view reason) { lost_.emplace(key, reason); }
    /// kept() where `is_kept`, else lost().
    void settle(std::string_view key, bool is_kept, std::string_view reason);

    /// By key. `otherwise` is the reason of what nobody told about.
    [[nodiscard]] std::vector<Loss> losses(std::string_view otherwise) const;

private:
    /// Why the key does not survive; nullptr: it does, or something above it is listed.
    [[nodiscard]] const std::string* fate(std::string_view key, const std::string& otherwise) const;

    const Machine& machine_;
    std::set<std::string, std::less<>> kept_;
    std::map<std::string, std::string, std::less<>> lost_;
};

}  // namespace vmspawn
