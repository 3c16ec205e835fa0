#include "host/disk_image.hpp"

#include "base/fd.hpp"
#include "host/file_probe.hpp"
#include "host/qcow2_header.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <vector>

namespace vmspawn {

namespace {

/// As QEMU tells a protocol ("nbd:", "json:") from a path: a colon before the first slash.
bool names_a_protocol(const std::string& name) {
    const std::size_t at = name.find_first_of(":/");
    return at != std::string::npos && name[at] == ':';
}

/// A relative name counts from the directory of the image that names it; a protocol stays as it is.
std::string beside(const std::string& image, const std::string& name) {
    if (name.empty() || names_a_protocol(name))
        return name;
    return (std::filesystem::path(image).parent_path() / name).lexically_normal().string();
}

Qcow2Facts read_facts(const std::string& path) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    std::string beginning(qcow2_header_bytes, '\0');
    const ssize_t got = file ? pread(file.get(), beginning.data(), beginning.size(), 0) : -1;
    if (got < 0)
        return {.problem = "it cannot be read"};
    beginning.resize(static_cast<std::size_t>(got));
    const Qcow2Header header = read_qcow2_header(beginning);
    return {.size = header.size,
            .backing = beside(path, header.backing_file),
            .backing_format = header.backing_format,
            .has_data_file = header.has_data_file,
            .data_file = beside(path, header.data_file),
            .problem = header.problem};
}

FileAnswer look_at(const std::string& path) {
    FileAnswer answer = probe_file(path);
    std::string target = without_links(path);
    if (target != path)
        answer.target = std::move(target);
    if (answer.format == "qcow2")
        answer.qcow2 = read_facts(path);
    return answer;
}

}  // namespace

std::string without_links(const std::string& path) {
    char* resolved = realpath(path.c_str(), nullptr);
    std::string target = resolved != nullptr ? resolved : "";
    free(resolved);  // NOLINT: realpath's own memory
    return target;
}

void probe_disk(const std::string& path, std::map<std::string, FileAnswer>& files) {
    std::vector<std::string> waiting{path};
    std::map<std::string, FileAnswer> found;
    while (!waiting.empty() && found.size() < 2 * longest_chain) {
        const std::string next = std::move(waiting.back());
        waiting.pop_back();
        if (!next.starts_with('/') || found.contains(next))
            continue;
        const FileAnswer& answer = found[next] = look_at(next);
        if (answer.qcow2) {
            waiting.push_back(answer.qcow2->backing);
            waiting.push_back(answer.qcow2->data_file);
        }
    }
    for (auto& [name, answer] : found)
        files.insert_or_assign(name, std::move(answer));
}

}  // namespace vmspawn
