// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>
#include <vector>

// The rows of docs/accuracy.md: what a fast path promises, and the largest error found over its cases now.
namespace phaselaw::accuracy {

struct Row {
  std::string quantity;  // what is computed
  std::string against;   // its definition, or an independent route
  std::string over;      // the cases
  std::string error;     // how the error is measured: what it is relative to
  double promised = 0;   // what header and tests say; 0: equal
  double found = 0;      // NaN: some case gave NaN

  void see(double value) {
    if (!(value <= found) && !std::isnan(found)) found = value;
  }
};

[[nodiscard]] std::vector<Row> model_rows();
[[nodiscard]] std::vector<Row> kernel_rows();
[[nodiscard]] std::vector<Row> dynamics_rows();
[[nodiscard]] std::vector<Row> scalar_rows();  // special functions, and the laws

}  // namespace phaselaw::accuracy
