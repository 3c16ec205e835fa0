// Kernels are unpacked once, and one that cannot be entered stays as it is.
#include "run/unpack_kernel.hpp"

#include "base/file.hpp"
#include "run/decompress.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <elf.h>
#include <filesystem>
#include <lz4.h>
#include <lzma.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

namespace vmspawn {
namespace {

std::string bytes_of(const auto& record) {
    return {reinterpret_cast<const char*>(&record), sizeof record};
}

/// An ELF file with one segment of notes that holds one of `type` by "Xen".
std::string kernel(std::uint32_t type) {
    Elf64_Ehdr header{};
    std::copy_n(ELFMAG, SELFMAG, reinterpret_cast<char*>(header.e_ident));
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_phoff = sizeof header;
    header.e_phnum = 1;
    const std::string note = bytes_of(Elf64_Nhdr{4, 4, type}) + std::string("Xen\0addr", 8);
    Elf64_Phdr segment{};
    segment.p_type = PT_NOTE;
    segment.p_offset = sizeof header + sizeof segment;
    segment.p_filesz = note.size();
    return bytes_of(header) + bytes_of(segment) + note + std::string(5000, 'k');
}

std::string lz4(const std::string& plain) {
    std::string block(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(plain.size()))), '\0');
    const int size = LZ4_compress_default(plain.data(), block.data(), static_cast<int>(plain.size()), static_cast<int>(block.size()));
    block.resize(static_cast<std::size_t>(size));
    return bytes_of(std::uint32_t{0x184c2102}) + bytes_of(static_cast<std::uint32_t>(size)) + block;
}

std::string zstd(const std::string& plain) {
    std::string packed(ZSTD_compressBound(plain.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3));
    return packed;
}

std::string xz(const std::string& plain) {
    std::string packed(lzma_stream_buffer_bound(plain.size()), '\0');
    std::size_t size = 0;
    EXPECT_EQ(lzma_easy_buffer_encode(3, LZMA_CHECK_CRC32, nullptr, reinterpret_cast<const std::uint8_t*>(plain.data()), plain.size(),
                                      reinterpret_cast<std::uint8_t*>(packed.data()), &size, packed.size()),
              LZMA_OK);
    packed.resize(size);
    return packed;
}

std::string gzip(const std::string& plain) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string packed(deflateBound(&stream, plain.size()), '\0');
    std::string input = plain;
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

TEST(Decompress, KnowsTheFourOfKernels) {
    const std::string plain = kernel(18);
    for (const auto& [name, packed] : {std::pair{"lz4", lz4(plain)}, {"zstd", zstd(plain)}, {"xz", xz(plain)}, {"gzip", gzip(plain)}}) {
        EXPECT_EQ(decompress(name, packed, plain.size()), plain) << name;
        EXPECT_EQ(decompress(name, packed, plain.size() - 1), std::nullopt) << name;
        EXPECT_EQ(decompress(name, packed, plain.size() + 1), std::nullopt) << name;
        for (const std::size_t cut : {std::size_t{0}, std::size_t{3}, packed.size() / 2, packed.size() - 1})
            EXPECT_EQ(decompress(name, packed.substr(0, cut), plain.size()), std::nullopt) << name << " cut at " << cut;
    }
    EXPECT_EQ(decompress("bzip2", plain, plain.size()), std::nullopt);
}

class UnpackKernelTest : public testing::Test {
protected:
    test::TemporaryDirectory directory;
    UnpackKernel action{.path = (directory.path() / "vmlinuz").string(),
                        .compression = "lz4",
                        .offset = 100,
                        .size = 0,
                        .cache = (directory.path() / "cache").string()};

    void pack(const std::string& kernel, const std::string& ending = "tail") {
        const std::string packed = lz4(kernel) + bytes_of(static_cast<std::uint32_t>(kernel.size()));
        action.size = packed.size();
        ASSERT_TRUE(write_file(action.path, std::string(100, 'h') + packed + ending, Existing::replace));
    }
    std::string opened() {
        const Result<Fd> fd = open_unpacked(action);
        EXPECT_TRUE(fd) << to_string(fd.failure());
        std::string text(100000, '\0');
        const ssize_t size = fd ? pread(fd->get(), text.data(), text.size(), 0) : 0;
        text.resize(static_cast<std::size_t>(size));
        return text;
    }
    [[nodiscard]] std::size_t kept() const {
        const std::filesystem::path place = directory.path() / "cache/kernels";
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(place), {}));
    }
};

TEST_F(UnpackKernelTest, IsTheKernelItselfAndKept) {
    pack(kernel(18));
    EXPECT_EQ(opened(), kernel(18));
    EXPECT_EQ(kept(), 1U);
    EXPECT_EQ(opened(), kernel(18));
    EXPECT_EQ(kept(), 1U);
}

TEST_F(UnpackKernelTest, AChangedFileIsUnpackedAgain) {
    pack(kernel(18));
    opened();
    pack(kernel(18) + "new");
    EXPECT_EQ(opened(), kernel(18) + "new");
}

TEST_F(UnpackKernelTest, WithoutAnEntryTheFileStaysAsItIs) {
    pack(kernel(17));
    const std::string file = *read_file(action.path, 1 << 20);
    EXPECT_EQ(opened(), file);
    EXPECT_EQ(opened(), file) << "from the cache's mark";
    pack("no ELF at all");
    EXPECT_EQ(opened(), *read_file(action.path, 1 << 20));
    action.size = 50;  // beyond what the stream needs
    EXPECT_EQ(opened(), *read_file(action.path, 1 << 20));
}

TEST_F(UnpackKernelTest, ADirectoryThatCannotBeWrittenOnlyCostsTime) {
    pack(kernel(18));
    ASSERT_TRUE(write_file(action.cache, "a file stands here", Existing::replace));
    EXPECT_EQ(opened(), kernel(18));
    action.cache.clear();
    EXPECT_EQ(opened(), kernel(18));
}

TEST_F(UnpackKernelTest, TheCacheStaysSmall) {
    for (int i = 0; i < 7; ++i) {
        pack(kernel(18) + std::to_string(i));
        opened();
    }
    EXPECT_EQ(kept(), 4U);
}

TEST_F(UnpackKernelTest, AMissingKernelIsAnError) {
    const Result<Fd> fd = open_unpacked(action);
    ASSERT_FALSE(fd);
    EXPECT_EQ(fd.failure().error, ENOENT);
}

}  // namespace
}  // namespace vmspawn
