// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/next_run.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Dense>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/refit.h"
#include "phaselaw/laws/evaluator.h"
#include "phaselaw/numerics/matrix.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

using numerics::Index;
constexpr double kAtBound = 1e-9;
constexpr double kMostOfGain = 0.9;
constexpr double kSingular = 1e-12;  // smallest eigenvalue of the information with unit diagonal

// The information of the fit and the gradient of the quantity, in the coordinates that are not at a bound.
class Information {
 public:
  Information(const fitting::SavedFit& saved, const Situation& situation, const DesignRequest& request)
      : saved_(saved), allocator_(saved.fit.law, situation) {
    const fitting::Fit& fit = saved.fit;
    if (fit.value.empty()) throw base::InputError(fmt::format("the fit of {} has no optimum", fit.name()));
    if (!allocator_.has_sizes())
      throw base::InputError(
          {"--next-run"},
          fmt::format("the law {} has no sizes to choose; fit a law of n_params and tokens", fit.name()));
    for (std::size_t j = 0; j < fit.theta.size(); ++j) {
      const fitting::Coordinate& c = fit.coordinates[j];
      if (fit.theta[j] > c.lower + kAtBound && fit.theta[j] < c.upper - kAtBound) free_.push_back(j);
    }
    const fitting::LawForm form(fit.law, saved.data, fit.fixed);
    const fitting::Refitter refitter(form, saved.options);
    const std::size_t rows = form.n_rows(), k = fit.theta.size();
    std::vector<double> value(rows), jacobian(rows * k);
    laws::EvaluatorWorkspace workspace;
    if (!form.log_values({}, fit.theta, value, jacobian, workspace))
      throw base::InputError(fmt::format("the law {} is not defined at its own rows", fit.name()));
    numerics::Matrix<double> gram = numerics::Matrix<double>::Zero(size(), size());
    for (std::size_t i = 0; i < rows; ++i) {
      const auto row = of_free(std::span(jacobian).subspan(i * k, k));
      gram += refitter.weights()[i] * row * row.transpose();
    }
    const numerics::Vector<double> unit = gram.diagonal().cwiseSqrt().cwiseInverse();
    const numerics::Matrix<double> scaled = unit.asDiagonal() * gram * unit.asDiagonal();
    const Eigen::SelfAdjointEigenSolver<numerics::Matrix<double>> eigen(scaled);
    if (!unit.allFinite() || !(eigen.eigenvalues().minCoeff() > kSingular))
      throw base::InputError(
          {"--next-run"},
          "the rows do not constrain all parameters, so runs cannot be compared; add runs of other sizes, or fix a parameter");
    inverse_ =
        unit.asDiagonal() *
        (eigen.eigenvectors() * eigen.eigenvalues().cwiseInverse().asDiagonal() * eigen.eigenvectors().transpose()) *
        unit.asDiagonal();
    add_goal(request);
  }

  [[nodiscard]] const Allocator& allocator() const { return allocator_; }

  [[nodiscard]] std::vector<double> ratios(std::span<const double> n, std::span<const double> d) const {
    const std::vector<numerics::Vector<double>> gradients = log_gradients(n, d);
    std::vector<double> out;
    for (const auto& g : gradients) {
      const double gain = g.dot(inverse_ * g);
      if (goal_.size() == 0) {
        out.push_back(1 / std::sqrt(1 + gain));
        continue;
      }
      const double along = goal_.dot(inverse_ * g), before = goal_.dot(inverse_ * goal_);
      out.push_back(std::sqrt(std::max(0.0, 1 - along * along / ((1 + gain) * before))));
    }
    return out;
  }

 private:
  [[nodiscard]] Index size() const { return static_cast<Index>(free_.size()); }

  [[nodiscard]] numerics::Vector<double> of_free(std::span<const double> all) const {
    numerics::Vector<double> out(size());
    for (std::size_t j = 0; j < free_.size(); ++j) out[static_cast<Index>(j)] = all[free_[j]];
    return out;
  }

