// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/advice/isoflop/isoflop.h"
#include "phaselaw/base/value.h"
#include "phaselaw/report/page.h"
#include "phaselaw/tables/rows.h"

// Compute-optimal sizes from runs of equal compute: the work of `phaselaw isoflop` and `phaselaw.isoflop`, with the
// page and the text. Warnings and notes go to the log.
namespace phaselaw::advice {

struct IsoflopRequest {
  IsoflopOptions options;
  tables::ReadOptions read;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    IsoflopOptions::fields(self.options, visit);
    tables::ReadOptions::fields(self.read, visit);
  }
};

struct IsoflopAnswer {
  IsoflopResult result;
  base::Value json;
};

[[nodiscard]] IsoflopAnswer isoflop(const IsoflopRequest& request, tables::Table table);

// One row per method: budgets with a minimum, a and b with intervals, and the bias measured with noise-free losses.
[[nodiscard]] std::vector<std::vector<std::string>> isoflop_rows(const IsoflopResult& result);

// Bowls with their vertices, N* and D* against compute by each method, and the tables of methods and vertices.
[[nodiscard]] report::Page isoflop_page(const IsoflopResult& result);

}  // namespace phaselaw::advice
