// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

// The lines of a text, one after the other; they end in LF, CR LF or CR. Copies continue independently.
// Cost: that of memchr.
namespace phaselaw::documents {

struct TextLine {
  std::string_view text;  // without its end
  long number = 0;        // from 1
};

class TextLines {
 public:
  explicit TextLines(std::string_view text) : text_(text), feed_(text.find('\n')), carriage_(text.find('\r')) {}

  [[nodiscard]] std::optional<TextLine> next() {
    if (at_ >= text_.size()) return {};
    if (feed_ < at_) feed_ = text_.find('\n', at_);
    if (carriage_ < at_) carriage_ = text_.find('\r', at_);
    const std::size_t end = std::min({feed_, carriage_, text_.size()});
    const TextLine line{text_.substr(at_, end - at_), ++number_};
    at_ = end + (end == carriage_ && feed_ == end + 1 ? 2 : 1);
    return line;
  }

 private:
  std::string_view text_;
  std::size_t feed_, carriage_;  // the next of each; npos: there is none
  std::size_t at_ = 0;
  long number_ = 0;
};

}  // namespace phaselaw::documents
