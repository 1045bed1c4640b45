// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/compare/compare_request.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/tables/messages.h"

namespace phaselaw::advice {

namespace {

constexpr const char* kOrder[] = {"compute", "tokens", "n_params", "n_data", "step"};

// The resources that both recipes have: the one that leads, and tokens beside compute if they say something else.
std::vector<std::string> shared_resources(const Recipe& a, const Recipe& b, const std::string& wanted) {
  std::vector<std::string> both;
  for (const auto& [name, points] : a.points)
    if (b.points.contains(name)) both.push_back(name);
  const auto place = [](const std::string& name) {
    return std::find(std::begin(kOrder), std::end(kOrder), name) - std::begin(kOrder);
  };
  std::stable_sort(both.begin(), both.end(), [&](const auto& p, const auto& q) { return place(p) < place(q); });
  if (both.size() < 2 || !wanted.empty()) return both;
  if (both[0] != "compute" || both[1] != "tokens") return {both[0]};
  double lo = base::kInfinity, hi = 0;
  for (const Recipe* recipe : {&a, &b}) {
    const auto &compute = recipe->points.at("compute").resource, &tokens = recipe->points.at("tokens").resource;
    for (std::size_t i = 0; i < compute.size() && i < tokens.size(); ++i) {
      lo = std::min(lo, compute[i] / tokens[i]);
      hi = std::max(hi, compute[i] / tokens[i]);
    }
  }
  constexpr double kProportional = 1.001;
  return hi <= lo * kProportional ? std::vector<std::string>{"compute"} : std::vector<std::string>{"compute", "tokens"};
}

std::string curve_axis(const Recipe& a, const Recipe& b, const std::string& wanted) {
  const auto has = [&](const std::string& axis) {
    for (const Recipe* recipe : {&a, &b})
      for (const tables::Curve& curve : recipe->curves)
        if (axis_of(curve, axis).empty()) return false;
    return true;
  };
  if (!wanted.empty()) {
    const std::string axis = tables::canonical_column(wanted);
    if ((axis != "step" && axis != "tokens" && axis != "compute") || !has(axis))
      throw base::InputError({"--resource"},
                             fmt::format("the curves have no {}; curves are compared along compute, tokens or "
                                         "step, whichever all of them have",
                                         wanted));
    return axis;
  }
  for (const char* axis : {"compute", "tokens", "step"})
    if (has(axis)) return axis;
  return "";
}

std::string doubt_of(const ResourceComparison& c) {
  if (c.laws_miss()) return "The fitted laws miss the runs";
  if (c.p_separate_floors < kMissLevel) return "The recipes seem to have different floors, so the factor is doubtful";
  return "";
}

// Whether the runs of a recipe end at several budgets: a ladder of runs, and not seeds of one.
bool is_ladder(const ResourceComparison& c) {
  for (const auto* points : {&c.baseline.resource, &c.candidate.resource}) {
    const auto [lo, hi] = std::minmax_element(points->begin(), points->end());
    if (*hi > kLevelFactor * *lo) return true;
  }
  return false;
}

RecipeComparison compare_pair(const Recipe& a, const Recipe& b, const CompareRequest& request) {
  RecipeComparison out;
  out.name = b.name;
  if (request.kind != CompareKind::curves)
    for (const std::string& resource : shared_resources(a, b, request.resource))
      out.runs.push_back(compare_points(a.points.at(resource), b.points.at(resource), resource, request.options));
  const bool curves = !a.curves.empty() && !b.curves.empty();
  if (curves && request.kind != CompareKind::runs) {
    const std::string axis = curve_axis(a, b, request.resource);
    if (!axis.empty()) out.curves = compare_curves(a.curves, b.curves, axis, request.options.level);
  }
  if (request.kind == CompareKind::curves && !out.curves)
    throw base::InputError({b.source},
                           fmt::format("{} and {} have no loss curves along the same compute, tokens or step; omit "
                                       "--kind curves to compare their finished runs",
                                       a.name, b.name));
  if (out.runs.empty() && !out.curves)
    throw base::InputError(
        {b.source},
        fmt::format("{} and {} have no common column that says what a run cost; give compute, tokens or step with "
                    "--col, or name a column with --resource",
                    a.name, b.name));
  out.curves_lead = out.curves && (out.runs.empty() || !(out.runs.front().fitted && is_ladder(out.runs.front())));
  if (out.curves_lead) {
    out.outcome = out.curves->outcome;
    out.p = out.curves->p;
    out.limits = curve_limits(*out.curves, a.name, b.name);
    // Single runs are not compared a second time by their last rows.
    if (!out.runs.empty() && !is_ladder(out.runs.front())) out.runs.clear();
  } else {
    out.outcome = out.runs.front().outcome;
    out.p = out.runs.front().p;
    out.limits = comparison_limits(out.runs.front(), a.name, b.name, request.options);
    out.doubt = doubt_of(out.runs.front());
    for (const Recipe* recipe : {&a, &b}) {
      if (!recipe->mixed_ratios) continue;
      out.doubt = "The runs have several ratios of tokens to parameters at one compute, so the factor is doubtful";
      out.limits.push_back(
          {Harm::wrong,
           fmt::format("the runs of {} have {} to {} tokens per parameter at about one compute, and their loss is "
                       "no function of the compute alone; choose one ratio with --where",
                       recipe->name, base::format_number(recipe->mixed_ratios->first),
                       base::format_number(recipe->mixed_ratios->second))});
    }
  }
  return out;
}

void correct_together(double level, std::vector<RecipeComparison>& comparisons) {
  std::vector<double> p;
  for (const RecipeComparison& one : comparisons) p.push_back(one.p);
  const std::vector<double> corrected = holm(p);
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    RecipeComparison& one = comparisons[i];
    one.p_holm = corrected[i];
    const bool claims = one.outcome == Outcome::better || one.outcome == Outcome::worse;
    if (comparisons.size() < 2 || !claims || !(one.p_holm > 1 - level)) continue;
    one.outcome = Outcome::inconclusive;
    one.limits.push_back(
        {Harm::undetermined, fmt::format("the interval of this recipe alone excludes equality, but not after "
                                         "Holm's correction for {} comparisons",
                                         comparisons.size())});
  }
}

}  // namespace

