// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/lack_of_fit.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "phaselaw/fitting/bootstrap.h"
#include "phaselaw/fitting/row_noise.h"
#include "phaselaw/fitting/tangent_space.h"
#include "phaselaw/numerics/cluster_robust.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

constexpr double kInTangentSpace = 1e-7;    // squared share of a direction outside the tangent space
constexpr double kRoundingResidual = 1e-8;  // root mean square below which residuals are rounding and no noise
constexpr std::size_t kExtraRows = 4;       // rows needed beyond the parameters
constexpr double kSharedErrors = 0.01;      // level at which sizes are taken for clusters
constexpr double kRowsPerCluster = 2.5;

// The directions are tested with everything that is the same for all of them.
class Tester {
 public:
  Tester(const Fit& fit, const tables::Measurements& data, const FitOptions& options, const TangentSpace& space,
         LackOfFit& out)
      : fit_(fit), data_(data), options_(options), space_(space), out_(out) {
    for (const std::string& name : fit.law.columns()) {
      const std::vector<double> column = data.columns.get(name);
      std::vector<double> logs;
      for (const std::size_t row : space.rows) logs.push_back(std::log(column[row]));
      if (!std::all_of(logs.begin(), logs.end(), [](double x) { return std::isfinite(x); })) continue;  // a zero
      names_.push_back(name);
      logs_.push_back(centred(std::move(logs)));
    }
  }

  void find_noise();
  void test_share();
  void test_law();
  void test_run(std::span<const std::string> run);
  void test_replicates();

 private:
  [[nodiscard]] std::vector<double> centred(std::vector<double> x) const;
  void test(DirectionTest direction, const std::vector<double>& z);
  [[nodiscard]] std::string where_of(const std::vector<std::string>& columns,
                                     const std::vector<double>& deviation) const;

  const Fit& fit_;
  const tables::Measurements& data_;
  const FitOptions& options_;
  const TangentSpace& space_;
  LackOfFit& out_;
  std::vector<std::string> names_;
  std::vector<std::vector<double>> logs_;
  RowGroups clusters_;  // positions in the space; empty: independent rows
  bool uneven_ = false;
};

std::vector<double> Tester::centred(std::vector<double> x) const {
  double total = 0, weight = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    total += x[i] * space_.factor[i] * space_.factor[i];
    weight += space_.factor[i] * space_.factor[i];
  }
  for (double& value : x) value -= total / weight;
  return x;
}

// Clusters as given, or sizes with means that differ; otherwise whether the noise changes along the sum of the logarithms.
void Tester::find_noise() {
  RowGroups groups;
  if (!options_.cluster.empty()) {
    groups = groups_of(options_.cluster.size(), options_.cluster);
  } else if (const RowGroups& sizes = out_.shares.groups; !out_.shares.by_run && sizes.size() >= 3) {
    const bool several =
        static_cast<double>(data_.output.size()) >= kRowsPerCluster * static_cast<double>(sizes.size());
    if (several && test_groups(space_, sizes).p_value < kSharedErrors) groups = sizes;
  }
  std::vector<std::size_t> position(data_.output.size(), space_.n_rows());
  for (std::size_t i = 0; i < space_.n_rows(); ++i) position[space_.rows[i]] = i;
  for (const std::vector<std::size_t>& group : groups) {
    std::vector<std::size_t> cluster;
    for (const std::size_t row : group)
      if (position[row] < space_.n_rows()) cluster.push_back(position[row]);
    if (!cluster.empty()) clusters_.push_back(std::move(cluster));
  }
  if (clusters_.size() == space_.n_rows()) clusters_.clear();
  out_.clusters = clusters_.size();
  out_.variance = clusters_.empty() ? "classical" : "cluster-robust";
  if (!clusters_.empty() || logs_.empty() || space_.residual_dof() < 5) return;
  std::vector<double> x(space_.n_rows());
  for (const std::vector<double>& logs : logs_)
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += logs[i];
  uneven_ = test_uneven(space_, x).p_value < (space_.residual_dof() < 12 ? 0.10 : 0.05);
  if (uneven_) out_.variance = "uneven";
}

