// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/compare/paired_law.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/advice/compare/seeds.h"
#include "phaselaw/advice/isoflop/budgets.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

using base::kInfinity;
using base::kNaN;

constexpr double kLargestLevel = 60;        // of u, in units of the smallest loss
constexpr double kLeastVariance = 1e-24;    // of ln L, where laws are exact
constexpr double kClosestFloor = 1 - 1e-9;  // of the smallest loss

void require_usable_points(const RecipePoints& points) {
  PHASELAW_CHECK(points.resource.size() == points.loss.size());
  for (const auto* column : {&points.resource, &points.loss})
    for (const double value : *column)
      if (!(value > 0) || !std::isfinite(value))
        throw base::InputError(
            {}, fmt::format("expected resources and losses that are positive and finite, found {}", value));
}

double sum_of_squares(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return sum;
}

// Makes the columns orthonormal, also to those of `before`, and removes them from `values` (Gram and Schmidt, twice).
void remove_columns(std::vector<std::vector<double>>& columns, const std::vector<std::vector<double>>& before,
                    std::vector<double>& values) {
  const auto remove = [](const std::vector<double>& unit, std::vector<double>& from) {
    double along = 0;
    for (std::size_t i = 0; i < unit.size(); ++i) along += unit[i] * from[i];
    for (std::size_t i = 0; i < unit.size(); ++i) from[i] -= along * unit[i];
  };
  constexpr double kDependent = 1e-9;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const double length = std::sqrt(sum_of_squares(columns[k]));
    for (int pass = 0; pass < 2; ++pass) {
      for (const auto& unit : before) remove(unit, columns[k]);
      for (std::size_t j = 0; j < k; ++j) remove(columns[j], columns[k]);
    }
    const double rest = std::sqrt(sum_of_squares(columns[k]));
    const double scale = rest > kDependent * length ? 1 / rest : 0;
    for (double& value : columns[k]) value *= scale;
    remove(columns[k], values);
  }
}

}  // namespace

PairedLaw::PairedLaw(const RecipePoints& of_baseline, const RecipePoints& of_candidate, const PairedLawOptions& options)
    : options_(options) {
  const std::array<const RecipePoints*, 2> recipes = {&of_baseline, &of_candidate};
  std::vector<double> places;
  std::array<double, 2> smallest = {kInfinity, kInfinity};
  for (std::size_t r = 0; r < 2; ++r) {
    require_usable_points(*recipes[r]);
    if (recipes[r]->loss.empty())
      throw base::InputError({}, "expected runs of both recipes, found none of one of them");
    for (const IsoflopBudget& budget : budgets_of(recipes[r]->resource, recipes[r]->resource, options.tolerance)) {
      places.push_back(std::log(budget.compute));
      ++cells_[r];
    }
    smallest[r] = *std::min_element(recipes[r]->loss.begin(), recipes[r]->loss.end());
  }
  centre_ = numerics::mean(places);
  unit_ = std::min(smallest[0], smallest[1]);
  if (options.floor && !(*options.floor >= 0 && *options.floor < unit_))
    throw base::InputError({"--floor"},
                           fmt::format("expected a floor from 0 to below the smallest loss {}, found {}",
                                       base::format_number(unit_, 4), base::format_number(*options.floor, 4)));
  for (std::size_t r = 0; r < 2; ++r) {
    largest_floor_[r] = kClosestFloor * (options.separate_floors ? smallest[r] / unit_ : 1);
    for (std::size_t i = 0; i < recipes[r]->loss.size(); ++i)
      rows_.push_back({r, std::log(recipes[r]->resource[i]) - centre_, std::log(recipes[r]->loss[i] / unit_)});
  }
  std::vector<double> losses = of_baseline.loss;
  losses.insert(losses.end(), of_candidate.loss.begin(), of_candidate.loss.end());
  const double rounding = last_decimal(losses);
  for (const double loss : losses)
    rounding_ += rounding * rounding / (12 * loss * loss) / static_cast<double>(losses.size());
  fit();
}

