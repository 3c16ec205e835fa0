// Strings and credentials for the guest. Values travel in memory files: they stand on no command line.
#include "base/text.hpp"
#include "plan/contributors.hpp"
#include "plan/files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace vmspawn {

namespace {

constexpr std::string_view fstab_credential = "fstab.extra";
constexpr std::string_view plain_credential = "io.systemd.credential:";
constexpr std::size_t longest_fw_cfg_name = 55;  ///< QEMU's limit, less the end of the string
constexpr std::string_view binary_credential = "io.systemd.credential.binary:";

std::uint64_t base64_size(std::uint64_t bytes) {
    return (bytes + 2) / 3 * 4;
}

std::uint64_t size_on_host(const Planning& p, const std::string& path) {
    const auto answer = p.host.files.find(path);
    return answer == p.host.files.end() ? 0 : answer->second.size;
}

struct SizeOf {
    const Planning& p;
    std::uint64_t operator()(const Text& text) const { return text.bytes.size(); }
    std::uint64_t operator()(const Secret& secret) const { return secret.base64 ? base64_size(secret.bytes.size()) : secret.bytes.size(); }
    std::uint64_t operator()(const FileContent& file) const {
        const std::uint64_t bytes = size_on_host(p, file.path);
        return file.base64 ? base64_size(bytes) : bytes;
    }
    std::uint64_t operator()(const PasswordHash& hash) const { return hash.size; }
    std::uint64_t operator()(const PathText& text) const { return text.bytes.size(); }
    std::uint64_t operator()(const Align&) const { return 0; }
    std::uint64_t operator()(const Late&) const { return largest_late; }
    std::uint64_t operator()(const RuntimeFile& file) const { return file.base64 ? base64_size(largest_late) : largest_late; }

