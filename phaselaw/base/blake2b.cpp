// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/blake2b.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <sys/random.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::base {

namespace {

static_assert(std::endian::native == std::endian::little, "words are copied without conversion");

constexpr std::array<std::uint64_t, 8> kInitial = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                                   0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                                   0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

// The order of the words of a block in each of ten rounds; rounds 11 and 12 repeat the first two.
constexpr std::uint8_t kOrder[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

using Words = std::array<std::uint64_t, 16>;

// Function G of the RFC on four of the sixteen working words.
void mix(Words& v, std::size_t a, std::size_t b, std::size_t c, std::size_t d, std::uint64_t x, std::uint64_t y) {
  v[a] += v[b] + x;
  v[d] = std::rotr(v[d] ^ v[a], 32);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 24);
  v[a] += v[b] + y;
  v[d] = std::rotr(v[d] ^ v[a], 16);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 63);
}

}  // namespace

Blake2b::Blake2b(std::size_t size, std::string_view key) : state_(kInitial), size_(size) {
  if (size < 1 || size > kMostBytes || key.size() > kMostBytes)
    throw std::domain_error("BLAKE2b has values of 1 to 64 bytes and keys of at most 64");
  state_[0] ^= 0x01010000 ^ (static_cast<std::uint64_t>(key.size()) << 8) ^ static_cast<std::uint64_t>(size);
  if (key.empty()) return;
  add(key);
  filled_ = kBlock;  // the rest of the first block is zero
}

void Blake2b::add(std::string_view bytes) {
  while (!bytes.empty()) {
    // A full block waits for more bytes, because the last block is compressed in another way.
    if (filled_ == kBlock) compress(false);
    const std::size_t part = std::min(bytes.size(), kBlock - filled_);
    std::memcpy(block_.data() + filled_, bytes.data(), part);
    filled_ += part;
    bytes.remove_prefix(part);
  }
}

void Blake2b::compress(bool last) {
  counted_ += filled_;
  Words m, v;
  std::memcpy(m.data(), block_.data(), kBlock);
  for (std::size_t i = 0; i < 8; ++i) {
    v[i] = state_[i];
    v[i + 8] = kInitial[i];
  }
  v[12] ^= counted_;
  if (last) v[14] = ~v[14];
  for (std::size_t round = 0; round < 12; ++round) {
    const auto& order = kOrder[round % 10];
    for (std::size_t i = 0; i < 4; ++i)  // columns
      mix(v, i, i + 4, i + 8, i + 12, m[order[2 * i]], m[order[2 * i + 1]]);
    for (std::size_t i = 0; i < 4; ++i)  // diagonals
      mix(v, i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12, m[order[2 * i + 8]], m[order[2 * i + 9]]);
  }
  for (std::size_t i = 0; i < 8; ++i) state_[i] ^= v[i] ^ v[i + 8];
  filled_ = 0;
  block_.fill(0);
}

std::string Blake2b::value() {
  compress(true);
  std::string result(kMostBytes, '\0');
  std::memcpy(result.data(), state_.data(), kMostBytes);
  result.resize(size_);
  return result;
}

std::string authentication_code(std::string_view key, std::initializer_list<std::string_view> parts) {
  Blake2b hash(kCodeBytes, key);
  for (const std::string_view part : parts) hash.add(part);
  return hash.value();
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;  // lengths are no secret
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(a[i] ^ b[i]));
  return difference == 0;
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t filled = 0; filled < count;) {
    const ssize_t got = ::getrandom(bytes.data() + filled, count - filled, 0);
    if (got > 0)
      filled += static_cast<std::size_t>(got);
    else if (errno != EINTR)
      throw RunError("the kernel provides no random numbers");
  }
  return bytes;
}

}  // namespace phaselaw::base
