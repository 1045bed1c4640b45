// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/compare/recipe.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "phaselaw/advice/isoflop/budgets.h"
#include "phaselaw/advice/output_direction.h"
#include "phaselaw/advice/plan/plan_limits.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/tables/group_rows.h"
#include "phaselaw/tables/messages.h"
#include "phaselaw/tables/output_kind.h"

namespace phaselaw::advice {

namespace {

using base::InputError;

constexpr double kSameSize = 0.01;      // relative difference of n_params within one size
constexpr double kBowlTolerance = 0.1;  // of compute, and the window of the parabola, as in isoflop
constexpr double kBowlWindow = 10;
constexpr const char* kResources[] = {"compute", "tokens", "n_params", "n_data", "step"};

// The rows of each run; a row without a run is one by itself, unless the table is the log of one run.
std::vector<std::vector<std::size_t>> rows_by_run(const tables::Rows& rows) {
  std::vector<std::vector<std::size_t>> out;
  std::unordered_map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < rows.n_rows(); ++i) {
    const std::string name = rows.run.empty() ? std::string() : std::string(rows.run[i]);
    const auto [at, is_new] = index.try_emplace(name, out.size());
    if (is_new || name.empty()) {
      at->second = out.size();
      out.emplace_back();
    }
    out[at->second].push_back(i);
  }
  if (index.size() > 1 || !index.contains("") || !rows.data.columns.has("step")) return out;
  const std::vector<double> step = rows.data.columns.get("step");
  const bool log =
      step.size() >= kCurveRows && std::adjacent_find(step.begin(), step.end(), std::greater_equal<>()) == step.end();
  if (!log) return out;
  std::vector<std::size_t> all;
  for (const auto& one : out) all.push_back(one.front());
  return {all};
}

bool are_curves(const std::vector<std::vector<std::size_t>>& runs) {
  std::size_t long_runs = 0;
  for (const auto& rows : runs) long_runs += rows.size() >= kCurveRows ? 1 : 0;
  return 2 * long_runs > runs.size();
}

std::vector<std::size_t> last_rows(const tables::Rows& rows, const std::vector<std::vector<std::size_t>>& runs) {
  const std::vector<double>* counter = nullptr;
  for (const char* name : {"step", "tokens", "compute"})
    for (std::size_t c = 0; c < rows.data.columns.names.size() && counter == nullptr; ++c)
      if (rows.data.columns.names[c] == name) counter = &rows.data.columns.values[c];
  std::vector<std::size_t> last;
  for (const auto& run : runs)
    last.push_back(*std::max_element(run.begin(), run.end(), [&](std::size_t i, std::size_t j) {
      return counter == nullptr ? i < j : (*counter)[i] < (*counter)[j];
    }));
  return last;
}

bool several_sizes(const std::vector<double>& n, const std::vector<std::size_t>& rows) {
  double lo = n[rows.front()], hi = lo;
  for (const std::size_t i : rows) {
    lo = std::min(lo, n[i]);
    hi = std::max(hi, n[i]);
  }
  return hi > lo * (1 + kSameSize);
}

// The minima of IsoFLOP bowls; unset if the rows are no such table. InputError for several sizes that form no bowls.
std::optional<RecipePoints> bowl_minima(const tables::Rows& rows, const std::string& name, Recipe& out) {
  const std::vector<double> n = column_or_none(rows.data.columns, "n_params");
  const std::vector<double> compute = column_or_none(rows.data.columns, "compute");
  if (n.empty() || compute.empty()) return std::nullopt;
  const std::vector<IsoflopBudget> budgets = budgets_of(compute, n, kBowlTolerance);
  std::vector<const IsoflopBudget*> mixed, bowls;
  std::vector<std::string> notes;
  const Sizes sizes = sizes_of(with_tokens(rows.data, notes));
  for (const IsoflopBudget& budget : budgets) {
    if (several_sizes(n, budget.rows)) mixed.push_back(&budget);
    if (bowl_of(sizes, budget).x.size() >= kLeastSizes) bowls.push_back(&budget);
  }
  if (mixed.empty()) return std::nullopt;
  RecipePoints points;
  std::size_t outside = 0;
  for (const IsoflopBudget* budget : bowls) {
    const Bowl bowl = bowl_of(sizes, *budget);
    const BowlMinimum minimum = minimum_of(BowlShape::parabola, bowl, kBowlWindow);
    if (!minimum.inside) {
      ++outside;
      continue;
    }
    points.resource.push_back(budget->compute);
    points.loss.push_back(minimum.y);
  }
  if (points.loss.size() < 2) {
    // Budgets that happen to be near each other are no bowls.
    const bool exact = std::any_of(mixed.begin(), mixed.end(), [&](const IsoflopBudget* budget) {
      return compute[budget->rows.front()] == compute[budget->rows.back()];
    });
    if (!exact) return std::nullopt;
    throw InputError(
        {rows.table.source()},
        fmt::format("{}: the runs at {} have several n_params, so they are no seeds of one another; keep one "
                    "size for each budget (--where), or give four sizes at two budgets or more, from which the "
                    "best size follows",
                    name, base::format_flop(mixed.front()->compute)));
  }
  out.notes.push_back(
      fmt::format("{}: the loss at a budget is the minimum of a parabola in ln n_params over its sizes; {} "
                  "budgets have one{}",
                  name, points.loss.size(),
                  outside > 0 ? fmt::format(", and {} have their minimum outside the sizes", outside) : ""));
  return points;
}

// Whether runs of about one compute have other tokens per parameter: their loss is then no function of the compute.
void look_at_ratios(const tables::Measurements& data, Recipe& out) {
  const std::vector<double> n = column_or_none(data.columns, "n_params"), d = column_or_none(data.columns, "tokens");
  std::vector<double> compute, ratio;
  for (std::size_t i = 0; i < n.size() && i < d.size(); ++i) {
    if (!(n[i] > 0) || !(d[i] > 0)) continue;
    compute.push_back(n[i] * d[i]);
    ratio.push_back(d[i] / n[i]);
  }
  constexpr std::size_t kFewest = 4;
  if (ratio.size() < kFewest) return;
  const numerics::Line line = numerics::least_squares_power(compute, ratio);
  const double scatter = std::sqrt(line.squares / static_cast<double>(ratio.size() - 2));
  if (!(scatter > kRatioScatter)) return;
  const auto [lo, hi] = std::minmax_element(ratio.begin(), ratio.end());
  out.mixed_ratios = {*lo, *hi};
}

void add_points(const tables::Rows& rows, const std::string& resource, Recipe& out) {
  const auto runs = rows_by_run(rows);
  out.n_runs = runs.size();
  if (runs.size() > kMostRuns)
    throw InputError({out.source},
                     fmt::format("{} has {} runs of one row each, and at most {} are compared; if they are the "
                                 "rows of curves, name the run with --col run=COLUMN, or choose rows with "
                                 "--where",
                                 out.name, base::format_count(runs.size()), base::format_count(kMostRuns)));
  const tables::Rows last = rows.rows(last_rows(rows, runs));
  if (last.n_rows() > 1 && last.n_rows() < rows.n_rows())
    out.last_rows = fmt::format("{}: the last rows of {} runs are compared", out.name, last.n_rows());
  if (resource.empty() || resource == "compute")
    if (auto bowls = bowl_minima(last, out.name, out)) {
      out.points["compute"] = std::move(*bowls);
      return;
    }
  look_at_ratios(last.data, out);
  std::vector<std::string> wanted(std::begin(kResources), std::end(kResources));
  if (!resource.empty()) wanted = {resource};
  for (const std::string& name : wanted) {
    const std::vector<double> values = column_or_none(last.data.columns, name.c_str());
    const bool positive = !values.empty() &&
                          std::all_of(values.begin(), values.end(), [](double x) { return x > 0 && std::isfinite(x); });
    if (positive) out.points[name] = {values, last.data.output};
  }
}

Recipe recipe_from(const std::string& name, tables::Rows rows, const std::string& resource) {
  Recipe out;
  out.name = name;
  out.source = rows.table.source();
  out.quantity = rows.output_column;
  out.role = rows.streams.empty() ? tables::Role::unspecified : rows.streams.front().role;
  out.computed = std::find(rows.computed.begin(), rows.computed.end(), out.quantity) != rows.computed.end();
  require_falling_output(std::nullopt, rows);
  add_points(rows, resource, out);
  return out;
}

Recipe recipe_from(const std::string& name, const fitting::SavedFit& saved, const std::string& resource) {
  Recipe out;
  out.name = out.source = name;
  out.quantity = saved.fit.law.output;
  tables::Rows rows;
  rows.data = saved.data;
  rows.line.resize(saved.data.output.size());
  out.n_runs = rows.line.size();
  look_at_ratios(saved.data, out);
  std::vector<std::string> wanted(std::begin(kResources), std::end(kResources));
  if (!resource.empty()) wanted = {resource};
  for (const std::string& one : wanted) {
    const std::vector<double> values = column_or_none(saved.data.columns, one.c_str());
    if (!values.empty()) out.points[one] = {values, saved.data.output};
  }
  return out;
}

// "perplexity", "bits" or "": losses in other units have other laws.
std::string unit_word(const std::string& heading) {
  const std::string plain = tables::plain_name(heading);
  for (const char* word : {"ppl", "perplexity"})
    if (plain.find(word) != std::string::npos) return "perplexity";
  for (const char* word : {"bpb", "bpc", "bits", "bit"})
    if (plain.find(word) != std::string::npos) return "bits";
  return "";
}

std::string role_in_words(tables::Role role) {
  switch (role) {
    case tables::Role::excess_risk:
      return "an excess risk";
    case tables::Role::held_out:
      return "a held-out loss";
    case tables::Role::training:
      return "a training loss";
    case tables::Role::unspecified:
      break;
  }
  return "a loss";
}

void require_one_quantity(const Recipe& a, const Recipe& b, std::vector<std::string>& warnings) {
  using tables::OutputKind;
  using tables::Role;
  const auto refuse = [&](const std::string& what_a, const std::string& what_b) {
    throw InputError({b.source},
                     fmt::format("{} of {} is {}, and {} of {} is {}: the two cannot be compared; give the same "
                                 "quantity of both recipes with --loss COLUMN",
                                 a.quantity, a.name, what_a, b.quantity, b.name, what_b));
  };
  if (a.computed || b.computed) return;
  if ((a.role == Role::excess_risk) != (b.role == Role::excess_risk) ||
      (a.role == Role::training && b.role == Role::held_out) || (a.role == Role::held_out && b.role == Role::training))
    refuse(role_in_words(a.role), role_in_words(b.role));
  const auto is_score = [](const Recipe& r) {
    const OutputKind kind = tables::output_kind(r.quantity);
    return kind == OutputKind::score || kind == OutputKind::negative;
  };
  if (is_score(a) != is_score(b)) refuse(is_score(a) ? "a score" : "a loss", is_score(b) ? "a score" : "a loss");
  const std::string unit_a = unit_word(a.quantity), unit_b = unit_word(b.quantity);
  if (unit_a != unit_b)
    refuse(unit_a.empty() ? "a loss in nats" : "in " + unit_a, unit_b.empty() ? "a loss in nats" : "in " + unit_b);
  if (tables::plain_name(a.quantity) != tables::plain_name(b.quantity))
    warnings.push_back(fmt::format("{} of {} is compared with {} of {}; check that both are measured on the same data",
                                   b.quantity, b.name, a.quantity, a.name));
}

// Groups that are streams of one run: train and val.
void require_no_streams(const std::vector<Recipe>& recipes, const std::string& by) {
  std::optional<tables::Role> first;
  for (const Recipe& recipe : recipes) {
    const tables::Role role = tables::role_of(recipe.name);
    if (role != tables::Role::training && role != tables::Role::held_out) return;
    if (first && *first != role)
      throw InputError({"--by"},
                       fmt::format("the groups of {} are {} and {}, which are losses on other data and no recipes; "
                                   "choose the rows of one with --where and compare by another column",
                                   by, recipes.front().name, recipe.name));
    first = role;
  }
}

struct RowsOfRecipe {
  std::string name;
  tables::Rows rows;
};

// The rows of each recipe: of each document, or of each group.
std::vector<RowsOfRecipe> recipe_rows(RecipeInput input, const tables::ReadOptions& read,
                                      std::vector<std::string>& notes, std::vector<std::string>& warnings) {
  tables::ReadOptions options = read;
  if (!input.loss.empty()) options.loss = input.loss;
  tables::Rows rows = tables::rows_from(std::move(*input.reading), options);
  documents::add_once(notes, rows.notes);
  documents::add_once(warnings, rows.warnings);
  std::vector<RowsOfRecipe> out;
  if (read.by.empty()) {
    out.push_back({input.name, std::move(rows)});
    return out;
  }
  const std::vector<tables::GroupRows> groups = tables::groups_by(rows, read.by);
  if (groups.size() > kMostRecipes)
    throw InputError({"--by"},
                     fmt::format("{} names {} recipes, and at most {} are compared; give the column of the recipes, or "
                                 "choose some with --where",
                                 read.by, base::format_count(groups.size()), kMostRecipes));
  for (const tables::GroupRows& group : groups) out.push_back({group.name, rows.rows(group.rows)});
  return out;
}

// The curves of the runs among these rows, of one role.
std::vector<tables::Curve> curves_of_recipe(const tables::Rows& rows, tables::Role role) {
  std::vector<tables::Curve> curves = tables::curves_from(rows);
  std::erase_if(curves, [](const tables::Curve& curve) { return curve.loss.empty(); });
  const bool own = std::any_of(curves.begin(), curves.end(), [&](const tables::Curve& c) { return c.role == role; });
  if (own) std::erase_if(curves, [&](const tables::Curve& curve) { return curve.role != role; });
  return curves;
}

void add_recipes(RecipeInput input, const tables::ReadOptions& read, CompareKind kind, const std::string& resource,
                 std::vector<Recipe>& recipes) {
  std::vector<std::string> notes, warnings;
  const std::size_t first = recipes.size();
  const RecipeInput copy = input;
  bool curves = false;
  for (RowsOfRecipe& one : recipe_rows(std::move(input), read, notes, warnings)) {
    curves =
        curves || kind == CompareKind::curves || (kind == CompareKind::automatic && are_curves(rows_by_run(one.rows)));
    recipes.push_back(recipe_from(one.name, std::move(one.rows), resource));
  }
  if (curves) {
    tables::ReadOptions all = read;
    all.every_stream = true;
    for (RowsOfRecipe& one : recipe_rows(copy, all, notes, warnings)) {
      const auto recipe = std::find_if(recipes.begin() + static_cast<std::ptrdiff_t>(first), recipes.end(),
                                       [&](const Recipe& r) { return r.name == one.name; });
      if (recipe == recipes.end()) continue;
      recipe->curves = curves_of_recipe(one.rows, recipe->role);
    }
  }
  if (first == recipes.size()) return;
  documents::add_once(recipes[first].notes, notes);
  documents::add_once(recipes[first].warnings, warnings);
}

}  // namespace

