#include "run/decompress.hpp"

#include <cstdint>
#include <cstring>
#include <dlfcn.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

namespace vmspawn {

namespace {

/// Loaded when there is something to unpack, which is seldom: the result is kept.
class CompressionLibrary {
public:
    explicit CompressionLibrary(const char* name) : handle_(::dlopen(name, RTLD_NOW | RTLD_LOCAL)) {}
    CompressionLibrary(const CompressionLibrary&) = delete;
    CompressionLibrary& operator=(const CompressionLibrary&) = delete;
    ~CompressionLibrary() {
        if (handle_ != nullptr)
            ::dlclose(handle_);
    }

    /// Null: it is not there.
    template <class Function>
    Function* find(const char* name) const {
        return handle_ == nullptr ? nullptr : reinterpret_cast<Function*>(::dlsym(handle_, name));
    }

private:
    void* handle_;
};

bool from_gzip(std::string_view packed, std::string& out) {
    const CompressionLibrary zlib("libz.so.1");
    auto* const init = zlib.find<decltype(::inflateInit2_)>("inflateInit2_");
    auto* const unpack = zlib.find<decltype(::inflate)>("inflate");
    auto* const end = zlib.find<decltype(::inflateEnd)>("inflateEnd");
    z_stream stream{};
    constexpr int gzip_only = 16;
    if (init == nullptr || unpack == nullptr || end == nullptr ||
        init(&stream, MAX_WBITS + gzip_only, ZLIB_VERSION, static_cast<int>(sizeof stream)) != Z_OK)
        return false;
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));  // zlib's interface: it only reads
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int ended = unpack(&stream, Z_FINISH);
    end(&stream);
    return ended == Z_STREAM_END && stream.avail_out == 0;
}

bool from_xz(std::string_view packed, std::string& out) {
    const CompressionLibrary lzma("liblzma.so.5");
    auto* const decode = lzma.find<decltype(::lzma_stream_buffer_decode)>("lzma_stream_buffer_decode");
    std::uint64_t memory = UINT64_MAX;
    std::size_t read = 0, written = 0;
    return decode != nullptr &&
           decode(&memory, 0, nullptr, reinterpret_cast<const std::uint8_t*>(packed.data()), &read, packed.size(),
                  reinterpret_cast<std::uint8_t*>(out.data()), &written, out.size()) == LZMA_OK &&
           written == out.size();
}

// Block after block, each with its packed size before it; the first word is the magic of the frame, which may come again.
bool from_lz4(std::string_view packed, std::string& out) {
    const CompressionLibrary lz4("liblz4.so.1");
    auto* const decode = lz4.find<decltype(::LZ4_decompress_safe)>("LZ4_decompress_safe");
    if (decode == nullptr)
        return false;
    constexpr std::uint32_t frame = 0x184c2102;
    std::size_t written = 0;
    while (packed.size() >= 4) {
        std::uint32_t size = 0;
        std::memcpy(&size, packed.data(), 4);
        packed.remove_prefix(4);
        if (size == frame)
            continue;
        if (size == 0 || size > packed.size())
            return false;
        const int got = decode(packed.data(), out.data() + written, static_cast<int>(size), static_cast<int>(out.size() - written));
        if (got < 0)
            return false;
        written += static_cast<std::size_t>(got);
        packed.remove_prefix(size);
    }
    return packed.empty() && written == out.size();
}

bool from_zstd(std::string_view packed, std::string& out) {
    const CompressionLibrary zstd("libzstd.so.1");
    auto* const decode = zstd.find<decltype(::ZSTD_decompress)>("ZSTD_decompress");
    return decode != nullptr && decode(out.data(), out.size(), packed.data(), packed.size()) == out.size();
}

}  // namespace

std::optional<std::string> decompress(std::string_view compression, std::string_view packed, std::size_t size) {
    std::string out(size, '\0');
    const bool done = compression == "gzip"   ? from_gzip(packed, out)
                      : compression == "xz"   ? from_xz(packed, out)
                      : compression == "zstd" ? from_zstd(packed, out)
                      : compression == "lz4"  ? from_lz4(packed, out)
                                              : false;
    return done ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace vmspawn