CompareAnswer compare(const CompareRequest& request, std::vector<RecipeInput> inputs) {
  request.options.validate();
  std::vector<Recipe> recipes = recipes_of(std::move(inputs), request.read, request.kind, request.resource);
  choose_baseline(recipes, request.baseline);
  CompareAnswer answer;
  answer.baseline = recipes.front().name;
  answer.quantity = recipes.front().quantity;
  if (recipes.front().role == tables::Role::excess_risk) answer.noun = "excess risk";
  answer.level = request.options.level;
  for (std::size_t i = 1; i < recipes.size(); ++i)
    answer.comparisons.push_back(compare_pair(recipes.front(), recipes[i], request));
  const bool runs = std::any_of(answer.comparisons.begin(), answer.comparisons.end(),
                                [](const RecipeComparison& one) { return !one.curves_lead; });
  std::vector<std::string> warnings;
  for (const Recipe& recipe : recipes) {
    documents::add_once(answer.notes, recipe.notes);
    if (runs && !recipe.last_rows.empty()) documents::add_once(answer.notes, {recipe.last_rows});
    documents::add_once(warnings, recipe.warnings);
  }
  tables::log_messages(answer.notes, warnings);
  documents::add_once(answer.notes, warnings);
  correct_together(request.options.level, answer.comparisons);
  for (RecipeComparison& one : answer.comparisons) {
    one.limits = by_harm(std::move(one.limits));
    say_comparison(answer, one);
  }
  answer.json = to_value(answer);
  return answer;
}

bool is_fit_file(const std::string& path) {
  if (std::filesystem::path(path).extension() != ".json") return false;
  try {
    const base::Value value = base::read_json(path);
    return value.is_table() && value.find("form") != nullptr && value.find("optimum") != nullptr;
  } catch (const base::InputError&) {
    return false;  // a document of another shape, which its reader judges
  }
}

RecipeInput fit_input(const std::string& path) {
  std::vector<fitting::SavedFit> fits = fitting::saved_fits_from(base::read_json(path), path);
  return {.name = base::one_line(path), .reading = std::nullopt, .fit = std::move(fits.front())};
}

std::vector<std::string> recipe_names(const std::vector<std::string>& paths) {
  std::map<std::string, int> count;
  const auto stem = [](const std::string& path) {
    std::filesystem::path name = std::filesystem::path(path).filename();
    if (name.empty()) name = std::filesystem::path(path).parent_path().filename();
    std::string text = name.string();
    // Also of names with two endings, such as runs.csv.gz.
    return text.substr(0, std::max<std::size_t>(1, text.find('.')));
  };
  for (const std::string& path : paths) ++count[stem(path)];
  for (auto path = paths.begin(); path != paths.end(); ++path)
    if (std::find(paths.begin(), path, *path) != path)
      throw base::InputError({*path}, "is given twice, so a recipe would be compared with itself; remove one");
  std::vector<std::string> names;
  for (const std::string& path : paths) names.push_back(base::one_line(count[stem(path)] > 1 ? path : stem(path)));
  return names;
}

}  // namespace phaselaw::advice
