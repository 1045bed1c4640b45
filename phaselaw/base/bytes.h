// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

// Numbers, lists and texts as bytes and back, between processes of one program on machines of one kind: little-endian,
// lengths as 8 bytes. A length beyond the end causes no allocation; the reader becomes bad.
namespace phaselaw::base {

static_assert(std::endian::native == std::endian::little, "bytes are copied without conversion");

class ByteWriter {
 public:
  template <class V>
  void value(const V& v) {
    bytes_.append(reinterpret_cast<const char*>(&v), sizeof v);
  }
  template <class V>
  void list(const std::vector<V>& values) {
    value(static_cast<std::uint64_t>(values.size()));
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(V));
  }
  void text(std::string_view text) {
    value(static_cast<std::uint64_t>(text.size()));
    bytes_ += text;
  }
  void raw(std::string_view text) { bytes_ += text; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reads in order; good() tells at the end whether all reads were within the bytes. Reads beyond the end return zero.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  template <class V>
  V value() {
    V v{};
    if (take(sizeof v)) std::memcpy(&v, taken_, sizeof v);
    return v;
  }
  template <class V>
  std::vector<V> list() {
    const auto count = value<std::uint64_t>();
    std::vector<V> values;
    if (count > bytes_.size() / sizeof(V) || !take(count * sizeof(V))) {
      good_ = false;
      return values;
    }
    values.resize(count);
    if (count > 0) std::memcpy(values.data(), taken_, count * sizeof(V));
    return values;
  }
  std::string_view text() {
    const auto size = value<std::uint64_t>();
    return take(size) ? std::string_view(taken_, size) : std::string_view();
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return good_ && bytes_.empty(); }

 private:
  bool take(std::uint64_t size) {
    good_ = good_ && size <= bytes_.size();
    if (!good_) return false;
    taken_ = bytes_.data();
    bytes_.remove_prefix(size);
    return true;
  }
  std::string_view bytes_;
  const char* taken_ = nullptr;
  bool good_ = true;
};

}  // namespace phaselaw::base
