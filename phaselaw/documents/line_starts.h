// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

// The line and column of a byte of a text. The lines are those of text_lines.h.
//
// Cost: the first question looks once through the text and keeps 8 bytes for each line; each question after it takes a
// binary search. Safe to ask from several threads.
namespace phaselaw::documents {

class LineStarts {
 public:
  explicit LineStarts(std::shared_ptr<const std::string> text) : text_(std::move(text)) {}

  struct Place {
    long line = 1, column = 1;
  };
  [[nodiscard]] Place place(std::size_t byte) const;

 private:
  void find_lines() const;

  std::shared_ptr<const std::string> text_;
  mutable std::once_flag found_;
  mutable std::vector<std::size_t> starts_;
};

}  // namespace phaselaw::documents