    static constexpr std::uint64_t largest_late = 1024;  ///< a number, or a key
};

std::uint64_t size_of(const Planning& p, const std::vector<Piece>& pieces) {
    return std::accumulate(pieces.begin(), pieces.end(), std::uint64_t{0},
                           [&](std::uint64_t sum, const Piece& piece) { return sum + std::visit(SizeOf{p}, piece); });
}

/// Whether so many bytes more find room. The tables of SMBIOS 2 end at 64 KiB; those of SMBIOS 3 do not, but SeaBIOS, which starts a
/// machine without UEFI, cuts them there too.
bool make_room(Planning& p, std::uint64_t more) {
    constexpr std::uint64_t enough = 61440;  // leaves 4 KiB to QEMU's own tables
    const std::uint64_t before = std::exchange(p.smbios_bytes, p.smbios_bytes + more);
    if (before + more <= enough)
        return true;
    if (!p.firmware || !p.has("smbios-entry-point-type")) {
        p.smbios_bytes = before;
        return false;
    }
    if (before > enough)
        return true;  // SMBIOS 3 already
    p.machine_options.emplace_back("smbios-entry-point-type=64");
    p.reason("smbios-entry-point-type = 64 because strings and credentials pass 60 KiB, and SMBIOS 2 ends at 64 KiB");
    return true;
}

void refuse_too_much(Planning& p, const std::string& key) {
    p.found.add(error(fmt::format("{}: strings and credentials pass 60 KiB together", key), p.origin(key))
                    .with_hint(p.firmware ? fmt::format("QEMU {} has SMBIOS 2 only, which ends at 64 KiB", p.qemu_facts.version)
                                          : "without UEFI firmware SMBIOS ends at 64 KiB; credentials with short names go another way")
                    .with_error(EOPNOTSUPP));
}

void put_smbios_string(Planning& p, ResourceId id, std::vector<Piece> pieces, const std::string& key) {
    Word word("type=11,path=");
    word += Late{id, Late::What::path};
    p.qemu.option("-smbios", std::move(word));
    p.add({.id = std::move(id), .up = MakeMemory{std::move(pieces)}, .because = p.origin(key), .because_key = key});
}

/// A string is public, unless it is a credential spelt by hand: then its value is kept out of plans like any other.
std::vector<Piece> string_pieces(const std::string& text) {
    for (const std::string_view prefix : {plain_credential, binary_credential}) {
        const std::size_t equals = text.find('=', prefix.size());
        if (!text.starts_with(prefix) || equals == std::string::npos)
            continue;
        const std::string id = text.substr(prefix.size(), equals - prefix.size());
        const std::string value = text.substr(equals + 1);
        const bool binary = prefix == binary_credential;
        const std::optional<std::string> bytes = binary ? base64_decode(value) : value;
        return {Text{text.substr(0, equals + 1)}, Secret{id, bytes.value_or(value), binary && bytes}};
    }
    return {Text{text}};
}

/// The file behind a credential; empty after adding the problem.
std::optional<std::string> credential_path(Planning& p, const Credential& credential, const std::string& key) {
    if (const auto* file = std::get_if<CredentialFile>(&credential.source))
        return judge_file(p, {.path = file->path, .key = key, .socket = true}) ? std::optional(file->path.string()) : std::nullopt;
    const auto& inherited = std::get<CredentialInherited>(credential.source);
    const auto directory = p.host.environment.find("CREDENTIALS_DIRECTORY");
    if (directory != p.host.environment.end() && !directory->second.empty())
        return directory->second + "/" + inherited.name;
    p.found.add(error(fmt::format("{}: vmspawn was given no credential '{}'", key, inherited.name), p.origin(key))
                    .with_hint("$CREDENTIALS_DIRECTORY is not set; a path needs a '/'")
                    .with_error(ENOENT));
    return std::nullopt;
}

std::optional<Piece> credential_value(Planning& p, const Credential& credential, const std::string& key, bool base64) {
    if (const auto* text = std::get_if<CredentialText>(&credential.source))
        return Secret{credential.id, text->bytes, base64};
    if (const std::optional<std::string> path = credential_path(p, credential, key))
        return FileContent{*path, credential.id, base64};
    return std::nullopt;
}

std::string fw_cfg_name(const std::string& id) {
    return "opt/io.systemd.credentials/" + id;
}

/// False after adding the problem.
bool fits_fw_cfg(Planning& p, const std::string& id, const std::string& key) {
    const std::size_t size = fw_cfg_name(id).size();
    if (size > longest_fw_cfg_name)
        p.found.add(error(fmt::format("{}: the name of the credential {} is too long for a guest without SMBIOS", key, id), p.origin(key))
                        .with_hint(fmt::format("at most {} characters", longest_fw_cfg_name - (size - id.size()))));
    return size <= longest_fw_cfg_name;
}

/// What finds no room goes by fw_cfg, where a name has 28 characters.
void add_by_smbios(Planning& p, const Credential& credential, const std::string& key) {
    const std::optional<Piece> value = credential_value(p, credential, key, true);
    if (!value)
        return;
    std::vector<Piece> pieces{Text{fmt::format("{}{}=", binary_credential, credential.id)}, *value};
    const bool fits = make_room(p, size_of(p, pieces) + 1);
    if (fits)
        return put_smbios_string(p, "credential." + credential.id, std::move(pieces), key);
    if (fw_cfg_name(credential.id).size() > longest_fw_cfg_name)
        return refuse_too_much(p, key);
    p.reason(fmt::format("credential {} travels by fw_cfg because SMBIOS ends at 64 KiB {}", credential.id,
                         p.firmware ? "with this QEMU" : "without UEFI firmware"));
    const ResourceId id = "credential." + credential.id;
    Word word("name=" + escape_qemu_value(fw_cfg_name(credential.id)) + ",file=");
    word += Late{id, Late::What::path};
    p.qemu.option("-fw_cfg", std::move(word));
    p.add({.id = id, .up = MakeMemory{{*credential_value(p, credential, key, false)}}, .because = p.origin(key), .because_key = key});
}

/// Our lines after those of the user's own credential of that name.
void add_fstab(Planning& p) {
    std::vector<Piece> pieces{Text{fmt::format("{}{}=", plain_credential, fstab_credential)}};
    std::string key;
    for (const Credential& credential : p.machine.credentials)
        if (credential.id == fstab_credential) {
            key = entry_key("credentials", credential.id);
            if (const std::optional<Piece> value = credential_value(p, credential, key, false))
                pieces.push_back(*value);
            pieces.emplace_back(Text{"\n"});
        }
    pieces.emplace_back(Text{fmt::format("{}\n", fmt::join(p.fstab, "\n"))});
    add_smbios_string(p, fmt::format("credential.{}", fstab_credential), std::move(pieces), key.empty() ? "mount" : key);
}

/// One file of a cpio archive ("newc"), its content by pieces of `size` bytes. Links and times play no part.
void add_archived(std::vector<Piece>& archive, const std::string& name, std::uint32_t mode, std::uint64_t size,
                  std::vector<Piece> content) {
    const std::size_t inode = archive.size() + 1;  // only has to differ
    archive.emplace_back(Text{fmt::format("070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}", inode,
                                          mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name.size() + 1, 0) +
                              name + std::string(1, '\0')});
    archive.emplace_back(Align{4});
    std::ranges::move(content, std::back_inserter(archive));
    archive.emplace_back(Align{4});
}

/// Where systemd-stub puts credentials, which the host must not be able to change: SMBIOS is no part of what SEV-SNP measures.
void add_by_initrd(Planning& p, const std::string& id, std::vector<Piece> pieces, const std::string& key) {
    constexpr std::uint32_t directory = 040700, file = 0100400;
    const bool unknown_size = std::ranges::any_of(pieces, [&](const Piece& piece) {
        const auto* content = std::get_if<FileContent>(&piece);
        return content != nullptr && !p.host.files.contains(content->path);
    });
    if (unknown_size) {
        p.found.add(error(fmt::format("{}: an inherited credential cannot be measured", key), p.origin(key))
                        .with_hint("name a file, whose size is known before the start"));
        return;
    }
    std::vector<Piece>& archive = p.initrd_credentials;
    if (archive.empty()) {
        p.reason("credentials travel in an archive behind the initrds because SMBIOS is no part of what SEV-SNP measures");
        add_archived(archive, ".extra", directory, 0, {});
        add_archived(archive, ".extra/system_credentials", directory, 0, {});
    }
    const std::uint64_t size = size_of(p, pieces);
    add_archived(archive, fmt::format(".extra/system_credentials/{}.cred", id), file, size, std::move(pieces));
}

/// The archive ends with a file of this name.
void close_archive(std::vector<Piece>& archive) {
    if (!archive.empty())
        add_archived(archive, "TRAILER!!!", 0, 0, {});
}

}  // namespace

