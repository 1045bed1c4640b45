// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "phaselaw/data/token_file.h"
#include "phaselaw/numerics/random.h"

// Sequences from files of tokens (data/token_file.h). The targets are the next tokens; p* is unknown.
//
// Documents. A document ends with the token document_separator, or with a row of an array of two axes; without either
// the file is one document. No sequence crosses the end of a document: each is cut into windows of seq_len + 1 tokens
// (the inputs and, shifted by one, the targets) that do not overlap. The last window of a document may be shorter; it
// is filled with token 0, and the positions that have no next token have no target. One left-over token is not used.
//
// Train and test. Without path_test the last test_fraction of the tokens is for testing, and the border ends a
// document; otherwise path is for training and path_test for testing.
//
// Order. One random order of all windows, (seed, "tokens/train") and (seed, "tokens/test"); a run uses the first n_data
// and n_test, so a smaller set is the start of a larger one. Memory: 24 bytes for each document, and O(n_data).
namespace phaselaw::data {

struct TokenWindow {
  std::int64_t start = 0, length = 0;  // 2 <= length <= seq_len + 1
};

// The windows of a range of a file.
class TokenWindows {
 public:
  // Tokens begin .. end-1; separator < 0: none.
  TokenWindows(const TokenFile& file, std::int64_t begin, std::int64_t end, std::int64_t window,
               std::int64_t separator);
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] TokenWindow at(std::int64_t i) const;

 private:
  struct Document {
    std::int64_t start, length, first_window;
  };
  void add(std::int64_t start, std::int64_t end);
  std::int64_t window_, size_ = 0;
  std::vector<Document> documents_;
};

// The first `count` elements of a uniformly random order of 0 .. n-1, which do not depend on `count` (Fisher-Yates, in
// O(count) time and memory).
[[nodiscard]] std::vector<std::int64_t> random_start(std::int64_t n, std::int64_t count, numerics::RandomStream stream);

}  // namespace phaselaw::data
