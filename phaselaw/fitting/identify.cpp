// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/identify.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <set>

#include <Eigen/Eigenvalues>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/fitting/calibration.h"
#include "phaselaw/fitting/interval.h"
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

// What the search and the intervals say of one coordinate.
struct Ends {
  bool floor = false;                       // laws::is_floor, or a parameter that may be 0
  bool at_lower = false, at_upper = false;  // the optimum is at this bound of the search
  bool open_below = false, open_above = false;
  double ratio = 1;  // of the ends of the interval: of the term, if it is an amplitude; infinity if an end is missing
};

double ratio_of(const Interval& interval, bool logarithmic) {
  if (!interval.lo || !interval.hi) return base::kInfinity;
  if (logarithmic) return std::exp(*interval.hi - *interval.lo);
  return *interval.lo > 0 ? *interval.hi / *interval.lo : base::kInfinity;
}

// The ends of bootstrap and sandwich intervals are always finite: whether they are open is seen from the profile.
std::vector<Ends> ends_of(const LawForm& form, const FitOptions& options, const IntervalSet* set, const Fit& fit) {
  std::vector<Ends> ends(fit.theta.size());
  const bool profiled = set != nullptr && fit.method == IntervalMethod::profile;
  std::optional<Refitter> refitter;  // only where the intervals do not say which ends are open
  std::optional<Calibration> calibration;
  if (!profiled) {
    refitter.emplace(form, options);
    calibration.emplace(*refitter, fit.theta, options);
  }
  std::size_t term = 0;
  for (std::size_t j = 0; j < ends.size(); ++j) {
    const Coordinate& coordinate = form.coordinates()[j];
    const std::size_t p = form.law().find(coordinate.name);
    Ends& e = ends[j];
    e.floor = !coordinate.logarithmic || laws::is_floor(form.law(), p);
    const double room = coordinate.logarithmic ? 1e-6 * std::max(1.0, coordinate.upper - coordinate.lower) : 1e-9;
    e.at_lower = fit.theta[j] <= coordinate.lower + room;
    e.at_upper = fit.theta[j] >= coordinate.upper - room;
    const bool amplitude = form.is_amplitude(j);
    if (profiled) {
      e.open_below = !set->coordinates[j].lo;
      e.open_above = !set->coordinates[j].hi;
    } else if (coordinate.logarithmic || laws::is_floor(form.law(), p)) {
      std::vector<double> unit(ends.size());
      unit[j] = 1;
      const double rise = calibration->rise(calibration->spread(unit), options.level);
      e.open_below = open_towards(*refitter, fit, j, coordinate.lower, rise);
      e.open_above = open_towards(*refitter, fit, j, coordinate.upper, rise);
    }
    if (set == nullptr) continue;
    const bool real = form.law().parameters[p].domain == laws::ParameterDomain::real;
    e.ratio = ratio_of(set->coordinates[j], coordinate.logarithmic);
    if (real && set->coordinates[j].lo && set->coordinates[j].hi) e.ratio = 1;
    if (amplitude && term < set->derived.size()) {
      const Interval& of_term = set->derived[term];
      e.ratio = of_term.lo && of_term.hi ? *of_term.hi / *of_term.lo : base::kInfinity;
    }
    if (amplitude) ++term;
  }
  return ends;
}

// How much the terms of the amplitudes vary over the rows: the largest value over the smallest.
std::string flattest_term(const LawForm& form, const Fit& fit) {
  const std::size_t n = form.n_rows(), k = fit.theta.size();
  std::vector<double> parameters(k), value(n), derivative(n * k);
  for (std::size_t j = 0; j < k; ++j) parameters[j] = form.coordinates()[j].parameter(fit.theta[j]);
  laws::EvaluatorWorkspace workspace;
  form.evaluator().evaluate({}, parameters, value, derivative, workspace);
  std::string name;
  double least = 2;  // a term that varies by more is no constant
  for (std::size_t j = 0; j < k; ++j) {
    if (!form.is_amplitude(j)) continue;
    double low = base::kInfinity, high = 0;
    for (std::size_t i = 0; i < n; ++i) {
      low = std::min(low, std::abs(derivative[i * k + j]));
      high = std::max(high, std::abs(derivative[i * k + j]));
    }
    if (!(high < least * low)) continue;
    least = high / low;
    name = fmt::format("the term of {}, which varies by {} over these rows,", form.coordinates()[j].name,
                       base::format_percent(least - 1));
  }
  return name;
}

void warn_of_floor(const LawForm& form, std::size_t j, const Ends& e, Fit& fit) {
  const Estimate& estimate = fit.parameters[j];
  const std::string& name = estimate.name;
  const std::string highest = base::format_number(form.coordinates()[j].parameter(form.coordinates()[j].upper), 4);
  const bool positive = estimate.value > 0;
  if (e.at_upper)
    return add_warning(
        fit,
        fmt::format(
            "{} ends at the smallest measured {}, which no floor exceeds, so the law does not describe these rows or the "
            "noise hides the floor; fit rows of one kind, or fix {}",
            name, form.law().output, name));
  if (e.at_lower || e.open_below)
    if (const std::string term = flattest_term(form, fit); !term.empty())
      return add_warning(fit,
                         fmt::format("{} and {} cannot be told apart, so neither is determined, although their "
                                     "sum is; use a law with one of them, hold an exponent, or measure a wider range",
                                     name, term));
  if (e.at_lower && !positive)
    add_warning(
        fit,
        fmt::format(
            "{0} ends at 0: the rows show no floor{1}; measure nearer to the floor, or hold it with "
            "--fix {0}=0",
            name,
            estimate.hi ? fmt::format(", and any up to {} fits as well", base::format_number(*estimate.hi, 3)) : ""));
  else if (e.open_above)
    add_warning(
        fit,
        fmt::format(
            "{0} has no upper end below the smallest {1} {2}: within noise, the data fit as well with {0} just below it, "
            "so an exponent depends on the floor that one assumes; measure nearer to the floor, or fix {0}",
            name, form.law().output, highest));
  else if (e.open_below || e.at_lower)
    add_warning(fit, fmt::format("{0} has no lower end: within noise, the data fit as well with {0} = 0; "
                                 "measure nearer to the floor, or fix {0}",
                                 name));
}

