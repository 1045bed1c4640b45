// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/token_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "phaselaw/data/npy.h"

namespace phaselaw::data {

namespace {

template <class T>
T load(const char* data, std::int64_t i) {
  T value;
  std::memcpy(&value, data + static_cast<std::size_t>(i) * sizeof(T), sizeof(T));
  return value;
}

// Largest upper half of a token that is stored in four bytes: token numbers below 2^22.
constexpr std::uint16_t kUpperHalf = 63;
constexpr std::uint16_t kLargeLowerHalf = 1 << 14;
constexpr std::int64_t kFewValues = 64;  // below this, zeros at every second place may be chance

}  // namespace

TokenFile::TokenFile(const std::string& path, std::int64_t token_bytes) : path_(path) {
  const auto fail = [&](const std::string& what) { throw base::InputError({path}, what); };
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(fmt::format("cannot be read ({}); expected a .npy or .bin file of tokens", std::strerror(errno)));
  struct stat status {};
  const bool regular = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  map_size_ = regular ? static_cast<std::size_t>(status.st_size) : 0;
  void* const map = map_size_ > 0 ? ::mmap(nullptr, map_size_, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
  ::close(file);
  if (!regular) fail("expected a .npy or .bin file of tokens, found a directory or a device");
  if (map_size_ == 0) fail("expected a .npy or .bin file of tokens, found an empty file");
  if (map == MAP_FAILED) fail(fmt::format("cannot be mapped into memory ({})", std::strerror(errno)));
  map_ = static_cast<char*>(map);
  try {
    if (path.ends_with(".npy")) {
      const NpyLayout layout = npy_layout({map_, map_size_}, path);
      const auto& d = layout.descr;
      const bool known = d.size() == 3 && (d[1] == 'u' || d[1] == 'i') &&
                         std::string_view("1248").find(d[2]) != std::string_view::npos &&
                         (d[0] == '<' || (d[2] == '1' && d[0] == '|'));
      if (!known) fail(fmt::format("expected integers, such as dtype <u2 or <i8, found {}; convert the array", d));
      if (layout.shape.empty() || layout.shape.size() > 2)
        fail(fmt::format("expected tokens on one axis, or documents on two, found shape ({}); reshape the array",
                         fmt::join(layout.shape, ", ")));
      item_ = d[2] - '0';
      is_signed_ = d[1] == 'i';
      data_ = layout.data;
      size_ = static_cast<std::int64_t>(npy_count(layout, static_cast<std::size_t>(item_), map_size_, path));
      if (layout.shape.size() == 2) row_length_ = layout.shape[1];
      if (size_ == 0) fail("expected tokens, found an empty array");
    } else {
      raw_ = true;
      item_ = token_bytes;
      if (map_size_ % static_cast<std::size_t>(token_bytes) != 0)
        fail(
            fmt::format("{} bytes are no whole number of tokens of token_bytes = {}; copy the file again or change "
                        "token_bytes",
                        map_size_, token_bytes));
      size_ = static_cast<std::int64_t>(map_size_) / token_bytes;
    }
  } catch (...) {
    ::munmap(map_, map_size_);
    throw;
  }
}

TokenFile::~TokenFile() { ::munmap(map_, map_size_); }

template <class Use>
auto TokenFile::with_type(const Use& use) const {
  switch (item_) {
    case 1:
      return is_signed_ ? use(std::int8_t{}) : use(std::uint8_t{});
    case 2:
      return is_signed_ ? use(std::int16_t{}) : use(std::uint16_t{});
    case 4:
      return is_signed_ ? use(std::int32_t{}) : use(std::uint32_t{});
    default:
      return is_signed_ ? use(std::int64_t{}) : use(std::uint64_t{});
  }
}

std::int64_t TokenFile::at(std::int64_t i) const {
  return with_type([&](auto type) -> std::int64_t {
    const auto value = load<decltype(type)>(map_ + data_, i);
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    return std::cmp_greater(value, kMost) ? kMost : static_cast<std::int64_t>(value);
  });
}

void TokenFile::require_width() const {
  if (!raw_ || item_ != 2 || size_ < kFewValues || size_ % 2 != 0) return;
  std::uint16_t lower = 0, upper = 0;
  for (std::int64_t i = 0; i + 1 < size_; i += 2) {
    lower = std::max(lower, load<std::uint16_t>(map_, i));
    upper = std::max(upper, load<std::uint16_t>(map_, i + 1));
    if (upper > kUpperHalf) return;
  }
  if ((upper == 0 && lower > 0) || (upper <= kUpperHalf && lower >= kLargeLowerHalf))
    throw base::InputError(
        {path_},
        fmt::format("every second value is {}, as if the file contained uint32 tokens; set token_bytes = 4",
                    upper == 0 ? std::string("0") : fmt::format("at most {} although others reach {}", upper, lower)));
}

void TokenFile::require_below(std::int64_t vocab) const {
  require_width();
  const std::int64_t outside = with_type([&](auto type) -> std::int64_t {
    using T = decltype(type);
    constexpr std::int64_t kBlock = 1 << 14;
    for (std::int64_t start = 0; start < size_; start += kBlock) {
      const std::int64_t end = std::min(size_, start + kBlock);
      T least = 0, most = 0;
      for (std::int64_t i = start; i < end; ++i) {
        const T value = load<T>(map_ + data_, i);
        least = std::min(least, value);
        most = std::max(most, value);
      }
      if (std::cmp_greater_equal(least, 0) && std::cmp_less(most, vocab)) continue;
      for (std::int64_t i = start; i < end; ++i) {
        const T value = load<T>(map_ + data_, i);
        if (std::cmp_less(value, 0) || std::cmp_greater_equal(value, vocab)) return i;
      }
    }
    return -1;
  });
  if (outside < 0) return;
  const std::string place = row_length_ > 0 ? fmt::format("({}, {})", outside / row_length_, outside % row_length_)
                                            : fmt::format("{}", outside);
  const std::int64_t value = at(outside);
  // Two uint16 tokens read as one have at least 2^16 unless the second is 0.
  const bool may_be_narrower = raw_ && item_ == 4 && value >= 1 << 16 && (vocab <= 1 << 16 || value >= 1 << 22);
  throw base::InputError(
      {path_},
      fmt::format("expected tokens in 0 .. vocab - 1 = {}, found {} at position {}; {}", vocab - 1, value, place,
                  may_be_narrower ? "the file may contain uint16 tokens: set token_bytes = 2"
                  : value < 0     ? "remove negative values"
                                  : "raise vocab, or check the tokeniser"));
}

}  // namespace phaselaw::data
