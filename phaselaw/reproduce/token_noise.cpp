// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/token_noise.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/quality_statistics.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {

namespace {

using Teachers = std::span<const std::size_t>;

// A chain for each seed. The student has more parameters than the chain, so data and not the model limit it.
constexpr const char* kStudy = R"(seed = 1
[model]
n_layers = 1
d_model = 8
d_hidden = 16
n_heads = 1
d_head = 8
seq_len = 8
readout = "tokens"
vocab = 8
[data]
source = "markov"
markov_order = 1
markov_concentration = 8.0
token_noise = {}
n_test = 256
[training]
optimizer = "adamw"
learning_rate = 0.005
batch = 16
steps = 2000
[grid]
"data.n_data" = [32, 128, 512, 2048]
seeds = {}
)";
constexpr int kQuickTeachers = 8, kFullTeachers = 24;

std::vector<TokenNoisePoint> points_of(const TokenNoiseStudy& study, Teachers teachers) {
  std::vector<double> sizes, clean;
  for (const auto n : study.cases.front().curves.sizes) sizes.push_back(static_cast<double>(n));
  std::vector<TokenNoisePoint> points;
  for (const auto& c : study.cases)
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      TokenNoisePoint p{c.share, sizes[i], best_of(mean_curve(c.curves.risk[i], teachers)).risk, base::kNaN};
      const double kept = (1 - c.share) * (1 - c.share);
      if (c.share == 0) clean.push_back(p.risk);
      if (c.share > 0 && p.n * kept >= sizes.front()) p.useful = useful_size(sizes, clean, p.risk / kept);
      points.push_back(p);
    }
  return points;
}

double slope_at(const std::vector<TokenNoisePoint>& points, double share) {
  std::vector<double> n, risk;
  for (const auto& p : points)
    if (p.share == share) {
      n.push_back(p.n);
      risk.push_back(p.risk);
    }
  return numerics::least_squares_power(n, risk).slope;
}

std::vector<double> statistics_of(const TokenNoiseStudy& study, Teachers teachers) {
  const auto points = points_of(study, teachers);
  std::vector<double> logs, slopes;
  double products = 0, squares = 0;
  for (const auto& p : points) {
    if (p.share == 0 || p.n * (1 - p.share) * (1 - p.share) < points.front().n) continue;
    const double log_kept = std::log(1 - p.share), log_worth = std::log(p.useful / p.n);
    logs.push_back(log_worth - 2 * log_kept);
    products += log_kept * log_worth;
    squares += log_kept * log_kept;
  }
  for (const auto& c : study.cases)
    if (c.share > 0) slopes.push_back(slope_at(points, c.share));
  const double noisy = numerics::mean(slopes), clean = slope_at(points, 0);
  return {numerics::mean(logs), products / squares, noisy, clean, noisy - clean};
}

report::Claim claim_of(std::string id, std::string statement, const Effect& measured) {
  report::Claim claim;
  claim.id = "E2." + std::move(id);
  claim.statement = std::move(statement);
  claim.standing = report::Standing::kOpenQuestion;
  claim.source = "docs/theory/noise.md: (1 - e)^2 near the uniform distribution [R]; open question 4 [S]";
  set_measured(measured, claim);
  claim.would_change = "A chain with more certain next tokens (a smaller markov_concentration), or fewer data.";
  return claim;
}

}  // namespace

TokenNoiseResults analyse(const TokenNoiseStudy& study) {
  PHASELAW_CHECK(study.cases.size() >= 2 && study.cases.front().share == 0);
  std::vector<const RiskCurves*> all;
  for (const auto& c : study.cases) all.push_back(&c.curves);
  const auto teachers = complete_teachers(all);
  if (teachers.empty()) throw base::RunError("token noise: no chain has a finished run at every noise and size");
  TokenNoiseResults results;
  results.teachers = teachers.size();
  results.points = points_of(study, teachers);
  const auto effects = jackknife(teachers.size(), [&](Teachers some) {
    std::vector<std::size_t> chosen;
    for (const std::size_t i : some) chosen.push_back(teachers[i]);
    return statistics_of(study, chosen);
  });
  results.useful_to_expected = exponential(effects[0]);
  results.exponent = effects[1];
  results.slope = effects[2];
  results.slope_of_clean = effects[3];
  results.slope_difference = effects[4];
  return results;
}

