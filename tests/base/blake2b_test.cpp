// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/blake2b.h"

#include <set>
#include <stdexcept>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace phaselaw::base {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}
std::string hashed(std::string_view bytes, std::size_t size = 64, std::string_view key = {}) {
  Blake2b hash(size, key);
  hash.add(bytes);
  return hash.value();
}

// The sequence of bytes of RFC 7693, appendix E.
std::string sequence(std::size_t length, std::uint32_t seed) {
  std::uint32_t a = 0xDEAD4BAD * seed, b = 1;
  std::string bytes;
  for (std::size_t i = 0; i < length; ++i) {
    const std::uint32_t t = a + b;
    a = b;
    b = t;
    bytes += static_cast<char>(t >> 24);
  }
  return bytes;
}

TEST(Blake2b, HasTheValueOfAppendixA) {
  EXPECT_EQ(hex(hashed("abc")),
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
            "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
}

TEST(Blake2b, HasTheValueOfAppendixE) {
  // One value for 48 values: sizes of value and message, plain and with a key.
  Blake2b all(32);
  for (const std::size_t size : {20, 32, 48, 64})
    for (const std::size_t length : {0, 3, 128, 129, 255, 1024}) {
      const std::string message = sequence(length, static_cast<std::uint32_t>(length));
      all.add(hashed(message, size));
      all.add(hashed(message, size, sequence(size, static_cast<std::uint32_t>(size))));
    }
  EXPECT_EQ(hex(all.value()), "c23a7800d98123bd10f506c61e29da5603d763b8bbad2e737f5e765a7bccd475");
}

TEST(Blake2b, DoesNotDependOnThePieces) {
  const std::string message = sequence(1000, 7);
  const std::string whole = hashed(message, 32, "key");
  for (const std::size_t piece : {1, 7, 64, 127, 128, 129, 256}) {
    Blake2b hash(32, "key");
    for (std::size_t i = 0; i < message.size(); i += piece) hash.add(std::string_view(message).substr(i, piece));
    EXPECT_EQ(hash.value(), whole) << piece;
  }
  EXPECT_EQ(authentication_code("key", {"ab", "", "c"}), hashed("abc", kCodeBytes, "key"));
}

TEST(Blake2b, EveryBitOfKeyAndMessageCounts) {
  const std::string message = sequence(200, 3), key = sequence(32, 5);
  std::set<std::string> values = {authentication_code(key, {message})};
  std::size_t changes = 0;
  for (std::size_t bit = 0; bit < 8 * message.size(); bit += 3, ++changes) {
    std::string other = message;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    values.insert(authentication_code(key, {other}));
  }
  for (std::size_t bit = 0; bit < 8 * key.size(); ++bit, ++changes) {
    std::string other = key;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    values.insert(authentication_code(other, {message}));
  }
  EXPECT_EQ(values.size(), changes + 1);
}

TEST(Blake2b, RefusesSizesThatItDoesNotHave) {
  EXPECT_THROW(Blake2b(0), std::domain_error);
  EXPECT_THROW(Blake2b(65), std::domain_error);
  EXPECT_THROW(Blake2b(32, std::string(65, 'k')), std::domain_error);
}

TEST(Authentication, ComparesWholeTexts) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  for (const char* other : {"abd", "bbc", "ab", "abcd", ""}) EXPECT_FALSE(equal_in_constant_time("abc", other));
}

TEST(Authentication, RandomBytesDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_bytes(16));
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_EQ(random_bytes(300).size(), 300u);
}

}  // namespace
}  // namespace phaselaw::base
