// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/line_starts.h"

#include <algorithm>

#include "phaselaw/documents/text_lines.h"

namespace phaselaw::documents {

void LineStarts::find_lines() const {
  TextLines lines(*text_);
  while (const auto line = lines.next()) starts_.push_back(static_cast<std::size_t>(line->text.data() - text_->data()));
  if (starts_.empty()) starts_.push_back(0);
}

LineStarts::Place LineStarts::place(std::size_t byte) const {
  std::call_once(found_, [this] { find_lines(); });
  const auto after = std::upper_bound(starts_.begin() + 1, starts_.end(), byte);
  return {static_cast<long>(after - starts_.begin()), static_cast<long>(byte - *std::prev(after)) + 1};
}

}  // namespace phaselaw::documents