std::vector<std::size_t> PairedLaw::free_coordinates(const Constraint& constraint) const {
  std::vector<std::size_t> which;
  for (const std::size_t j : {kLevelA, kExponentA, kLevelB, kExponentB})
    if (j != constraint.eliminated) which.push_back(j);
  if (options_.floor) return which;
  const bool held = constraint.eliminated == kFloorA || constraint.eliminated == kFloorB;
  if (!options_.separate_floors && !held) which.push_back(kFloorA);
  if (options_.separate_floors)
    for (const std::size_t j : {kFloorA, kFloorB})
      if (j != constraint.eliminated) which.push_back(j);
  return which;
}

bool PairedLaw::expand(std::span<const double> free, const std::vector<std::size_t>& which,
                       const Constraint& constraint, double value, Full& full, Full& gradient) const {
  for (std::size_t k = 0; k < which.size(); ++k) full[which[k]] = free[k];
  gradient.fill(0);
  if (options_.floor)
    full[kFloorA] = full[kFloorB] = *options_.floor / unit_;
  else if (!options_.separate_floors)
    full[kFloorB] = full[kFloorA];
  if (constraint.eliminated == kNoCoordinate) return true;
  double out = 0;
  if (!constraint.solve(full, value, out, gradient) || !std::isfinite(out)) return false;
  full[constraint.eliminated] = out;
  if (!options_.separate_floors && constraint.eliminated >= kFloorA) full[kFloorA] = full[kFloorB] = out;
  return true;
}

numerics::LeastSquaresResult PairedLaw::minimise(const Full& start, const Constraint& constraint, double value,
                                                 Full& full) const {
  const std::vector<std::size_t> which = free_coordinates(constraint);
  numerics::LeastSquaresProblem problem;
  problem.n_parameters = which.size();
  problem.n_residuals = rows_.size();
  std::vector<double> first;
  for (const std::size_t j : which) {
    const bool level = j == kLevelA || j == kLevelB, exponent = j == kExponentA || j == kExponentB;
    const double lower = level ? -kLargestLevel : 0;
    const double upper = level ? kLargestLevel : exponent ? kLargestExponent : largest_floor_[j - kFloorA];
    problem.lower.push_back(lower);
    problem.upper.push_back(upper);
    first.push_back(std::clamp(start[j], lower, upper));
  }
  problem.evaluate = [&](std::span<const double> free, std::span<double> residual, std::span<double> jacobian) {
    Full at{}, elimination{};
    if (!expand(free, which, constraint, value, at, elimination)) return false;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Row& row = rows_[i];
      const double reducible = std::exp(at[level_of(row.recipe)] - at[exponent_of(row.recipe)] * row.y);
      const double model = at[floor_of(row.recipe)] + reducible;
      if (!std::isfinite(model) || !(model > 0)) return false;
      residual[i] = row.log_loss - std::log(model);
      if (jacobian.empty()) continue;
      Full slope{};
      slope[level_of(row.recipe)] = -reducible / model;
      slope[exponent_of(row.recipe)] = reducible * row.y / model;
      slope[floor_of(row.recipe)] = -1 / model;
      const double through = constraint.eliminated == kNoCoordinate ? 0 : slope[constraint.eliminated];
      for (std::size_t k = 0; k < which.size(); ++k) {
        double d = slope[which[k]] + through * elimination[which[k]];
        // One parameter is the floor of both recipes.
        if (which[k] == kFloorA && !options_.separate_floors) d += slope[kFloorB] + through * elimination[kFloorB];
        jacobian[i * which.size() + k] = d;
      }
    }
    return true;
  };
  numerics::LeastSquaresOptions solver;
  solver.gradient_tolerance = 1e-8;
  solver.decrease_tolerance = 1e-14;
  numerics::LeastSquaresWorkspace workspace;
  numerics::LeastSquaresResult result = numerics::minimise_small(problem, first, solver, workspace);
  Full elimination{};
  if (result.parameters.empty() || !expand(result.parameters, which, constraint, value, full, elimination))
    result.status = numerics::LeastSquaresStatus::failed;
  return result;
}