  // d ln L/d theta at new runs, by central differences of the law: exact to 1e-9, far more than is needed here.
  [[nodiscard]] std::vector<numerics::Vector<double>> log_gradients(std::span<const double> n,
                                                                    std::span<const double> d) const {
    std::vector<numerics::Vector<double>> out(n.size(), numerics::Vector<double>(size()));
    for (std::size_t j = 0; j < free_.size(); ++j) {
      const auto [up, down, step] = moved(free_[j]);
      const std::vector<double> above = allocator_.losses(up, n, d), below = allocator_.losses(down, n, d);
      for (std::size_t i = 0; i < n.size(); ++i)
        out[i][static_cast<Index>(j)] = std::log(above[i] / below[i]) / (2 * step);
    }
    return out;
  }

  struct Moved {
    std::vector<double> up, down;
    double step = 0;
  };
  [[nodiscard]] Moved moved(std::size_t j) const {
    const double step = 1e-5 * std::max(1.0, std::abs(saved_.fit.theta[j]));
    std::vector<double> theta = saved_.fit.theta;
    theta[j] += step;
    std::vector<double> up = fitting::parameters_at(saved_.fit, theta);
    theta[j] -= 2 * step;
    return {std::move(up), fitting::parameters_at(saved_.fit, theta), step};
  }

  void add_goal(const DesignRequest& request) {
    const std::string& what = request.quantity;
    if (what == "all") return;
    std::vector<double> gradient(saved_.fit.theta.size());
    const bool at_compute = what == "n_params" || what == "tokens" || what == "loss";
    std::vector<std::string> known = {"all", "n_params", "tokens", "loss"};
    std::size_t coordinate = saved_.fit.theta.size();
    for (std::size_t j = 0; j < saved_.fit.coordinates.size(); ++j) {
      known.push_back(saved_.fit.coordinates[j].name);
      if (known.back() == what) coordinate = j;
    }
    if (!at_compute && coordinate == saved_.fit.theta.size())
      throw base::InputError({"--next-run"}, base::unknown_name("quantity", what, known));
    if (!at_compute) {
      gradient[coordinate] = 1;
      if (std::find(free_.begin(), free_.end(), coordinate) == free_.end())
        throw base::InputError(
            {"--next-run"},
            fmt::format(
                "{} is at its bound, {}, where the linear design does not apply; choose all, or another quantity", what,
                saved_.fit.value[saved_.fit.law.find(what)]));
    } else {
      const Allocation centre = allocator_.best(saved_.fit.value, request.compute);
      if (centre.edge != 0)
        throw base::InputError({"--next-run"},
                               fmt::format("there is no best {} at {} under this fit; choose all, or a parameter", what,
                                           base::format_flop(request.compute)));
      const auto value = [&](const std::vector<double>& parameters) {
        if (what == "loss") return std::log(allocator_.loss(parameters, centre.n_params, centre.tokens));
        const Allocation best = allocator_.best(parameters, request.compute);
        return std::log(what == "tokens" ? best.tokens : best.n_params);
      };
      for (const std::size_t j : free_) {
        const auto [up, down, step] = moved(j);
        gradient[j] = (value(up) - value(down)) / (2 * step);
      }
    }
    goal_ = of_free(gradient);
    if (!(goal_.norm() > 0))
      throw base::InputError({"--next-run"}, fmt::format("{} is fixed, so no run changes it", what));
  }

  const fitting::SavedFit& saved_;
  Allocator allocator_;
  std::vector<std::size_t> free_;
  numerics::Matrix<double> inverse_;
  numerics::Vector<double> goal_;  // empty for "all"
};

std::pair<double, double> range_of(const fitting::SavedFit& saved, const char* column) {
  const std::vector<double> values = saved.data.columns.get(column);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {*low, *high};
}

double outside(double x, const std::pair<double, double>& range) {
  return std::max({1.0, x / range.second, range.first / x});
}

}  // namespace

double width_ratio(const fitting::SavedFit& saved, const Situation& situation, const DesignRequest& request,
                   double n_params, double tokens) {
  return Information(saved, situation, request).ratios({&n_params, 1}, {&tokens, 1}).front();
}