bool has_smbios(const Planning& p) {
    return p.arch.smbios == Smbios::always || (p.arch.smbios == Smbios::with_uefi && p.firmware);
}

void add_smbios_string(Planning& p, ResourceId id, std::vector<Piece> pieces, const std::string& key) {
    if (make_room(p, size_of(p, pieces) + 1))
        put_smbios_string(p, std::move(id), std::move(pieces), key);
    else
        refuse_too_much(p, key);
}

bool told_by_smbios(const Planning& p) {
    return has_smbios(p) && p.machine.boot.confidential != Confidential::sev_snp;
}

void add_credential(Planning& p, const std::string& id, std::vector<Piece> pieces, const std::string& key, std::vector<ResourceId> after) {
    if (p.machine.boot.confidential == Confidential::sev_snp)
        return add_by_initrd(p, id, std::move(pieces), key);
    if (!has_smbios(p) && !fits_fw_cfg(p, id, key))
        return;
    const ResourceId resource = "credential." + id;
    std::vector<ResourceId> needs = std::move(after);  // QEMU reads SMBIOS strings with its command line, fw_cfg's only with the devices
    bool waits = !needs.empty(), binary = false;
    for (Piece& piece : pieces) {
        if (const auto* late = std::get_if<Late>(&piece))
            needs.push_back(late->resource);
        if (auto* file = std::get_if<RuntimeFile>(&piece)) {
            needs.push_back(file->maker);
            file->base64 = has_smbios(p);
            waits = binary = true;
        }
    }
    Word word(has_smbios(p) ? "type=11,path=" : "name=" + escape_qemu_value(fw_cfg_name(id)) + ",file=");
    word += Late{resource, Late::What::path};
    if (has_smbios(p)) {
        pieces.insert(pieces.begin(), Text{fmt::format("{}{}=", binary ? binary_credential : plain_credential, id)});
        if (!make_room(p, size_of(p, pieces) + 1))
            return refuse_too_much(p, key);
    }
    p.qemu.option(has_smbios(p) ? "-smbios" : "-fw_cfg", std::move(word));
    const auto add = [&](const ResourceId& name, Action up) {
        p.add({.id = name, .needs = std::move(needs), .up = std::move(up), .because = p.origin(key), .because_key = key});
    };
    if (!waits)
        return add(resource, MakeMemory{std::move(pieces)});
    p.add({.id = resource, .up = MakePipe{}, .because = p.origin(key), .because_key = key});
    needs.push_back(resource);
    add(resource + ".value", FillPipe{resource, std::move(pieces)});
}

void plan_smbios(Planning& p) {
    for (std::size_t i = 0; i < p.machine.smbios.size(); ++i) {
        const std::string key = element_key("smbios", i);
        if (has_smbios(p))
            add_smbios_string(p, fmt::format("smbios.{}", i), string_pieces(p.machine.smbios[i]), key);
        else
            p.found.add(warning(fmt::format("{} does not reach the guest", key), p.origin(key))
                            .with_hint(fmt::format("a guest of {} has no SMBIOS without UEFI", p.arch.name)));
    }
}

void plan_credentials(Planning& p) {
    if (!p.fstab.empty())
        add_fstab(p);
    if (!has_smbios(p) && (!p.machine.credentials.empty() || !p.machine.users.bind.empty()))
        p.reason(fmt::format("credentials travel by fw_cfg because a guest of {} has no SMBIOS without UEFI", p.arch.name));
    for (const Credential& credential : p.machine.credentials) {
        const std::string key = entry_key("credentials", credential.id);
        if (!p.fstab.empty() && credential.id == fstab_credential)
            continue;  // above
        if (p.machine.boot.confidential != Confidential::sev_snp && has_smbios(p))
            add_by_smbios(p, credential, key);
        else if (const std::optional<Piece> value = credential_value(p, credential, key, false))
            add_credential(p, credential.id, {*value}, key);
    }
    close_archive(p.initrd_credentials);
}

}  // namespace vmspawn
