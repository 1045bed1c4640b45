// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/report/page.h"

namespace phaselaw::python {

// A result, kept as the program writes it, and how it is shown.
struct Answer {
  base::Value json;
  std::string text;
  std::vector<report::Table> tables;
};

}  // namespace phaselaw::python
