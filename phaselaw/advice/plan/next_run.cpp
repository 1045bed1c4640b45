// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/next_run.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Dense>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/fitting/interval.h"
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
    add_noise(rows);
  }

  [[nodiscard]] const Allocator& allocator() const { return allocator_; }

  [[nodiscard]] std::vector<double> ratios(std::span<const double> n, std::span<const double> d) const {
    const std::vector<numerics::Vector<double>> gradients = log_gradients(n, d);
    std::vector<double> out;
    for (const auto& g : gradients) {
      const double gain = g.dot(inverse_ * g);
      if (goal_.size() == 0) {
        out.push_back(noise_factor_ / std::sqrt(1 + gain));
        continue;
      }
      const double along = goal_.dot(inverse_ * g), before = goal_.dot(inverse_ * goal_);
      out.push_back(noise_factor_ * std::sqrt(std::max(0.0, 1 - along * along / ((1 + gain) * before))));
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

  // What one more degree of freedom of the estimated noise is worth.
  void add_noise(std::size_t rows) {
    const auto k = static_cast<double>(free_.size());
    const auto& cluster = saved_.options.cluster;
    const double groups = static_cast<double>(fitting::n_groups(rows, cluster));
    const double dof = std::max(1.0, groups - (cluster.empty() ? k : 1.0)), level = saved_.options.level;
    noise_factor_ = goal_.size() == 0
                        ? std::pow(numerics::f_quantile(level, k, dof + 1) / numerics::f_quantile(level, k, dof), k / 2)
                        : numerics::student_t_quantile((1 + level) / 2, dof + 1) /
                              numerics::student_t_quantile((1 + level) / 2, dof);
  }

  const fitting::SavedFit& saved_;
  Allocator allocator_;
  double noise_factor_ = 1;
  std::vector<std::size_t> free_;
  numerics::Matrix<double> inverse_;
  numerics::Vector<double> goal_;  // empty for "all"
};

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
  Situation unheld = situation;
  unheld.n_params = unheld.tokens = unheld.tokens_per_param = std::nullopt;
  unheld.inference_tokens = 0;
  const Information information(saved, unheld, request);
  const Allocator& allocator = information.allocator();
  const auto [n, d] = candidates_within(request.bounds, saved, allocator, std::max<std::size_t>(2, request.grid));
  const std::vector<double> ratio = information.ratios(n, d);
  const auto sizes = range_of(saved, "n_params"), tokens = range_of(saved, "tokens");
  Design design;
  design.quantity = request.quantity;
  for (std::size_t i = 0; i < n.size(); ++i) {
    if (!std::isfinite(ratio[i])) continue;
    design.candidates.push_back(
        {n[i], d[i], allocator.compute(n[i], d[i]), ratio[i], std::max(outside(n[i], sizes), outside(d[i], tokens))});
  }
  if (design.candidates.empty())
    throw base::InputError({"--next-run"}, "the law is not defined at any run within the bounds");
  choose_runs(design);
  if (design.best.furthest > 3)
    design.limits.push_back(
        {Harm::extrapolated,
         fmt::format("the best next run lies {} times outside the fitted sizes, so it tests the law "
                     "as much as it narrows its parameters",
                     base::format_number(design.best.furthest))});
  if (design.best.ratio > 0.95)
    design.limits.push_back(
        {Harm::remark, "no single run within the bounds narrows the interval by more than 5 %; allow larger runs"});
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
                             {"warnings", base::Value(limit_sentences(design.limits))}});
}

}  // namespace phaselaw::advice
