// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

// Bytes in pieces: a file, or the decompressed content of another source. Only the final text is ever in memory as a
// whole.
namespace phaselaw::documents {

class ByteSource {
 public:
  ByteSource() = default;
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  // Writes up to `size` bytes and returns how many; 0 only at the end, or if `size` is 0.
  [[nodiscard]] virtual std::size_t read(char* to, std::size_t size) = 0;
};

// Whether so few packed bytes that become so many were probably made to fill a memory: more than 64 MiB and 200 times.
// A table that repeats itself becomes about 50 times smaller.
[[nodiscard]] constexpr bool is_decompression_bomb(std::size_t unpacked, std::size_t packed) {
  return unpacked > (std::size_t{1} << 26) && unpacked / 200 > packed;
}

enum class Compression { none, gzip, zstd, xz };
// From the first bytes; 6 are enough.
[[nodiscard]] Compression compression_of(std::string_view head);
[[nodiscard]] std::string name_of(Compression compression);  // "gzip", or empty

// The decompressed content of `from`, of which `head` was read already. All members (gzip), frames (zstd) or streams
// (xz) are read one after the other.
//
// read() throws InputError at `source`, with the name of the format, if the data are truncated or damaged, if bytes
// follow that belong to no member, if decompression needs a window beyond 256 MiB, and if more than 64 MiB and more
// than 200 times the compressed bytes have come out. The last is what small files do that were made to fill a memory.
[[nodiscard]] std::unique_ptr<ByteSource> decompressed(ByteSource& from, std::string head, Compression compression,
                                                       const std::string& source);

}  // namespace phaselaw::documents
