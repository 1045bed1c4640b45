// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/identify.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <Eigen/Eigenvalues>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/fitting/robust_scale.h"
#include "phaselaw/laws/law_roles.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

constexpr double kCollinear = 0.999;     // correlation of logarithms
constexpr double kIllConditioned = 1e7;  // condition number beyond which half the digits of a parameter are lost

void add_warning(Fit& fit, const std::string& warning) {
  if (std::find(fit.warnings.begin(), fit.warnings.end(), warning) == fit.warnings.end())
    fit.warnings.push_back(warning);
}

// Whether the objective with the parameter at its bound is still within noise of the optimum. A profile that has risen
// above the noise is assumed to stay above it, so most answers need only one refit.
bool open_towards(Refitter& refitter, const Fit& fit, std::size_t j, double bound, double rise) {
  const double room = bound - fit.theta[j];
  const double near = std::abs(room) > 1 ? 1 / std::abs(room) : 1;  // a factor e
  std::vector<double> at = fit.theta;
  for (const double share : {near, 0.1, 0.3, 0.6, 1.0}) {
    if (share < near) continue;
    at[j] = fit.theta[j] + share * room;
    refitter.hold(j, at[j]);
    const numerics::LeastSquaresResult result = refitter.solve(at, 1e-3, true);
    refitter.release();
    if (result.status == numerics::LeastSquaresStatus::failed || result.cost > fit.objective_value + rise) return false;
    at = result.parameters;
  }
  return true;
}

void judge_profiles(const LawForm& form, Refitter& refitter, double level, Fit& fit) {
  const double rise = profile_rise(refitter, fit.theta, fit.objective_value, level);
  for (std::size_t j = 0; j < fit.theta.size(); ++j) {
    const Coordinate& coordinate = form.coordinates()[j];
    Estimate& estimate = fit.parameters[j];
    if (!coordinate.logarithmic || laws::is_floor(form.law(), form.law().find(coordinate.name))) continue;
    const bool above = open_towards(refitter, fit, j, coordinate.upper, rise);
    const bool below = open_towards(refitter, fit, j, coordinate.lower, rise);
    if (!above && !below) continue;
    estimate.identified = false;
    if (above) estimate.hi.reset();
    if (below) estimate.lo.reset();
    const char* side = above && below ? "on either side" : above ? "above" : "below";
    add_warning(
        fit,
        fmt::format(
            "{} is unbounded {}: within noise, the data fit as well with {} -> {}; see its profile, fix it, or use a law without it",
            estimate.name, side, estimate.name, above ? "infinity" : "0"));
  }
}

void not_identified(Fit& fit, std::initializer_list<std::string_view> names) {
  for (auto* list : {&fit.parameters, &fit.derived})
    for (Estimate& estimate : *list)
      if (!estimate.fixed && std::find(names.begin(), names.end(), estimate.name) != names.end())
        estimate.identified = false;
}

void judge_output(const LawForm& form, Fit& fit) {
  const auto [low, high] = std::minmax_element(form.data().output.begin(), form.data().output.end());
  if (*low == *high) {
    add_warning(fit,
                fmt::format("all values of the {} are equal, so only their value can be fitted; measure where it falls",
                            form.law().output));
    for (auto* list : {&fit.parameters, &fit.derived})
      for (Estimate& estimate : *list) estimate.identified = estimate.fixed || estimate.name == "initial_loss";
  }
  for (const laws::Parameter& p : form.law().parameters)
    if (const auto held = fit.fixed.find(p.name);
        held != fit.fixed.end() && p.domain == laws::ParameterDomain::non_negative && held->second >= *low)
      add_warning(fit, fmt::format("the floor {} = {} is not below the smallest {} {}; lower it, or fit it", p.name,
                                   held->second, form.law().output, *low));
}

void judge_columns(const LawForm& form, Fit& fit) {
  const tables::Columns& columns = form.data().columns;
  const bool determined =
      fit.convergence.condition < kIllConditioned &&
      std::all_of(fit.parameters.begin(), fit.parameters.end(), [](const Estimate& e) { return e.identified; });
  std::vector<std::vector<double>> logs;
  const auto& names = form.law().columns();
  for (const std::string& name : names) {
    std::vector<double> column = columns.get(name);
    const std::size_t distinct = std::set<double>(column.begin(), column.end()).size();
    if (distinct == 1 || (distinct == 2 && !determined))
      add_warning(
          fit,
          fmt::format(
              "{} takes {} distinct value{}, too few to separate its power from the other terms; measure at three or more",
              name, distinct, distinct == 1 ? "" : "s"));
    if (names.size() == 1 && distinct < fit.theta.size()) {
      add_warning(fit, fmt::format("{} distinct values of {} cannot constrain {} parameters; measure at more of them",
                                   distinct, name, fit.theta.size()));
      for (auto* list : {&fit.parameters, &fit.derived})
        for (Estimate& estimate : *list) estimate.identified = estimate.fixed;
    }
    for (double& x : column) x = std::log(std::max(x, 1e-300));
    logs.push_back(std::move(column));
  }
  for (std::size_t a = 0; a < logs.size(); ++a)
    for (std::size_t b = 0; b < a; ++b) {
      const double mean_a = numerics::mean(logs[a]), mean_b = numerics::mean(logs[b]);
      double aa = 0, bb = 0, ab = 0;
      for (std::size_t i = 0; i < logs[a].size(); ++i) {
        aa += (logs[a][i] - mean_a) * (logs[a][i] - mean_a);
        bb += (logs[b][i] - mean_b) * (logs[b][i] - mean_b);
        ab += (logs[a][i] - mean_a) * (logs[b][i] - mean_b);
      }
      if (aa > 0 && bb > 0 && std::abs(ab) >= kCollinear * std::sqrt(aa * bb))
        add_warning(
            fit,
            fmt::format(
                "{} and {} are powers of each other in these rows (correlation of logarithms {}), so their terms cannot be separated; "
                "vary one with the other fixed",
                names[b], names[a], base::format_number(ab / std::sqrt(aa * bb), 4)));
    }
}