// A pattern of deviations in words. What is left of a direction outside the tangent space has another shape than the
// direction itself, so the shape with the largest contrast is named: ends against middle, or large against small, in thirds of
// the range of a column, and equal against opposite signs of two columns.
std::string Tester::where_of(const std::vector<std::string>& columns, const std::vector<double>& deviation) const {
  double largest = -1;
  std::string where;
  // `first` lies above the law by `contrast` more than `second`.
  const auto offer = [&](double contrast, const std::string& first, const std::string& second) {
    if (!(std::abs(contrast) > largest)) return;  // NaN: a part without rows
    largest = std::abs(contrast);
    where = contrast > 0 ? fmt::format("too low {} and too high {}", first, second)
                         : fmt::format("too high {} and too low {}", first, second);
  };
  std::vector<const std::vector<double>*> logs;
  for (const std::string& column : columns) {
    const auto& x = logs_[static_cast<std::size_t>(std::find(names_.begin(), names_.end(), column) - names_.begin())];
    logs.push_back(&x);
    const auto [low, high] = std::minmax_element(x.begin(), x.end());
    double sum[3] = {}, count[3] = {};
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto third = static_cast<std::size_t>(std::min(2.0, 3 * (x[i] - *low) / (*high - *low)));
      sum[third] += deviation[i];
      count[third] += 1;
    }
    const double small = sum[0] / count[0], middle = sum[1] / count[1], large = sum[2] / count[2];
    offer(large - small, "at large " + column, "at small " + column);
    offer(middle - (small + large) / 2, fmt::format("in the middle of the range of {}", column), "at its ends");
  }
  if (logs.size() == 2) {
    double sum[2] = {}, count[2] = {};
    for (std::size_t i = 0; i < deviation.size(); ++i) {
      const std::size_t same = (*logs[0])[i] * (*logs[1])[i] > 0 ? 1 : 0;
      sum[same] += deviation[i];
      count[same] += 1;
    }
    offer(sum[1] / count[1] - sum[0] / count[0],
          fmt::format("where {} and {} are both large or both small", columns[0], columns[1]),
          "where only one of them is large");
  }
  return where;
}

void Tester::test(DirectionTest direction, const std::vector<double>& z) {
  std::vector<double> outside = z;
  double before = 0, after = 0, product = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    outside[i] *= space_.factor[i];
    before += outside[i] * outside[i];
  }
  space_.project_out(outside);
  for (std::size_t i = 0; i < z.size(); ++i) {
    after += outside[i] * outside[i];
    product += outside[i] * space_.residual[i];
  }
  if (!(after > kInTangentSpace * before)) return;
  const double g = product / after;
  double variance = (space_.squares - g * product) / (space_.residual_dof() - 1) / after;
  direction.dof = space_.residual_dof() - 1;
  if (uneven_ || !clusters_.empty()) {
    const std::size_t n = z.size(), rank = space_.rank, q = rank + 1;
    std::vector<double> design(n * q), residual(n), last(q, 0.0);
    last.back() = 1;
    for (std::size_t i = 0; i < n; ++i) {
      std::copy_n(space_.basis.begin() + static_cast<std::ptrdiff_t>(i * rank), rank,
                  design.begin() + static_cast<std::ptrdiff_t>(i * q));
      design[i * q + rank] = outside[i];
      residual[i] = space_.residual[i] - g * outside[i];
    }
    const numerics::ClusterRobust robust(design, n, q, clusters_);
    const numerics::ClusterRobust::Contrast contrast = robust.contrast(last, residual);
    variance = contrast.cr2;
    direction.dof = contrast.dof;
  }
  if (!(variance > 0) || !(direction.dof > 0)) return;
  direction.statistic = g / std::sqrt(variance);
  direction.p_value = 2 * numerics::student_t_cdf(-std::abs(direction.statistic), direction.dof);
  if (direction.kind == DirectionKind::share) {
    const double earliest = *std::min_element(z.begin(), z.end()), end = *std::max_element(z.begin(), z.end());
    direction.size_percent = 100 * std::expm1(g * (earliest - end));
  } else {
    double largest = 0;
    for (std::size_t i = 0; i < z.size(); ++i) largest = std::max(largest, std::abs(outside[i]) / space_.factor[i]);
    direction.size_percent = 100 * std::expm1(std::abs(g) * largest);
    std::vector<double> deviation(z.size());  // of the rows from the law, in ln
    for (std::size_t i = 0; i < z.size(); ++i) deviation[i] = g * outside[i] / space_.factor[i];
    direction.where = where_of(direction.columns, deviation);
  }
  out_.directions.push_back(std::move(direction));
}

void Tester::test_share() {
  if (out_.shares.share.empty()) return;
  std::vector<double> z;
  for (const std::size_t row : space_.rows) z.push_back(out_.shares.share[row]);
  test({.kind = DirectionKind::share, .columns = {out_.shares.progress}}, centred(std::move(z)));
}

void Tester::test_law() {
  std::size_t count = 0;
  const auto next = [&](DirectionKind kind, std::size_t a, std::size_t b) {
    if (count++ >= kMostLawDirections) return;
    std::vector<double> z = logs_[a];
    if (kind != DirectionKind::linear)
      for (std::size_t i = 0; i < z.size(); ++i) z[i] *= logs_[b][i];
    DirectionTest direction{.kind = kind, .columns = {names_[a]}};
    if (a != b) direction.columns.push_back(names_[b]);
    test(std::move(direction), centred(std::move(z)));
  };
  for (std::size_t a = 0; a < names_.size(); ++a) next(DirectionKind::linear, a, a);
  for (std::size_t a = 0; a < names_.size(); ++a) next(DirectionKind::square, a, a);
  for (std::size_t a = 0; a < names_.size(); ++a)
    for (std::size_t b = a + 1; b < names_.size(); ++b) next(DirectionKind::product, a, b);
}