// The straight lines of ln(L - E) for several floors: near the optimum for each of them.
std::vector<PairedLaw::Full> PairedLaw::starts() const {
  std::vector<double> shares = {0, 0.4, 0.7, 0.9, 0.97};
  if (options_.floor) shares = {*options_.floor / unit_};
  std::vector<Full> all;
  for (const double share : shares) {
    Full start{};
    for (std::size_t r = 0; r < 2; ++r) {
      const double floor = options_.floor ? share : share * largest_floor_[r];
      std::vector<double> x, y;
      for (const Row& row : rows_)
        if (row.recipe == r) {
          x.push_back(row.y);
          y.push_back(std::log(std::exp(row.log_loss) - floor));
        }
      const numerics::Line line = numerics::least_squares_line(x, y);
      const double slope = std::isfinite(line.slope) ? std::clamp(-line.slope, 0.01, 5.0) : 0.2;
      start[exponent_of(r)] = slope;
      start[level_of(r)] = numerics::mean(y) + slope * numerics::mean(x);
      start[floor_of(r)] = floor;
    }
    all.push_back(start);
  }
  return all;
}

void PairedLaw::fit() {
  for (std::size_t r = 0; r < 2; ++r) {
    rank_ += std::min<std::size_t>(cells_[r], 2);
    if (cells_[r] >= 3 && !options_.floor) ++floors_;
  }
  if (!options_.separate_floors) floors_ = std::min<std::size_t>(floors_, 1);
  rank_ += floors_;
  best_.cost = kInfinity;
  for (const Full& start : starts()) {
    Full full{};
    numerics::LeastSquaresResult result = minimise(start, {}, 0, full);
    if (result.status == numerics::LeastSquaresStatus::failed || !(result.cost < best_.cost)) continue;
    best_ = std::move(result);
    full_ = full;
  }
  PHASELAW_CHECK(std::isfinite(best_.cost));
  dof_ = static_cast<double>(rows_.size()) - static_cast<double>(rank_);
  noise_ = kNaN;
  if (dof_ < 1) return;
  variance_ = std::max({squares() / dof_, rounding_, kLeastVariance});
  noise_ = std::sqrt(variance_);
  threshold_ = numerics::f_quantile(options_.level, 1, dof_) * variance_;
}

double PairedLaw::loss(Recipe recipe, double resource) const {
  const double y = std::log(resource) - centre_;
  return unit_ * (full_[floor_of(recipe)] + std::exp(full_[level_of(recipe)] - full_[exponent_of(recipe)] * y));
}
double PairedLaw::exponent(Recipe recipe) const { return full_[exponent_of(recipe)]; }
double PairedLaw::floor(Recipe recipe) const { return unit_ * full_[floor_of(recipe)]; }

double PairedLaw::speedup(double resource) const {
  const double y = std::log(resource) - centre_;
  const double above = loss(candidate, resource) / unit_ - full_[kFloorA];
  if (!(above > 0)) return kInfinity;
  const double slope = full_[kExponentA];
  const double distance = full_[kLevelA] - std::log(above) - slope * y;
  if (slope == 0) return distance == 0 ? 1 : distance > 0 ? kInfinity : 0;
  return std::exp(distance / slope);
}

std::vector<double> PairedLaw::residuals() const {
  std::vector<double> out;
  for (const Row& row : rows_)
    out.push_back(row.log_loss -
                  std::log(full_[floor_of(row.recipe)] +
                           std::exp(full_[level_of(row.recipe)] - full_[exponent_of(row.recipe)] * row.y)));
  return out;
}

double PairedLaw::rise(const Constraint& constraint, double value, Full& full) const {
  Full found = full;
  const numerics::LeastSquaresResult near = minimise(full, constraint, value, found);
  double cost = near.status == numerics::LeastSquaresStatus::failed ? kInfinity : near.cost;
  // A value is refuted only if other floors do not lead to a better fit.
  if (!options_.floor && !(2 * (cost - best_.cost) < threshold_))
    for (const Full& start : starts()) {
      Full other{};
      const numerics::LeastSquaresResult far = minimise(start, constraint, value, other);
      if (far.status == numerics::LeastSquaresStatus::failed || !(far.cost < cost)) continue;
      cost = far.cost;
      found = other;
    }
  if (std::isfinite(cost)) full = found;
  return 2 * (cost - best_.cost) / threshold_;
}

