// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/number_style.h"

namespace phaselaw::documents {

base::Number parse_number(std::string_view text, const NumberStyle& style) {
  return style.counts ? base::parse_count(text) : base::parse_number(text);
}

}  // namespace phaselaw::documents