namespace {

// The best candidate, the best one within the fitted sizes, and the cheapest one with most of the gain.
void choose_runs(Design& design) {
  for (const NextRun& run : design.candidates) {
    if (run.ratio < design.best.ratio) design.best = run;
    if (run.furthest <= 1 && run.ratio < design.within.ratio) design.within = run;
  }
  design.cheap = design.best;
  for (const NextRun& run : design.candidates)
    if (std::log(run.ratio) <= kMostOfGain * std::log(design.best.ratio) && run.compute < design.cheap.compute)
      design.cheap = run;
}

}  // namespace

Design next_run(const fitting::SavedFit& saved, const Situation& situation, const DesignRequest& request) {
  if (!(request.budget > 0) || std::isinf(request.budget))
    throw base::InputError({"--next-budget"}, fmt::format("expected FLOP > 0, found {}", request.budget));
  Situation unheld = situation;
  unheld.n_params = unheld.tokens = unheld.tokens_per_param = std::nullopt;
  unheld.inference_tokens = 0;
  const Information information(saved, unheld, request);
  const auto sizes = range_of(saved, "n_params"), tokens = range_of(saved, "tokens");
  const double least_n = request.least_n_params > 0 ? request.least_n_params : sizes.first / 3;
  const double least_d = request.least_tokens > 0 ? request.least_tokens : tokens.first / 3;
  const Allocator& allocator = information.allocator();
  if (!(allocator.compute(least_n, least_d) <= request.budget))
    throw base::InputError(
        {"--next-budget"},
        fmt::format("{} do not pay for the smallest candidate, {} parameters on {} tokens at {}",
                    base::format_flop(request.budget), base::format_number(least_n, 3, base::Notation::suffix),
                    base::format_number(least_d, 3, base::Notation::suffix),
                    base::format_flop(allocator.compute(least_n, least_d))));
  const double most_d = std::max(least_d, allocator.tokens_for(least_n, request.budget));
  const double most_n = std::exp(root_between(
      [&](double x) { return request.budget - allocator.compute(std::exp(x), least_d); }, std::log(least_n) - 1e-9,
      std::log(least_n) + std::log(request.budget / allocator.compute(least_n, least_d)) + 1));
  std::vector<double> n, d;
  const std::size_t grid = std::max<std::size_t>(2, request.grid);
  for (const double size : numerics::log_spaced(least_n, std::max(most_n, least_n), grid)) {
    const double last = allocator.tokens_for(size, request.budget);
    if (!(last >= least_d)) continue;
    for (const double count : numerics::log_spaced(least_d, std::max(least_d, most_d), grid)) {
      if (count > last) break;
      n.push_back(size);
      d.push_back(count);
    }
    n.push_back(size);  // and costs at most the budget
    d.push_back(last);
  }
  const std::vector<double> ratio = information.ratios(n, d);
  Design design;
  design.quantity = request.quantity;
  for (std::size_t i = 0; i < n.size(); ++i) {
    if (!std::isfinite(ratio[i])) continue;
    design.candidates.push_back(
        {n[i], d[i], allocator.compute(n[i], d[i]), ratio[i], std::max(outside(n[i], sizes), outside(d[i], tokens))});
  }
  if (design.candidates.empty())
    throw base::InputError({"--next-run"}, "the law is not defined at any run within the budget");
  choose_runs(design);
  if (design.best.furthest > 3)
    design.warnings.push_back(fmt::format(
        "the best run lies {} times outside the fitted sizes, so it tests the law as much as it narrows its parameters",
        base::format_number(design.best.furthest)));
  if (design.best.ratio > 0.95)
    design.warnings.emplace_back("no single run within the budget narrows the interval by more than 5 %");
  return design;
}

base::Value to_value(const Design& design) {
  const auto of = [](const NextRun& run) {
    return base::Value::table({{"n_params", run.n_params},
                               {"tokens", run.tokens},
                               {"compute", run.compute},
                               {"width_ratio", run.ratio},
                               {"outside_factor", run.furthest}});
  };
  return base::Value::table({{"quantity", design.quantity},
                             {"best", of(design.best)},
                             {"within", design.within.ratio < 1 ? of(design.within) : base::Value()},
                             {"cheap", of(design.cheap)},
                             {"warnings", base::Value(design.warnings)}});
}

}  // namespace phaselaw::advice
