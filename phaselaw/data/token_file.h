// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/base/errors.h"

// A file of integer tokens, mapped into memory and not copied: the system reads only the pages that are used.
//
//   NAME.npy   NumPy, any integer dtype of 1 to 8 bytes, little-endian, C order, one or two axes. Each row of an array
//              of two axes is a document.
//   any other  raw little-endian uint16 or uint32 without a header, as many training programs write it (.bin)
namespace phaselaw::data {

class TokenFile {
 public:
  // token_bytes: width of a token in a raw file. InputError for a missing, empty or unreadable file, for other dtypes
  // and shapes, and for a raw file with a size that is not a multiple of the width.
  TokenFile(const std::string& path, std::int64_t token_bytes);
  ~TokenFile();
  TokenFile(const TokenFile&) = delete;
  TokenFile& operator=(const TokenFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::int64_t size() const { return size_; }              // tokens
  [[nodiscard]] std::int64_t row_length() const { return row_length_; }  // 0 without rows
  [[nodiscard]] std::int64_t at(std::int64_t i) const;

  // Compares every token with 0 .. vocab-1. InputError with position and value of the first that lies outside. A raw
  // file that looks as if its tokens were twice as wide as token_bytes is refused: every second value is 0 although
  // the others are not, or small although the others are large. Cost: one pass through the file.
  void require_below(std::int64_t vocab) const;

 private:
  template <class Use>
  auto with_type(const Use& use) const;
  void require_width() const;

  std::string path_;
  char* map_ = nullptr;
  std::size_t map_size_ = 0, data_ = 0;
  std::int64_t size_ = 0, row_length_ = 0, item_ = 0;
  bool is_signed_ = false, raw_ = false;
};

}  // namespace phaselaw::data
