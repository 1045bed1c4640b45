// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// Fields of a message of protocol buffers, one after the other [T: Protocol Buffers documentation, Encoding]. Nothing
// is copied or allocated, whatever the lengths say.
namespace phaselaw::documents {

class ProtobufReader {
 public:
  enum class Wire { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

  explicit ProtobufReader(std::string_view message) : left_(message) {}

  // The next field. False at the end, and from the first damaged field on.
  [[nodiscard]] bool next() {
    if (left_.empty() || !good_) return false;
    const std::uint64_t tag = varint();
    field_ = tag >> 3;
    wire_ = static_cast<Wire>(tag & 7);
    switch (wire_) {
      case Wire::varint:
        number_ = varint();
        break;
      case Wire::fixed64:
        number_ = fixed(8);
        break;
      case Wire::fixed32:
        number_ = fixed(4);
        break;
      case Wire::bytes:
        bytes_ = take(varint());
        break;
      default:
        good_ = false;  // groups are no longer written
    }
    return good_;
  }
  [[nodiscard]] bool is(std::uint64_t field, Wire wire) const { return field_ == field && wire_ == wire; }
  [[nodiscard]] std::uint64_t number() const { return number_; }  // of the other three kinds
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  [[nodiscard]] bool good() const { return good_; }

  // A number at the start of what is left, for packed lists; 0 beyond the end.
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (left_.empty()) break;
      const auto byte = static_cast<unsigned char>(left_.front());
      left_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    good_ = false;
    return 0;
  }
  [[nodiscard]] bool at_end() const { return left_.empty(); }

 private:
  std::string_view take(std::uint64_t size) {
    good_ = good_ && size <= left_.size();
    if (!good_) return {};
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  std::uint64_t fixed(std::size_t size) {
    const std::string_view taken = take(size);
    std::uint64_t value = 0;
    for (std::size_t i = taken.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(taken[i]);
    return value;
  }

  std::string_view left_, bytes_;
  std::uint64_t field_ = 0, number_ = 0;
  Wire wire_ = Wire::varint;
  bool good_ = true;
};

}  // namespace phaselaw::documents
