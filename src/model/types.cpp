#include "model/types.hpp"

#include <array>

namespace vmspawn {

namespace {

constexpr std::array<std::string_view, 3> want_words{"no", "yes", "auto"};
constexpr std::array<std::string_view, 4> arch_words{"native", "x86_64", "aarch64", "riscv64"};
constexpr std::array<std::string_view, 2> disk_format_words{"raw", "qcow2"};
constexpr std::array<std::string_view, 4> disk_type_words{"virtio-blk", "virtio-scsi", "nvme", "scsi-cd"};
constexpr std::array<std::string_view, 3> scope_words{"auto", "system", "user"};
constexpr std::array<std::string_view, 2> state_words{"auto", "off"};
constexpr std::array<std::string_view, 4> cache_words{"auto", "always", "close-to-open", "never"};
constexpr std::array<std::string_view, 4> firmware_words{"auto", "uefi", "bios", "none"};
constexpr std::array<std::string_view, 3> confidential_words{"no", "sev-snp", "tdx"};
constexpr std::array<std::string_view, 3> vsock_backend_words{"auto", "kernel", "user"};
constexpr std::array<std::string_view, 2> network_words{"tap", "user"};
constexpr std::array<std::string_view, 3> network_backend_words{"auto", "passt", "qemu"};
constexpr std::array<std::string_view, 5> console_words{"interactive", "read-only", "native", "gui", "headless"};
constexpr std::array<std::string_view, 2> transport_words{"virtio", "serial"};

template <class E>
std::string_view word_at(E value, std::string_view otherwise = {}) {
    const auto words = words_of<E>();
    const auto index = static_cast<std::size_t>(value);
    return index < words.size() ? words[index] : otherwise;
}

}  // namespace

// clang-format off
template <> std::span<const std::string_view> words_of<Want>() { return want_words; }
template <> std::span<const std::string_view> words_of<Arch>() { return arch_words; }
template <> std::span<const std::string_view> words_of<DiskFormat>() { return disk_format_words; }
template <> std::span<const std::string_view> words_of<DiskType>() { return disk_type_words; }
template <> std::span<const std::string_view> words_of<Cache>() { return cache_words; }
template <> std::span<const std::string_view> words_of<Scope>() { return scope_words; }
template <> std::span<const std::string_view> words_of<StateKind>() { return state_words; }
template <> std::span<const std::string_view> words_of<FirmwareKind>() { return firmware_words; }
template <> std::span<const std::string_view> words_of<Confidential>() { return confidential_words; }
template <> std::span<const std::string_view> words_of<VsockBackend>() { return vsock_backend_words; }
template <> std::span<const std::string_view> words_of<NetworkKind>() { return network_words; }
template <> std::span<const std::string_view> words_of<NetworkBackend>() { return network_backend_words; }
template <> std::span<const std::string_view> words_of<ConsoleMode>() { return console_words; }
template <> std::span<const std::string_view> words_of<ConsoleTransport>() { return transport_words; }

std::string_view to_word(Want value) { return word_at(value); }
std::string_view to_word(Arch value) { return word_at(value); }
std::string_view to_word(DiskFormat value) { return word_at(value); }
std::string_view to_word(DiskType value) { return word_at(value); }
std::string_view to_word(Cache value) { return word_at(value); }
std::string_view to_word(Scope value) { return word_at(value); }
std::string_view to_word(StateKind value) { return word_at(value, "path"); }
std::string_view to_word(FirmwareKind value) { return word_at(value, "descriptor"); }
std::string_view to_word(Confidential value) { return word_at(value); }
std::string_view to_word(VsockBackend value) { return word_at(value); }
std::string_view to_word(NetworkKind value) { return word_at(value); }
std::string_view to_word(NetworkBackend value) { return word_at(value); }
std::string_view to_word(ConsoleMode value) { return word_at(value); }
std::string_view to_word(ConsoleTransport value) { return word_at(value); }
// clang-format on

}  // namespace vmspawn