std::optional<double> PairedLaw::end(const Constraint& constraint, const Search& search, double sign) const {
  constexpr int kMostSteps = 60;
  constexpr double kAccuracy = 1e-3;
  const double limit = sign > 0 ? search.most : search.least;
  const double room = sign * (limit - search.value);
  const bool natural = sign > 0 ? search.bounded_above : search.bounded_below;
  const std::optional<double> open = natural ? std::optional(limit) : std::nullopt;
  if (!(room > 0)) return open;
  Full inside = full_;
  double near = 0, near_root = 0, far = std::min(search.first_step, room), far_root = 0;
  for (int step = 0;; ++step) {
    Full at = inside;
    const double root = std::sqrt(std::max(0.0, rise(constraint, search.value + sign * far, at)));
    if (root >= 1) {
      far_root = root;
      break;
    }
    if (far >= room || step == kMostSteps) return open;
    near = far;
    near_root = root;
    inside = at;
    far = std::min(room, far * (root > 0 ? std::clamp(1.2 / root, 1.5, 8.0) : 8.0));
  }
  for (int step = 0; step < kMostSteps && far - near > kAccuracy * far; ++step) {
    // The root is nearly linear in the distance; every third step halves.
    const bool secant = std::isfinite(far_root) && step % 3 != 2;
    double next = secant ? near + (far - near) * (1 - near_root) / (far_root - near_root) : (near + far) / 2;
    next = std::clamp(next, near + 0.02 * (far - near), far - 0.02 * (far - near));
    Full at = inside;
    const double root = std::sqrt(std::max(0.0, rise(constraint, search.value + sign * next, at)));
    if (root >= 1) {
      far = next;
      far_root = root;
    } else {
      near = next;
      near_root = root;
      inside = at;
    }
  }
  return search.value + sign * (near + far) / 2;
}

fitting::Estimate PairedLaw::interval(std::string name, const Constraint& constraint, const Search& search) const {
  fitting::Estimate out;
  out.name = std::move(name);
  out.value = search.value;
  if (dof_ < 1 || !std::isfinite(search.value)) return out;
  out.lo = end(constraint, search, -1);
  out.hi = end(constraint, search, 1);
  out.identified = out.lo && out.hi;
  if (!determines_floor()) out.value = kNaN;
  return out;
}

double PairedLaw::p_curved() const {
  constexpr std::size_t kBent = 4;  // budgets of a recipe that can show a curvature beside its law
  std::vector<std::vector<double>> known, added;
  for (const std::size_t j : free_coordinates({})) {
    std::vector<double> column;
    for (const Row& row : rows_) {
      const double reducible = std::exp(full_[level_of(row.recipe)] - full_[exponent_of(row.recipe)] * row.y);
      const double model = full_[floor_of(row.recipe)] + reducible;
      const bool own = j == level_of(row.recipe) || j == exponent_of(row.recipe) || j == floor_of(row.recipe) ||
                       (j == kFloorA && !options_.separate_floors);
      const double slope = j >= kFloorA ? 1 / model : reducible / model * (j == exponent_of(row.recipe) ? row.y : 1);
      column.push_back(own ? slope : 0);
    }
    known.push_back(std::move(column));
  }
  for (std::size_t r = 0; r < 2; ++r) {
    if (cells_[r] < kBent) continue;
    std::vector<double> column;
    for (const Row& row : rows_) column.push_back(row.recipe == r ? row.y * row.y : 0);
    added.push_back(std::move(column));
  }
  const double spare = dof_ - static_cast<double>(added.size());
  if (added.empty() || spare < 2) return kNaN;
  std::vector<double> left = residuals();
  remove_columns(known, {}, left);
  const double before = sum_of_squares(left);
  remove_columns(added, known, left);
  const double after = sum_of_squares(left);
  const double constraints = static_cast<double>(added.size());
  const double f = (before - after) / constraints / (after / spare);
  return f > 0 ? numerics::f_cdf(1 / f, spare, constraints) : 1;
}

double PairedLaw::p_value(double squares_imposed, double constraints) const {
  if (dof_ < 1) return kNaN;
  const double f = (squares_imposed - squares()) / constraints / variance_;
  if (!(f > 0)) return 1;
  return std::isfinite(f) ? numerics::f_cdf(1 / f, dof_, constraints) : 0;
}

double PairedLaw::p_equal(double resource) const {
  if (dof_ < 1) return kNaN;
  Full at = full_;
  const double relative = rise(speedup_constraint(resource), 0, at);
  return p_value(squares() + relative * threshold_);
}

}  // namespace phaselaw::advice
