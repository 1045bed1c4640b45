// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "phaselaw/documents/json_tree.h"
#include "phaselaw/documents/reading.h"

// All values of a JSON document: one value, or values one after the other, as in JSON lines.
namespace phaselaw::documents {

// Lines of places in a text. Cost: linear in the text if the places rise, and linear in the distance if one falls.
class JsonLines {
 public:
  explicit JsonLines(std::string_view text);
  [[nodiscard]] long line_of(std::size_t place);
  [[nodiscard]] base::Location location(const std::string& source, std::size_t place);

 private:
  std::string_view text_;
  bool has_returns_;
  std::size_t at_ = 0;
  long line_ = 1;
};

// False if the document is not JSON: it does not begin with an array or object, or most of its lines are other text.
// Lines of other text between the values are skipped and counted, and so is a last value that is cut off.
// InputError where a value has a fault.
[[nodiscard]] bool read_json_values(const Document& document, JsonTree& tree, Reading& reading);

}  // namespace phaselaw::documents