std::vector<report::Claim> claims_of(const TokenNoiseResults& results) {
  const std::string over = fmt::format("{} chains (jackknife)", results.teachers);
  auto data =
      claim_of("token_noise_data", "n sequences with a share e of uniform labels are worth n (1 - e)^2 clean ones.",
               results.useful_to_expected);
  claim_equal(1, kTokenSizeMargin, data);
  data.predicted_text = fmt::format("ratio 1 within {}", kTokenSizeMargin);
  data.reading = fmt::format(
      "Geometric mean over e and n of useful n/(n (1 - e)^2), where the useful n is the number of clean sequences with the "
      "best excess risk KL/(1 - e)^2; {}.",
      over);
  data.finding = fmt::format("Sequences with a share e of uniform labels are worth {} times (1 - e)^2 clean ones.",
                             text_of(results.useful_to_expected));
  auto exponent = claim_of("token_noise_exponent", "The worth of a sequence falls as (1 - e)^2.", results.exponent);
  claim_equal(2, kTokenExponentMargin, exponent);
  exponent.predicted_text = fmt::format("2 within {}", kTokenExponentMargin);
  exponent.reading = fmt::format("Slope of ln(useful n/n) on ln(1 - e), which is 0 at e = 0; {}.", over);
  auto slope = claim_of("token_noise_slope", "Label noise of tokens does not change the exponent of the data.",
                        results.slope_difference);
  claim_equal(0, kTokenSlopeMargin, slope);
  slope.predicted_text = fmt::format("0 within {}", kTokenSlopeMargin);
  slope.reading =
      fmt::format("Slope of ln(best excess risk) on ln n with noise, mean over e, less that without: {} and {}; {}.",
                  text_of(results.slope), text_of(results.slope_of_clean), over);
  return {data, exponent, slope};
}

std::vector<report::Figure> figures_of(const TokenNoiseResults& results) {
  report::Figure figure;
  figure.title = "Label noise of tokens: risks at the data that they are worth";
  figure.caption =
      "Best excess risk over (1 - e)^2, against n (1 - e)^2, for a share e of labels that are uniform tokens; curves averaged over "
      "chains. If noisy sequences are worth (1 - e)^2 clean ones, all points lie on the curve without noise.";
  figure.x = {"sequences n (1 - e)^2", "", true};
  figure.y = {"excess risk KL/(1 - e)^2", "nats per token", true};
  std::map<double, report::Series> by_share;
  for (const auto& p : results.points) {
    auto& series = by_share[p.share];
    const double kept = (1 - p.share) * (1 - p.share);
    series.x.push_back(p.n * kept);
    series.y.push_back(p.risk / kept);
  }
  std::size_t next = 0;
  for (auto& [share, series] : by_share) {
    series.label = share == 0 ? "no noise" : "e = " + base::format_number(share);
    series.colour = report::series_colour(next++);
    series.style = share == 0 ? report::Style::kLinePoints : report::Style::kPoints;
    figure.series.push_back(std::move(series));
  }
  return {figure};
}

report::Table table_of(const TokenNoiseResults& results) {
  report::Table table;
  table.caption =
      "Best excess risk with a share e of uniform labels, and the number of clean sequences that are worth as much.";
  table.columns = {"e", "n", "KL(p_e || q), nats per token", "useful n", "n (1 - e)^2"};
  for (const auto& p : results.points)
    table.rows.push_back({base::format_number(p.share), fmt::format("{:.0f}", p.n), base::format_number(p.risk),
                          std::isnan(p.useful) ? "-" : base::format_number(p.useful, 3),
                          base::format_number(p.n * (1 - p.share) * (1 - p.share), 3)});
  return table;
}

Finding token_noise(const Context& context) {
  Finding finding;
  TokenNoiseStudy study;
  for (const int percent : {0, 25, 50, 75}) {
    const double share = percent / 100.0;
    const std::string id = fmt::format("token_noise.{}", percent);
    auto runs = carry_out_study(
        context, id,
        context.document(fmt::format(kStudy, share, kQuickTeachers), fmt::format(kStudy, share, kFullTeachers), id));
    study.cases.push_back({share, risk_curves(runs.runs, runs.store_path)});
    finding.configurations.emplace_back(id + " study", runs.study.json);
  }
  const auto results = analyse(study);
  auto& section = finding.section;
  section.title = "Label noise of tokens";
  section.lead =
      "What are sequences worth if some labels are random tokens? Small students learn Markov chains, for which the excess "
      "risk over the distribution of the noisy labels is known exactly, at their best time.";
  section.claims = claims_of(results);
  section.figures = figures_of(results);
  section.tables = {table_of(results)};
  return finding;
}

}  // namespace phaselaw::reproduce
