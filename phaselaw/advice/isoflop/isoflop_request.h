// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

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

struct IsoflopExperiment {
  std::string name;  // "" if the table is one experiment
  std::optional<IsoflopResult> result;
  std::string error;  // without a result: the reason
};

struct IsoflopAnswer {
  std::string by;                              // of the request's ReadOptions
  std::vector<IsoflopExperiment> experiments;  // one without `by`
  base::Value json;
};

// InputError if rows of several experiments would be pooled (experiments.h), or if no experiment has a result.
[[nodiscard]] IsoflopAnswer isoflop(const IsoflopRequest& request, documents::Reading reading);

// One row per method: budgets with a minimum, a and b with intervals, and the bias measured with noise-free losses.
[[nodiscard]] std::vector<std::vector<std::string>> isoflop_rows(const IsoflopResult& result);
// One row per experiment: the exponent by each method, and the best size at the largest compute by the leading one.
[[nodiscard]] std::vector<std::vector<std::string>> experiment_rows(const std::vector<IsoflopExperiment>& experiments);
// One row per convention.
[[nodiscard]] std::vector<std::vector<std::string>> convention_text(const IsoflopResult& result);
// The exponent and the best size at the largest budget, in one sentence.
[[nodiscard]] std::string isoflop_sentence(const IsoflopResult& result);

// The sentence and the tables that a terminal shows.
[[nodiscard]] std::vector<report::Table> isoflop_tables(const IsoflopAnswer& answer);
[[nodiscard]] std::string isoflop_text(const IsoflopAnswer& answer);

// Bowls with their parabolas, N* and D* against compute by each method, and the tables of methods and vertices; with
// several experiments, their table and exponents first. Cost: about 0.1 s.
[[nodiscard]] report::Page isoflop_page(const IsoflopAnswer& answer);

}  // namespace phaselaw::advice