// Parameters that can compensate each other without changing the fitted values: those in a direction along which the
// Jacobian, scaled to columns of unit length, is zero to rounding.
void judge_collinear(const Refitter& refitter, Fit& fit) {
  const std::size_t n = refitter.form().n_rows(), k = fit.theta.size();
  std::vector<double> residual(n), jacobian(n * k);
  refitter.residuals(fit.theta, residual, jacobian);
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const RowMajor> j(jacobian.data(), static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(k));
  const Eigen::VectorXd length = j.colwise().norm();
  if (!j.allFinite() || !(length.minCoeff() > 0)) return;
  const Eigen::MatrixXd unit = j * length.cwiseInverse().asDiagonal();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(unit.transpose() * unit);
  constexpr double kTakesPart = 0.1;
  for (Eigen::Index v = 0; v < static_cast<Eigen::Index>(k); ++v) {
    if (eigen.eigenvalues()[v] > eigen.eigenvalues().maxCoeff() / (kIllConditioned * kIllConditioned)) continue;
    for (std::size_t p = 0; p < k; ++p)
      if (std::abs(eigen.eigenvectors()(static_cast<Eigen::Index>(p), v)) > kTakesPart)
        fit.parameters[p].identified = false;
  }
}

}  // namespace

void judge_floor(const LawForm& form, Refitter& refitter, double level, Fit& fit) {
  const double rise = profile_rise(refitter, fit.theta, fit.objective_value, level);
  for (std::size_t j = 0; j < fit.theta.size(); ++j) {
    const Coordinate& coordinate = form.coordinates()[j];
    const std::size_t p = form.law().find(coordinate.name);
    Estimate& estimate = fit.parameters[j];
    if (!coordinate.logarithmic && estimate.value == 0) estimate.identified = false;
    if (!laws::is_floor(form.law(), p)) continue;
    const bool above = open_towards(refitter, fit, j, coordinate.upper, rise);
    const bool below = open_towards(refitter, fit, j, coordinate.lower, rise);
    if (above || below) estimate.identified = false;
    if (above) estimate.hi = coordinate.parameter(coordinate.upper);
    if (above && fit.theta[j] < coordinate.upper - 1e-9)  // at its bound, add_estimates() has said so
      add_warning(
          fit,
          fmt::format(
              "{0} has no upper end below the smallest {1} {2}: within noise, the data fit as well with {0} just below it, "
              "so an exponent depends on the floor that one assumes; measure nearer to the floor, or fix {0}",
              estimate.name, form.law().output, base::format_number(coordinate.parameter(coordinate.upper), 4)));
    if (below && estimate.value > 0)
      add_warning(fit, fmt::format("{0} has no lower end: within noise, the data fit as well with {0} = 0; "
                                   "measure nearer to the floor, or fix {0}",
                                   estimate.name));
  }
}

void judge_bend(const LawForm& form, Fit& fit) {
  const std::string& column = form.law().columns().front();
  const Estimate* bend = fit.find("bend_compute");
  if (bend == nullptr || !(bend->value > 0)) return;
  const std::vector<double> x = form.data().columns.get(column);
  const auto [first, last] = std::minmax_element(x.begin(), x.end());
  if (bend->value > *last) {
    add_warning(
        fit,
        fmt::format(
            "bend lies outside the measured {0} (above it): "
            "the rows show only the exponential stage, which constrains q/C0 but neither q nor C0; measure at more {0}",
            column));
    not_identified(fit, {"q", "C0", "bend_compute", "slope"});
  } else if (bend->value < *first) {
    add_warning(
        fit,
        fmt::format(
            "bend lies outside the measured {0} (below it): the rows show only the power-law stage, which constrains neither A nor C0; "
            "measure at less {0}",
            column));
    not_identified(fit, {"A", "C0", "bend_compute", "initial_loss"});
  }
}

void judge_identifiability(const LawForm& form, const FitOptions& options, Fit& fit) {
  Refitter refitter(form, options);
  judge_profiles(form, refitter, options.level, fit);
  judge_floor(form, refitter, options.level, fit);
  judge_columns(form, fit);
  judge_collinear(refitter, fit);
  judge_bend(form, fit);
  judge_output(form, fit);
  if (fit.convergence.condition >= kIllConditioned)
    add_warning(
        fit,
        fmt::format(
            "the parameters are nearly collinear (condition number {}): "
            "their values are poorly constrained, although the fitted curve is not; fix one or vary the columns independently",
            base::format_number(fit.convergence.condition, 1, base::Notation::power)));
}

}  // namespace phaselaw::fitting
