// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

// BLAKE2b (RFC 7693), a cryptographic hash that takes a key: with a secret key its value authenticates a message, because
// nobody without the key can compute it. Used for messages between processes (docs/decisions/035-*.md); files and
// configurations are identified by the faster hash of base/hash.h, which does not protect against intent.
// Cost: about 1 ns per byte. Source: RFC 7693, sections 2 and 3; tested with the vectors of its appendices A and E.
namespace phaselaw::base {

class Blake2b {
 public:
  static constexpr std::size_t kMostBytes = 64;  // of a key, and of a value

  // `size` bytes of value, 1 to 64. std::domain_error for another size, or a key of more than 64 bytes.
  explicit Blake2b(std::size_t size, std::string_view key = {});
  void add(std::string_view bytes);
  // The value of everything added; nothing may be added afterwards.
  [[nodiscard]] std::string value();

 private:
  static constexpr std::size_t kBlock = 128;
  void compress(bool last);
  std::array<std::uint64_t, 8> state_;
  std::array<unsigned char, kBlock> block_{};
  std::size_t filled_ = 0, size_;
  std::uint64_t counted_ = 0;  // bytes before and in the block that is compressed; RFC 7693 allows 128 bits
};

// The authentication code of `parts`, one after the other: 32 bytes.
inline constexpr std::size_t kCodeBytes = 32;
[[nodiscard]] std::string authentication_code(std::string_view key, std::initializer_list<std::string_view> parts);

// Compares without stopping at the first difference, so that the time taken does not tell how much of a guess is right.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

// Unforeseeable bytes from the kernel. RunError if it provides none.
[[nodiscard]] std::string random_bytes(std::size_t count);

}  // namespace phaselaw::base