// Only where the rows of a run were declared independent: otherwise errors of runs belong to the noise.
void Tester::test_run(std::span<const std::string> run) {
  if (!out_.shares.by_run || !clusters_.empty() || out_.shares.groups.size() == run.size()) return;
  const GroupTest groups = test_groups(space_, out_.shares.groups);
  if (!(groups.dof_within >= 0.5)) return;
  out_.directions.push_back({.kind = DirectionKind::run,
                             .columns = {},
                             .size_percent = 100 * std::expm1(groups.sd),
                             .statistic = groups.f,
                             .dof = groups.dof_within,
                             .p_value = groups.p_value});
}

void Tester::test_replicates() {
  const Replicates& equal = out_.replicates;
  const double missed = space_.residual_dof() - equal.dof;
  if (!(equal.dof > 0) || !(equal.seed_sd > 0) || missed < 1 || uneven_ || !clusters_.empty()) return;
  if (space_.rows.size() != data_.output.size() || !options_.sd.empty() || !options_.weights.empty()) return;
  if (fit_.objective == Objective::l2_raw || fit_.objective == Objective::l1_raw) return;
  const double noise = equal.seed_sd * equal.seed_sd;
  const double excess = std::max(0.0, space_.squares - equal.dof * noise) / missed;
  out_.directions.push_back({.kind = DirectionKind::replicates,
                             .columns = {},
                             .size_percent = 100 * std::sqrt(std::max(0.0, excess - noise)),
                             .statistic = excess / noise,
                             .dof = equal.dof,
                             .p_value = excess > 0 ? numerics::f_cdf(noise / excess, equal.dof, missed) : 1});
}

// Holm's correction with half of the level for the share.
void adjust(std::vector<DirectionTest>& directions) {
  std::vector<DirectionTest*> rest;
  bool has_share = false;
  for (DirectionTest& direction : directions) {
    if (direction.kind == DirectionKind::share)
      has_share = true;
    else
      rest.push_back(&direction);
  }
  std::sort(rest.begin(), rest.end(), [](const auto* a, const auto* b) { return a->p_value < b->p_value; });
  double highest = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const double factor = static_cast<double>(rest.size() - i) * (has_share ? 2 : 1);
    highest = std::max(highest, std::min(1.0, factor * rest[i]->p_value));
    rest[i]->adjusted = highest;
  }
  for (DirectionTest& direction : directions)
    if (direction.kind == DirectionKind::share)
      direction.adjusted = std::min(1.0, direction.p_value * (rest.empty() ? 1 : 2));
}

// The direction that is named: the share of known runs if early rows lie significantly above the law, because rows before the
// end of a schedule also bend the law in its other directions; otherwise the strongest.
const DirectionTest& named_direction(const std::vector<DirectionTest>& directions, bool by_run) {
  const DirectionTest* best = &directions.front();
  for (const DirectionTest& direction : directions) {
    if (by_run && direction.early_rows_are_high()) return direction;
    if (direction.adjusted < best->adjusted ||
        (direction.adjusted == best->adjusted && direction.p_value < best->p_value))
      best = &direction;
  }
  return *best;
}

void judge(LackOfFit& lack) {
  if (lack.directions.empty()) {
    lack.reason = "the law already has every direction that could be tested";
    return;
  }
  lack.tested = true;
  adjust(lack.directions);
  const DirectionTest& named = named_direction(lack.directions, lack.shares.by_run);
  for (const DirectionTest& direction : lack.directions) lack.p_value = std::min(lack.p_value, direction.adjusted);
  lack.direction = named.name();
  lack.size_percent = named.size_percent;
  lack.significant = lack.p_value < kLackOfFitLevel;
  if (lack.significant) lack.sentence = sentence_of(lack, named);
}

}  // namespace

LackOfFit lack_of_fit(const Fit& fit, const tables::Measurements& data, const FitOptions& options,
                      std::span<const std::string> run, std::span<const std::string> label) {
  LackOfFit out;
  out.shares = run_shares(data, run);
  out.replicates = replicates(fit.law, data, label);
  if (fit.theta.empty()) {
    out.reason = "the law could not be fitted";
    return out;
  }
  const std::optional<TangentSpace> space = tangent_space(fit, data, options);
  if (!space) {
    out.reason = "the law could not be fitted by least squares";
    return out;
  }
  if (space->n_rows() < fit.theta.size() + kExtraRows) {
    out.reason = fmt::format("{} rows are too few; {} parameters need {}", space->n_rows(), fit.theta.size(),
                             fit.theta.size() + kExtraRows);
    return out;
  }
  double weight = 0;
  for (const double factor : space->factor) weight += factor * factor;
  if (space->squares <= kRoundingResidual * kRoundingResidual * weight) {
    out.reason = "the law fits the rows up to rounding";
    return out;
  }
  Tester tester(fit, data, options, *space, out);
  tester.find_noise();
  tester.test_share();
  tester.test_law();
  tester.test_run(run);
  tester.test_replicates();
  judge(out);
  return out;
}

}  // namespace phaselaw::fitting
