// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/advice/compare/compare.h"
#include "phaselaw/documents/reading.h"
#include "phaselaw/fitting/fit_file.h"
#include "phaselaw/tables/rows.h"
#include "phaselaw/tables/runs.h"

// The recipes of a comparison, from documents: their finished runs as points, and their loss curves.
//
//   finished runs  one row for each run: the last one by step, tokens or compute, if a run has several
//   IsoFLOP rows   rows of one compute with several n_params are no seeds. With four sizes at two budgets or more, the loss
//                  of a recipe at a budget is the minimum of the parabola (isoflop/bowl.h); otherwise they are refused
//   curves         all rows of each run, if most runs have at least kCurveRows
//   FIT.json       the rows that the fit keeps, as finished runs
//
// Recipes are compared only in one quantity: an excess risk is not compared with a loss, a training loss not with a
// held-out one, and a score or a perplexity not with a loss. InputError names both headings.
namespace phaselaw::advice {

inline constexpr std::size_t kCurveRows = 12;
inline constexpr std::size_t kMostRecipes = 200, kMostRuns = 5000;  // more is an error: such tables are something else

// Standard deviation of ln(tokens/n_params) about a power of compute above which runs are not of one allocation.
inline constexpr double kRatioScatter = 0.3;

// Which rows of the runs are compared.
enum class CompareKind { automatic, runs, curves };
[[nodiscard]] base::EnumNames<CompareKind> enum_names(CompareKind);

// One input: a document or a saved fit.
struct RecipeInput {
  std::string name;
  std::optional<documents::Reading> reading;
  std::optional<fitting::SavedFit> fit;
  std::string loss = {};  // the column of the loss in this document, if the user names none (verbs::read_inputs)
};

struct Recipe {
  std::string name, source;
  std::string quantity;  // heading of the output
  tables::Role role = tables::Role::unspecified;
  bool computed = false;                       // the user computes the output
  std::map<std::string, RecipePoints> points;  // by resource
  std::vector<tables::Curve> curves;           // empty unless curves are compared
  std::size_t n_runs = 0;
  // Smallest and largest tokens per parameter, if runs of about one compute differ in it by more than kRatioScatter.
  std::optional<std::pair<double, double>> mixed_ratios;
  std::string last_rows;  // a note for comparisons of finished runs, where runs have several rows
  std::vector<std::string> notes, warnings;
};

// The recipes in the order of the inputs, or of the groups of `read.by` in one input. `resource`: the one to use, or
// empty for those that the rows have. InputError for fewer than two recipes and for quantities that differ.
[[nodiscard]] std::vector<Recipe> recipes_of(std::vector<RecipeInput> inputs, const tables::ReadOptions& read,
                                             CompareKind kind, const std::string& resource);

// Moves the recipe of this name to the front; the first stays if the name is empty. InputError with the nearest name.
void choose_baseline(std::vector<Recipe>& recipes, const std::string& name);

}  // namespace phaselaw::advice
