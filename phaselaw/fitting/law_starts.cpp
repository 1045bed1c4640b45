// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/non_negative.h"
#include "phaselaw/laws/law_roles.h"

namespace phaselaw::fitting {

namespace {

constexpr std::size_t kGridRows = 128;
constexpr std::size_t kStarts = 10;          // number of starts from a grid
constexpr std::size_t kHaltonPoints = 1500;  // number of random points if a grid over all axes would be larger
constexpr std::size_t kCoarseStarts = 3, kCoarseHaltonPoints = 150;
constexpr std::size_t kOwnLevels = 3;  // levels of each parameter that a given start does not name

// Levels of each axis of the grid, by the number of axes.
std::size_t levels_for(std::size_t axes, bool coarse) {
  constexpr std::array<std::size_t, 5> kLevels = {1, 40, 16, 9, 6}, kCoarseLevels = {1, 12, 5, 4, 3};
  return axes < kLevels.size() ? (coarse ? kCoarseLevels : kLevels)[axes] : 0;
}

// The radical inverse of i in a prime base: well-spread points in any number of dimensions [T: Halton 1960].
double halton(std::size_t i, std::size_t dimension) {
  constexpr std::array<std::size_t, 14> kPrimes = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43};
  const std::size_t base = kPrimes[dimension];
  double share = 1, value = 0;
  for (++i; i > 0; i /= base) {
    share /= static_cast<double>(base);
    value += share * static_cast<double>(i % base);
  }
  return value;
}

}  // namespace

class StartGrid {
 public:
  StartGrid(const LawForm& form, bool raw) : form_(form), raw_(raw) {
    std::vector<bool> held(form.fixed_.size());
    for (std::size_t p = 0; p < held.size(); ++p) held[p] = form.fixed_[p].has_value();
    const std::vector<laws::Role> roles = laws::roles_of(form.law_, form.data_.columns, held);
    const auto& free = form.evaluator_.free();
    for (std::size_t j = 0; j < free.size(); ++j) {
      const laws::Role& role = roles[free[j]];
      if (role.kind == laws::RoleKind::amplitude)
        affine_.push_back(j);
      else
        axes_.push_back(
            {j, role.low, role.high, form.law_.parameters[free[j]].domain == laws::ParameterDomain::positive});
    }
    const std::size_t n = form.n_rows(), used = std::min(n, kGridRows);
    for (std::size_t i = 0; i < used; ++i) rows_.push_back(i * n / used);
    value_.resize(used);
    derivative_.resize(used * free.size());
    parameters_.resize(free.size());
    for (const std::size_t row : rows_) loss_.push_back(form.data_.output[row]);
    unit_ = loss_.front();
    if (raw_)
      for (const double loss : loss_) unit_ = std::max(std::abs(unit_), std::abs(loss));
    if (unit_ == 0) unit_ = 1;
  }

  // Evaluates a whole grid; returns the number of its points.
  std::size_t search() {
    const std::size_t levels = levels_for(axes_.size(), form_.coarse_grid_);
    std::size_t points = 1;
    for (std::size_t a = 0; a < axes_.size() && levels > 0; ++a) points *= levels;
    if (levels == 0) points = form_.coarse_grid_ ? kCoarseHaltonPoints : kHaltonPoints;
    std::vector<double> position(axes_.size());
    for (std::size_t i = 0; i < points; ++i) {
      std::size_t rest = i;
      for (std::size_t a = 0; a < axes_.size(); ++a, rest /= std::max<std::size_t>(levels, 1))
        position[a] =
            levels == 0 ? halton(i, a) : (static_cast<double>(rest % levels) + 0.5) / static_cast<double>(levels);
      look(position);
    }
    return points;
  }

  // A start that names some parameters; the others take a few levels each, and unnamed amplitudes are solved for.
  void add(const std::map<std::string, double>& given) {
    std::vector<std::size_t> open;
    for (std::size_t a = 0; a < axes_.size(); ++a)
      if (!given.contains(name(axes_[a].parameter))) open.push_back(a);
    std::size_t points = 1;
    for (std::size_t a = 0; a < std::min<std::size_t>(open.size(), 4); ++a) points *= kOwnLevels;
    for (std::size_t i = 0; i < points; ++i) {
      std::size_t rest = i;
      for (const Axis& axis : axes_)
        if (const auto value = given.find(name(axis.parameter)); value != given.end())
          parameters_[axis.parameter] = value->second;
      for (const std::size_t a : open) {
        parameters_[axes_[a].parameter] = axes_[a].at((static_cast<double>(rest % kOwnLevels) + 0.5) / kOwnLevels);
        rest /= kOwnLevels;
      }
      const bool all_given =
          std::all_of(affine_.begin(), affine_.end(), [&](std::size_t j) { return given.contains(name(j)); });
      if (all_given)
        for (const std::size_t j : affine_) parameters_[j] = given.at(name(j));
      else
        solve_affine();
      own_.push_back(theta());
    }
  }

