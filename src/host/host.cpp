#include "host/host.hpp"

namespace vmspawn {

std::string Host::program(const std::string& name) const {
    const auto found = programs.find(name);
    return found == programs.end() ? "" : found->second;
}

std::string state_path(const Host& host, const std::string& subject) {
    if (subject.starts_with('/'))
        return subject;
    return host.state_base.empty() ? "" : host.state_base + "/" + subject;
}

std::string service_path(const Host& host, const std::string& subject) {
    if (subject.starts_with('/'))
        return subject;
    return (host.uid == 0 ? "/run/user/0" : host.runtime_base) + "/" + subject;
}

bool applies(const Question& question, const Host& host) {
    if (question.if_uki.empty())
        return true;
    const auto kernel = host.files.find(question.if_uki);
    return kernel != host.files.end() && kernel->second.format == "uki";
}

}  // namespace vmspawn
