#include "host/host.hpp"

namespace vmspawn {

std::string state_path(const Host& host, const std::string& subject) {
    if (subject.starts_with('/'))
        return subject;
    return host.state_base.empty() ? "" : host.state_base + "/" + subject;
}

}  // namespace vmspawn
