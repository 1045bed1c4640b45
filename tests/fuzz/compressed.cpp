// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as gzip, zstd or xz: refused, or decompressed within the bounds on memory and on the ratio.
#include <algorithm>
#include <cstring>

#include "phaselaw/documents/byte_source.h"
#include "tests/fuzz/reader.h"

namespace {

class Memory final : public phaselaw::documents::ByteSource {
 public:
  explicit Memory(std::string_view bytes) : rest_(bytes) {}
  std::size_t read(char* to, std::size_t size) override {
    const std::size_t n = std::min({size, rest_.size(), std::size_t{4096}});
    if (n > 0) std::memcpy(to, rest_.data(), n);
    rest_.remove_prefix(n);
    return n;
  }

 private:
  std::string_view rest_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace phaselaw;
  const std::string_view all(reinterpret_cast<const char*>(bytes), size);
  const documents::Compression kind = documents::compression_of(all);
  if (kind == documents::Compression::none) return 0;
  constexpr std::size_t kHead = 6;
  Memory rest(all.substr(std::min(kHead, size)));
  try {
    const auto source = documents::decompressed(rest, std::string(all.substr(0, kHead)), kind, "fuzz");
    std::string piece(1 << 16, '\0');
    std::size_t total = 0;
    while (const std::size_t n = source->read(piece.data(), piece.size())) {
      fuzz::require(n <= piece.size());
      total += n;
    }
    fuzz::require(total <= (std::size_t{64} << 20) + 201 * (size + piece.size()));
  } catch (const base::InputError& refused) {
    fuzz::require(std::string_view(refused.what()).starts_with("fuzz"));
  }
  return 0;
}
