// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/lazy_text.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/base/team.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/flow_set.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {

using analysis::TrainingLaziness;

namespace {

constexpr const char* kStudy = R"(seed = 1
[model]
readout = "tokens"
vocab = 256
n_layers = 2
d_model = {0}
d_hidden = {1}
n_heads = {2}
d_head = 4
seq_len = 16
activation = "gelu"
parametrisation = "standard"
branch_scale = 1.0
[data]
source = "text"
target = "tokens"
n_data = 4096
n_test = 1
[training]
optimizer = "adamw"
batch = 16
learning_rate = 0.003
warmup = 0.05
steps = 256
measurements_per_doubling = 2
[grid]
seeds = {3}
)";

constexpr const char* kSource = "docs/dynamics.md: lazy or rich; open question 1 of the paper [S]";
constexpr int kModels[] = {8, 12, 16, 24, 32};  // d_model
constexpr int kQuickSeeds = 4, kFullSeeds = 16;
constexpr analysis::TrainingLazinessOptions kKernel = {.kernel_sequences = 2, .probes = 8, .first_step = 8};

std::vector<TrainingLaziness> measure(const Context& context, base::Value& studies) {
  std::vector<sweep::Point> points;
  const int seeds = context.full() ? kFullSeeds : kQuickSeeds;
  double work = 0;
  for (const int d : kModels) {
    const std::string toml = fmt::format(kStudy, d, 4 * d, d / 4, seeds);
    base::Value document = context.document(toml, toml, "lazy.text");
    document.set("data.path", context.text);
    const auto study = sweep::study_from(document);
    studies.push_back(base::parse_json(study.json, "lazy.text"));
    for (const auto& point : study.points) {
      points.push_back(point);
      work += point.cost_flop;
    }
  }
  std::vector<TrainingLaziness> runs(points.size());
  base::Progress progress("lazy.text", work);
  const numerics::OneBlasThread one;
  const auto count = static_cast<std::int64_t>(points.size());
  base::parallel_for(count, context.threads, [&](std::int64_t turn, int) {
    base::throw_if_interrupted();
    const auto i = static_cast<std::size_t>(count - 1 - turn);  // the largest models first
    const auto& experiment = points[i].experiment;
    const std::string inputs =
        fmt::format("{} kernel {} {} {}", points[i].key, kKernel.kernel_sequences, kKernel.probes, kKernel.first_step);
    runs[i] = analysis::training_laziness_from(
        kept(context, fmt::format("lazy.text.{}.{}", experiment.model.d_model, experiment.seed), inputs,
             [&] { return to_value(analysis::training_laziness(experiment, kKernel, 1)); }));
    progress.advance(points[i].cost_flop);
  });
  return runs;
}

bool finished(const TrainingLaziness& run) { return run.outcome == "finished" && !run.records.empty(); }

report::Series mean_series(const std::vector<Observation>& points, std::string label, report::Colour colour) {
  std::map<double, std::vector<double>> values;
  for (const auto& point : points)
    if (point.y > 0) values[point.x].push_back(point.y);
  report::Series series;
  series.label = std::move(label);
  series.colour = colour;
  series.style = report::Style::kLinePoints;
  for (const auto& [x, y] : values) {
    series.x.push_back(x);
    series.y.push_back(geometric_mean(y));
    series.error_lo.push_back(*std::min_element(y.begin(), y.end()));
    series.error_hi.push_back(*std::max_element(y.begin(), y.end()));
  }
  return series;
}

report::Claim drift_claim(const char* id, const std::string& where, const std::vector<Observation>& points) {
  const auto slopes = teacher_slopes(points);
  const auto means = mean_series(points, "", report::Colour::kBlack);
  const std::string ends =
      means.y.empty() ? ""
                      : fmt::format(", from {} at the smallest to {} at the largest model",
                                    base::format_number(means.y.front(), 2), base::format_number(means.y.back(), 2));
  report::Claim claim;
  claim.id = std::string("E5.") + id;
  claim.statement = fmt::format("AdamW on text, {}: the kernel drifts less in larger models.", where);
  claim.source = kSource;
  claim.standing = report::Standing::kOpenQuestion;
  claim_at_most(0, claim);
  claim.predicted_text = "< 0";
  set_measured(slopes, claim);
  claim.reading = fmt::format(
      "Slope of ln drift on ln n_params over {} sizes, one learning rate for all: mean of {} slopes, one for each "
      "seed (Student t).",
      slopes.values, slopes.complete());
  claim.would_change = "Larger models, longer training, or learning rates tuned for each size.";
  claim.finding = fmt::format("Along AdamW on text, {}, the drift of the kernel goes as n_params to the power {}{}.",
                              where, base::format_value(slopes.slope.value, slopes.slope.lo, slopes.slope.hi), ends);
  return claim;
}

// The last drift of the largest model.
report::Claim lazy_claim(const std::vector<TrainingLaziness>& runs) {
  std::int64_t largest = 0;
  for (const auto& run : runs) largest = std::max(largest, run.n_params);
  std::vector<double> drifts;
  std::size_t diverged = 0;
  for (const auto& run : runs) {
    if (run.n_params != largest) continue;
    if (finished(run)) drifts.push_back(std::log(run.records.back().drift));
    diverged += finished(run) ? 0 : 1;
  }
  report::Claim claim;
  claim.id = "E5.text_lazy";
  claim.statement = "AdamW on text is lazy: at its end the kernel of the largest model is near its start.";
  claim.source = kSource;
  claim.standing = report::Standing::kOpenQuestion;
  claim_at_most(kLazyDrift, claim);
  claim.predicted_text = fmt::format("drift < {}", kLazyDrift);
  auto drift = effect_of(drifts);
  for (double* end : {&drift.value, &drift.lo, &drift.hi}) *end = std::exp(*end);
  set_measured(drift, claim);
  if (diverged > 0) claim.undecidable = fmt::format("{} trainings diverged", diverged);
  claim.reading = fmt::format(
      "||H(t) - H(0)||/||H(0)|| of {} parameters at the last step, geometric mean over {} seeds (Student t of the logarithms); 1 means that the kernel "
      "has moved by as much as its own size.",
      base::format_number(static_cast<double>(largest), 3, base::Notation::suffix), drifts.size());
  claim.would_change = "Much larger models, or smaller learning rates and shorter trainings.";
  claim.finding = fmt::format(
      "At the end of AdamW on text, the kernel of the largest model has moved by {} times its own size: its training is {}.",
      base::format_value(drift.value, drift.lo, drift.hi), drift.lo > kLazyDrift ? "not lazy" : "not clearly rich");
  return claim;
}