void warn_of_parameter(const Ends& e, bool asked, Fit& fit, const Estimate& estimate) {
  const std::string& name = estimate.name;
  if (e.at_lower || e.at_upper)
    add_warning(fit, fmt::format("{0} ends at its bound {1}, so the rows determine neither it nor what compensates it; "
                                 "use a law without {0}, fix it, or measure a wider range",
                                 name, base::format_number(estimate.value, 2)));
  if (e.open_below || e.open_above) {
    const char* side = e.open_above && e.open_below ? "on either side" : e.open_above ? "above" : "below";
    add_warning(
        fit,
        fmt::format(
            "{} is unbounded {}: within noise, the data fit as well with {} -> {}; see its profile, fix it, or use a law without it",
            name, side, name, e.open_above ? "infinity" : "0"));
  } else if (asked && !estimate.identified && !(e.at_lower || e.at_upper) && !(e.ratio <= kWidestFactor)) {
    add_warning(fit, fmt::format("{} is poorly constrained: its interval spans more than a factor {}; fix it, or "
                                 "measure a wider range",
                                 name, kWidestFactor));
  }
}

void judge_ends(const LawForm& form, const FitOptions& options, const IntervalSet* set, Fit& fit) {
  const std::vector<Ends> ends = ends_of(form, options, set, fit);
  const bool inner =
      std::any_of(ends.begin(), ends.end(), [](const Ends& e) { return !e.floor && (e.at_lower || e.at_upper); });
  for (std::size_t j = 0; j < ends.size(); ++j) {
    const Ends& e = ends[j];
    const Coordinate& coordinate = form.coordinates()[j];
    Estimate& estimate = fit.parameters[j];
    const bool closed = !e.at_lower && !e.at_upper && !e.open_below && !e.open_above && std::isfinite(estimate.value);
    const bool narrow = set != nullptr ? e.ratio <= kWidestFactor : fit.method == IntervalMethod::none;
    estimate.identified = closed && !inner && narrow;
    const bool is_floor = laws::is_floor(form.law(), form.law().find(coordinate.name));
    if (!is_floor && set != nullptr) {
      if (e.open_above) estimate.hi.reset();
      if (e.open_below) estimate.lo.reset();
    }
    if (!coordinate.logarithmic && set != nullptr && !estimate.lo && coordinate.lower == 0) estimate.lo = 0;
    if (is_floor && e.open_above && set != nullptr) estimate.hi = coordinate.parameter(coordinate.upper);
    if (is_floor)
      warn_of_floor(form, j, e, fit);
    else
      warn_of_parameter(e, set != nullptr, fit, estimate);
  }
  if (inner)
    for (Estimate& estimate : fit.derived) estimate.identified = false;
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

// The number of distinct values, or `most` if there are more.
std::size_t distinct_up_to(const std::vector<double>& column, std::size_t most) {
  std::set<double> seen;
  for (const double x : column) {
    seen.insert(x);
    if (seen.size() == most) break;
  }
  return seen.size();
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
    const std::size_t distinct = distinct_up_to(column, std::max<std::size_t>(fit.theta.size(), 3));
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
  using Jacobian = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Jacobian> j(jacobian.data(), static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(k));
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

}  // namespace

std::vector<Derived> terms_at_centre(const LawForm& form) {
  tables::Columns centre;
  for (const std::string& name : form.law().columns()) {
    double total = 0;
    std::size_t count = 0;
    for (const double x : form.data().columns.get(name)) {
      if (!(x > 0)) continue;
      total += std::log(x);
      ++count;
    }
    centre.add(name, {count > 0 ? std::exp(total / static_cast<double>(count)) : 1.0});
  }
  if (centre.names.empty()) centre.add("row", {1.0});
  const auto evaluator = std::make_shared<const laws::Evaluator>(form.law().expression, centre, form.fixed());
  std::vector<Derived> terms;
  for (std::size_t j = 0; j < form.coordinates().size(); ++j) {
    if (!form.is_amplitude(j)) continue;
    terms.push_back({"term of " + form.coordinates()[j].name, true,
                     [&form, evaluator, j](std::span<const double> theta) {
                       std::array<double, laws::kMaxExpressionParameters> parameter{}, derivative{};
                       for (std::size_t i = 0; i < theta.size(); ++i)
                         parameter[i] = form.coordinates()[i].parameter(theta[i]);
                       double value = 0;
                       laws::EvaluatorWorkspace workspace;
                       evaluator->evaluate({}, {parameter.data(), theta.size()}, {&value, 1},
                                           {derivative.data(), theta.size()}, workspace);
                       return std::abs(parameter[j] * derivative[j]);
                     },
                     -1});
  }
  return terms;
}

void judge_identifiability(const LawForm& form, const FitOptions& options, const IntervalSet* set, Fit& fit) {
  const Refitter refitter(form, options);
  judge_ends(form, options, set, fit);
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
