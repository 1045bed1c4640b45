// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/scratch.h"
#include "phaselaw/documents/reading.h"

// What the tests of documents write: bytes of files in the formats that are read.
namespace phaselaw::documents::testing {

[[nodiscard]] inline Document document_of(std::string bytes, const std::string& source = "made.bin") {
  bytes.reserve(bytes.size() + Document::kPadding);
  return {.source = source, .text = std::make_shared<const std::string>(std::move(bytes)), .compression = ""};
}

template <class V>
[[nodiscard]] std::string raw_bytes(const V& value, bool big_endian = false) {
  std::string bytes(reinterpret_cast<const char*>(&value), sizeof value);
  return big_endian ? std::string(bytes.rbegin(), bytes.rend()) : bytes;
}

template <class V>
[[nodiscard]] std::string raw_bytes(const std::vector<V>& values, bool big_endian = false) {
  std::string bytes;
  for (const V& value : values) bytes += raw_bytes(value, big_endian);
  return bytes;
}

// Mutations of a file by a small generator: one byte changed, a piece removed, or the end cut.
class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : state_(seed) {}
  [[nodiscard]] std::size_t below(std::size_t n) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>(state_ >> 33) % n;
  }
  [[nodiscard]] std::string mutated(std::string bytes) {
    for (std::size_t times = 1 + below(3); times > 0 && !bytes.empty(); --times) {
      const std::size_t at = below(bytes.size());
      switch (below(4)) {
        case 0:
          bytes.resize(at);
          break;
        case 1:
          bytes.erase(at, 1 + below(4));
          break;
        case 2:
          bytes.insert(at, 1, static_cast<char>(below(256)));
          break;
        default:
          bytes[at] = static_cast<char>(below(256));
          break;
      }
    }
    return bytes;
  }

 private:
  std::uint64_t state_;
};

}  // namespace phaselaw::documents::testing
