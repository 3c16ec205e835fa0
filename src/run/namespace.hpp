// The namespaces of a child: prepared before the fork, entered after it, where only async-signal-safe calls are allowed.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "plan/action.hpp"

#include <string>
#include <sys/types.h>
#include <vector>

namespace vmspawn {

/// What the child does, in texts that exist before the fork.
class PreparedSpace {
public:
    /// `space` must outlive this.
    explicit PreparedSpace(const Namespace& space);

    /// In the child. Null when all went well; else what failed, and errno. `peer` is a socket to the parent, which calls
    /// write_ids() meanwhile.
    const char* enter(int peer) const;

private:
    struct Step {
        enum class Kind { stage, directory, like, file, bind, read_only, overlay } kind;
        std::string source;  ///< of an overlay its options
        std::string target;
        std::string doing;
    };
    const Namespace& space_;
    std::vector<Step> steps_;

    void add_overlay(const std::string& target, const std::string& source);
    [[nodiscard]] const char* mount_all() const;
};

/// In the parent: waits until the child has its user namespace, gives it its ids, and says so.
Result<void> write_ids(const Namespace& space, pid_t child, int peer);

/// A user namespace in which this process's user is root, and nobody else is there. It lasts as long as the descriptor.
Result<Fd> make_user_namespace();

}  // namespace vmspawn
