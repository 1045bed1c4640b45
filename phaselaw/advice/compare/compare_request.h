// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/compare/compare.h"
#include "phaselaw/advice/compare/curve_pair.h"
#include "phaselaw/advice/compare/recipe.h"
#include "phaselaw/base/value.h"
#include "phaselaw/report/page.h"

// Is recipe B better than recipe A, by what factor, and will it last: the work of `phaselaw compare` and
// `phaselaw.compare`.
//
// Each recipe after the first (or after --baseline) is compared with it, by its finished runs (compare.h), by its loss
// curves (curve_pair.h), or both. With several candidates their p values are corrected together by Holm's method at the
// level of the intervals, and an outcome that the correction does not support is inconclusive.
namespace phaselaw::advice {

struct CompareRequest {
  std::string baseline, resource;
  CompareKind kind = CompareKind::automatic;
  CompareOptions options;
  tables::ReadOptions read;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything;
    visit("baseline", self.baseline, anything(), "recipe with which the others are compared; default: the first");
    visit("resource", self.resource, anything(),
          "what a run costs: compute, tokens, step, n_params; default: compute and tokens, or what the rows have");
    visit("kind", self.kind, anything(),
          "runs: compare finished runs, one row each; curves: compare whole loss curves; auto: by the rows");
    CompareOptions::fields(self.options, visit);
    // A recipe's finished runs are its last rows anyway.
    tables::ReadOptions::fields(self.read, [&](std::string_view name, auto&&... field) {
      if (name != "last") visit(name, field...);
    });
  }
};

// One candidate against the baseline.
struct RecipeComparison {
  std::string name;
  std::vector<ResourceComparison> runs;  // by resource, the leading one first; empty if only curves are compared
  std::optional<CurvePair> curves;
  bool curves_lead = false;            // the answer is that of the curves
  Outcome outcome = Outcome::unknown;  // after the correction
  double p = base::kNaN, p_holm = base::kNaN;
  std::vector<Limit> limits;
  std::string doubt;         // why the factor of finished runs is doubtful, before the answer; empty if it is not
  std::string sentence;      // the answer with its numbers
  std::string will_it_last;  // one sentence; empty for curves
};

struct CompareAnswer {
  std::string baseline, quantity;
  std::string noun = "loss";  // "excess risk", which is never called a loss
  double level = 0.95;
  std::vector<RecipeComparison> comparisons;
  std::vector<std::string> notes;  // on the rows
  base::Value json;
};

[[nodiscard]] CompareAnswer compare(const CompareRequest& request, std::vector<RecipeInput> inputs);

// An input by its name: a FIT.json as a fit (text of the file), anything else as a document.
[[nodiscard]] bool is_fit_file(const std::string& path);
[[nodiscard]] RecipeInput fit_input(const std::string& path);
// A name for each input by its path: the stem, or the path where two stems are equal. InputError for a path given twice.
[[nodiscard]] std::vector<std::string> recipe_names(const std::vector<std::string>& paths);

// The sentences of a comparison; compare() calls it.
void say_comparison(const CompareAnswer& answer, RecipeComparison& comparison);

[[nodiscard]] base::Value to_value(const CompareAnswer& answer);
[[nodiscard]] std::vector<report::Table> compare_tables(const CompareAnswer& answer);
[[nodiscard]] std::string compare_text(const CompareAnswer& answer, bool verbose = false);
// The losses of both recipes with laws and bands, the speed-up with its band, the floors, and the curves. Cost: about
// 0.1 s for a candidate.
[[nodiscard]] report::Page compare_page(const CompareAnswer& answer);

}  // namespace phaselaw::advice