  std::vector<std::vector<double>> chosen() {
    std::sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) { return a.misfit < b.misfit; });
    std::vector<std::vector<double>> starts = own_;
    std::vector<const Found*> kept;
    const double apart = axes_.size() <= 1 ? 0.05 : 0.12;
    for (const Found& candidate : found_) {
      if (kept.size() == (form_.coarse_grid_ ? kCoarseStarts : kStarts)) break;
      const bool near = std::any_of(kept.begin(), kept.end(), [&](const Found* other) {
        double distance = 0;
        for (std::size_t a = 0; a < axes_.size(); ++a)
          distance = std::max(distance, std::abs(candidate.position[a] - other->position[a]));
        return distance < apart;
      });
      if (near) continue;
      kept.push_back(&candidate);
      starts.push_back(candidate.theta);
    }
    return starts;
  }

 private:
  struct Axis {
    std::size_t parameter;  // in the order of free()
    double low, high;
    bool logarithmic;
    double at(double share) const {
      return logarithmic ? low * std::pow(high / low, share) : low + share * (high - low);
    }
  };
  struct Found {
    double misfit;
    std::vector<double> position, theta;
  };

  const std::string& name(std::size_t j) const { return form_.coordinates_[j].name; }

  void look(const std::vector<double>& position) {
    for (std::size_t a = 0; a < axes_.size(); ++a) parameters_[axes_[a].parameter] = axes_[a].at(position[a]);
    solve_affine();
    const double misfit = mean_misfit();
    if (std::isfinite(misfit)) found_.push_back({misfit, position, theta()});
  }

  // What a residual is divided by: the output, or the unit of all outputs.
  double size_of(std::size_t i) const { return raw_ ? unit_ : loss_[i]; }

  // Amplitudes with the smallest sum of squared residuals, relative or raw, given the other parameters.
  void solve_affine() {
    if (affine_.empty()) return;
    const std::size_t n = rows_.size(), k = parameters_.size(), m = affine_.size();
    for (const std::size_t j : affine_) parameters_[j] = 0;
    form_.evaluator_.evaluate(rows_, parameters_, value_, derivative_, workspace_);
    NonNegativeProblem problem(m);
    std::array<double, laws::kMaxExpressionParameters> row{};
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t a = 0; a < m; ++a) row[a] = derivative_[i * k + affine_[a]] * (unit_ / size_of(i));
      problem.add_row({row.data(), m}, (loss_[i] - value_[i]) / size_of(i));
    }
    for (std::size_t a = 0; a < m; ++a)
      problem.set_free(
          a, form_.law_.parameters[form_.evaluator_.free()[affine_[a]]].domain == laws::ParameterDomain::real);
    const std::vector<double> solution = problem.solve();
    for (std::size_t a = 0; a < m; ++a) {
      double& amplitude = parameters_[affine_[a]];
      amplitude = solution[a] * unit_;
      if (amplitude > 0 || !form_.coordinates_[affine_[a]].logarithmic) continue;
      // The logarithm needs a start above 0: a hundredth of the loss.
      amplitude = 1e-2 * unit_ * std::sqrt(static_cast<double>(n) / std::max(problem.square(a), 1e-300));
    }
  }

  // The law at the values that solve_affine did not set, with the amplitudes it found.
  double mean_misfit() {
    const std::size_t n = rows_.size(), k = parameters_.size();
    if (affine_.empty()) form_.evaluator_.evaluate(rows_, parameters_, value_, {}, workspace_);
    double total = 0;
    for (std::size_t i = 0; i < n; ++i) {
      double value = value_[i];
      for (const std::size_t j : affine_) value += parameters_[j] * derivative_[i * k + j];
      // NaN if the law has no logarithm
      total += raw_ ? std::abs(value - loss_[i]) / unit_ : std::abs(std::log(value / loss_[i]));
    }
    return total / static_cast<double>(n);
  }

  std::vector<double> theta() const {
    std::vector<double> all(form_.law_.parameters.size());
    for (std::size_t j = 0; j < parameters_.size(); ++j) all[form_.evaluator_.free()[j]] = parameters_[j];
    return form_.theta(all);
  }

  const LawForm& form_;
  bool raw_;
  std::vector<std::size_t> affine_, rows_;
  std::vector<Axis> axes_;
  std::vector<double> value_, derivative_, parameters_, loss_;
  double unit_ = 1;  // unit of amplitudes: a typical output, so that squares stay within range
  laws::EvaluatorWorkspace workspace_;
  std::vector<Found> found_;
  std::vector<std::vector<double>> own_;
};

std::vector<std::size_t> LawForm::spread_rows(std::size_t count) const {
  const std::size_t n = n_rows();
  std::vector<std::size_t> chosen;
  if (n <= count) {
    chosen.resize(n);
    std::iota(chosen.begin(), chosen.end(), std::size_t{0});
    return chosen;
  }
  std::vector<std::pair<double, std::size_t>> order(n);
  const auto& columns = law_.columns();
  const std::size_t each = std::clamp<std::size_t>(count / std::max<std::size_t>(columns.size(), 1), 2, n);
  for (const std::string& name : columns) {
    const std::vector<double> column = data_.columns.get(name);
    for (std::size_t i = 0; i < n; ++i) order[i] = {column[i], i};
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < each; ++i) chosen.push_back(order[i * (n - 1) / (each - 1)].second);
  }
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

std::vector<std::vector<double>> LawForm::starts(bool raw) const {
  StartGrid grid(*this, raw);
  for (const auto& given : own_starts_) grid.add(given);
  grid_points_ = grid.search();
  return grid.chosen();
}

}  // namespace phaselaw::fitting