base::EnumNames<CompareKind> enum_names(CompareKind) {
  static constexpr std::pair<std::string_view, CompareKind> kNames[] = {
      {"auto", CompareKind::automatic}, {"runs", CompareKind::runs}, {"curves", CompareKind::curves}};
  return kNames;
}

std::vector<Recipe> recipes_of(std::vector<RecipeInput> inputs, const tables::ReadOptions& read, CompareKind kind,
                               const std::string& resource) {
  const std::string column = resource.empty() ? "" : tables::canonical_column(resource);
  std::vector<Recipe> recipes;
  for (RecipeInput& input : inputs) {
    if (input.fit && !read.by.empty()) throw InputError({"--by"}, "a FIT.json has no groups; give the table itself");
    if (input.fit)
      recipes.push_back(recipe_from(input.name, *input.fit, column));
    else
      add_recipes(std::move(input), read, kind, column, recipes);
  }
  if (recipes.size() < 2)
    throw InputError(
        read.by.empty()
            ? std::string("expected two recipes or more, found one; give several files, or --by COLUMN with the "
                          "column that names the recipes")
            : fmt::format("--by: expected two recipes or more, found one, {}", recipes.front().name));
  if (!read.by.empty()) require_no_streams(recipes, read.by);
  for (std::size_t i = 1; i < recipes.size(); ++i)
    require_one_quantity(recipes.front(), recipes[i], recipes.front().warnings);
  return recipes;
}

void choose_baseline(std::vector<Recipe>& recipes, const std::string& name) {
  if (name.empty()) return;
  const auto at = std::find_if(recipes.begin(), recipes.end(), [&](const Recipe& r) { return r.name == name; });
  if (at == recipes.end()) {
    std::vector<std::string> known;
    for (const Recipe& recipe : recipes) known.push_back(recipe.name);
    throw InputError({"--baseline"}, base::unknown_name("recipe", name, known));
  }
  std::rotate(recipes.begin(), at, at + 1);
}

}  // namespace phaselaw::advice