// By n_params.
std::map<std::int64_t, std::vector<const TrainingLaziness*>> by_size(const std::vector<TrainingLaziness>& runs) {
  std::map<std::int64_t, std::vector<const TrainingLaziness*>> sizes;
  for (const auto& run : runs) sizes[run.n_params].push_back(&run);
  return sizes;
}

report::Figure curves_figure(const LazyText& e) {
  report::Figure figure;
  figure.title = "Drift of the kernel along AdamW on text";
  figure.x = {"step", "", true};
  figure.y = {"||H(t) - H(0)|| / ||H(0)||", "", true};
  std::size_t k = 0;
  for (const auto& [size, runs] : by_size(e.runs)) {
    std::vector<Observation> points;
    for (const auto* run : runs)
      for (const auto& record : run->records)
        if (record.step > 0) points.push_back({run->seed, static_cast<double>(record.step), record.drift});
    figure.series.push_back(mean_series(
        points, fmt::format("{} parameters", base::format_number(static_cast<double>(size), 3, base::Notation::suffix)),
        report::series_colour(k++)));
  }
  figure.caption =
      "Frobenius norms, estimated on two sequences; geometric mean over seeds, bars from the smallest to the largest. "
      "A lazy training stays far below 1.";
  return figure;
}

}  // namespace

LazyText measure_lazy_text(const Context& context, Finding& finding) {
  LazyText e;
  base::Value studies;
  e.runs = measure(context, studies);
  finding.configurations.emplace_back("lazy.text studies", base::to_json(studies));
  return e;
}

std::vector<Observation> drift_at_equal_tokens(const std::vector<TrainingLaziness>& runs) {
  std::vector<Observation> points;
  for (const auto& run : runs)
    points.push_back(
        {run.seed, static_cast<double>(run.n_params), finished(run) ? run.records.back().drift : base::kNaN});
  return points;
}

std::vector<Observation> drift_at_equal_loss(const std::vector<TrainingLaziness>& runs) {
  std::vector<Observation> points;
  for (const auto& run : runs)
    points.push_back({run.seed, static_cast<double>(run.n_params),
                      finished(run) ? analysis::drift_at_loss(run, kEqualLoss) : base::kNaN});
  return points;
}

std::vector<report::Claim> claims_of(const LazyText& e) {
  return {drift_claim("text_equal_tokens", "at equal tokens", drift_at_equal_tokens(e.runs)),
          drift_claim("text_equal_loss", fmt::format("at an equal training loss of {} nats per byte", kEqualLoss),
                      drift_at_equal_loss(e.runs)),
          lazy_claim(e.runs)};
}

std::vector<report::Figure> figures_of(const LazyText& e) {
  using report::Colour;
  report::Figure sizes;
  sizes.title = "Drift of the kernel along AdamW on text against size";
  sizes.x = {"n_params", "", true};
  sizes.y = {"||H(t) - H(0)|| / ||H(0)||", "", true};
  sizes.series = {mean_series(drift_at_equal_tokens(e.runs), "equal tokens", Colour::kVermillion),
                  mean_series(drift_at_equal_loss(e.runs), fmt::format("loss {}", kEqualLoss), Colour::kBlue)};
  sizes.caption =
      "Geometric mean over seeds, bars from the smallest to the largest. At equal tokens larger models have learned more; "
      "at equal loss they have taken fewer steps.";
  return {curves_figure(e), sizes};
}

report::Table table_of(const LazyText& e) {
  report::Table table;
  table.caption =
      "AdamW on text at the last step, geometric means over seeds. Alignment: of the kernel with the one-hot targets, at the "
      "start and at the end. Stable: runs that finished without a sign of instability or plateau in their loss.";
  table.columns = {"n_params",         "stable",         "train loss", "drift", "drift at equal loss",
                   "alignment before", "alignment after"};
  for (const auto& [size, of_size] : by_size(e.runs)) {
    std::size_t stable = 0;
    std::vector<double> loss, drift, equal, before, after;
    for (const auto* run : of_size) {
      stable += finished(*run) && run->signature == "none" ? 1 : 0;
      if (!finished(*run)) continue;
      loss.push_back(run->records.back().train_loss);
      drift.push_back(run->records.back().drift);
      equal.push_back(analysis::drift_at_loss(*run, kEqualLoss));
      before.push_back(run->records.front().alignment);
      after.push_back(run->records.back().alignment);
    }
    const auto mean = [](const std::vector<double>& values) { return base::format_number(geometric_mean(values)); };
    table.rows.push_back({base::format_number(static_cast<double>(size), 3, base::Notation::suffix),
                          fmt::format("{} of {}", stable, of_size.size()), mean(loss), mean(drift), mean(equal),
                          mean(before), mean(after)});
  }
  return table;
}

}  // namespace phaselaw::reproduce
