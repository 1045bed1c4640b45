// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/numerics/statistics.h"
#include "tests/fitting/coverage_catalogue.h"
#include "tests/fitting/coverage_examine.h"

// Intervals hold the truth at their rate, and are not much wider than the textbook's. The study of all designs is
// benchmarks/laws/study_coverage.cpp.
namespace phaselaw::fitting::testing {
namespace {

Design design_of(const std::string& name) {
  for (const Design& design : coverage_designs())
    if (design.name == name) return design;
  ADD_FAILURE() << "no design " << name;
  return {};
}

struct Held {
  std::string name;
  int held = 0;
  std::vector<double> widths, plain_widths;
};

constexpr int kDraws = 60;

std::vector<Held> held_by(const Design& design) {
  std::vector<Held> out;
  for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
    const Examination one = examine(design, Method::automatic, 3, draw);
    EXPECT_FALSE(one.answers.empty()) << design.name << " " << draw << ": " << one.failure;
    out.resize(std::max(out.size(), one.answers.size()));
    for (std::size_t q = 0; q < one.answers.size(); ++q) {
      const Answer& answer = one.answers[q];
      out[q].name = answer.name;
      out[q].held += holds(answer) ? 1 : 0;
      out[q].widths.push_back(width(answer.positive, answer.estimate.lo, answer.estimate.hi));
      out[q].plain_widths.push_back(width(answer.positive, answer.plain.lo, answer.plain.hi));
    }
  }
  return out;
}

// An interval that holds with a probability of 0.95 holds 48 or fewer of 60 truths once in 28,000 times.
constexpr int kLeastHeld = 49;

TEST(Coverage, SmallTablesOfRunsAreCoveredAndNoWiderThanTheTextbook) {
  for (const char* name : {"power-6", "random-12"})
    for (const Held& quantity : held_by(design_of(name))) {
      EXPECT_GE(quantity.held, kLeastHeld) << name << " " << quantity.name;
      const double plain = numerics::median(quantity.plain_widths);
      if (std::isfinite(plain)) {
        EXPECT_LE(numerics::median(quantity.widths), 1.25 * plain) << name << " " << quantity.name;
      }
    }
}

TEST(Coverage, CheckpointsOfNamedRunsAreCovered) {
  for (const Held& quantity : held_by(design_of("checkpoints-12x10")))
    EXPECT_GE(quantity.held, kLeastHeld) << quantity.name;
}

// Both are the profile of least squares, one by the textbook and one by the engine. PlainProfile ends within 0.2 % of a half
// width, the engine within 1 %.
TEST(Coverage, ProfilesOfLeastSquaresEqualTheTextbook) {
  for (const char* name : {"power-8", "random-12", "isoflop-3x4"}) {
    const Design design = design_of(name);
    for (std::uint64_t draw = 0; draw < 4; ++draw) {
      const Drawn drawn = drawn_table(design, 5, draw);
      FitOptions options;
      options.objective = Objective::l2;
      options.interval = IntervalMethod::profile;
      const SavedFit saved{fit_law(drawn.squares.law, drawn.table.data, options), drawn.table.data, options, {}, {}};
      const Uncertainty uncertainty(saved);
      PlainProfile plain(drawn.squares, drawn.table.data);
      for (const Question& question : drawn.asked) {
        const Estimate ours = answered(question, saved.fit, &uncertainty, plain);
        const Estimate textbook = answered(question, drawn.squares, nullptr, plain);
        if (!textbook.lo || !textbook.hi || !(*textbook.lo > 0)) continue;
        ASSERT_TRUE(ours.lo && ours.hi) << name << " " << draw << " " << question.name;
        const double half = 0.5 * std::log(*textbook.hi / *textbook.lo);
        EXPECT_NEAR(std::log(*ours.lo / *textbook.lo), 0, 0.015 * half) << name << " " << draw << " " << question.name;
        EXPECT_NEAR(std::log(*ours.hi / *textbook.hi), 0, 0.015 * half) << name << " " << draw << " " << question.name;
      }
    }
  }
}

// The mean of log-normal rows has Student's interval, and a further row that of a prediction.
TEST(Coverage, PlainProfileOfOneNumberIsStudents) {
  tables::Measurements data;
  numerics::RandomStream stream(3, "one number");
  std::vector<double> sizes, logs;
  for (int i = 0; i < 9; ++i) {
    sizes.push_back(1e8 * (i + 1));
    logs.push_back(1 + 0.3 * stream.normal());
    data.output.push_back(std::exp(logs.back()));
  }
  data.columns.add("n_params", sizes);
  FitOptions options;
  options.objective = Objective::l2;
  options.interval = IntervalMethod::none;
  const Fit fit = fit_law(laws::law_from("A + 0*N"), data, options);
  PlainProfile plain(fit, data);
  const auto amplitude = [](std::span<const double> parameters) { return parameters[0]; };
  const double t = numerics::student_t_quantile(0.975, 8) * numerics::standard_deviation(logs),
               mean = numerics::mean(logs);
  const Interval value = plain.interval(amplitude, true), run = plain.new_run(amplitude);
  EXPECT_NEAR(std::log(*value.lo), mean - t / 3, 0.002 * t / 3);
  EXPECT_NEAR(std::log(*value.hi), mean + t / 3, 0.002 * t / 3);
  EXPECT_NEAR(std::log(*run.lo), mean - t * std::sqrt(1 + 1.0 / 9), 0.003 * t);
  EXPECT_NEAR(std::log(*run.hi), mean + t * std::sqrt(1 + 1.0 / 9), 0.003 * t);
}

// The closed form and the search on the true loss, where both exist; ln N* is flat to half the digits of the loss.
TEST(Coverage, TrueBestSizesAgree) {
  const Design design = design_of("random-12");
  const Parameters& p = design.parameters;
  for (const double compute : {1e19, 1e22, 1e25})
    EXPECT_NEAR(log_best_size(design, compute),
                log_best_size(p.at("A"), p.at("alpha"), p.at("B"), p.at("beta"), compute), 1e-6);
}

}  // namespace
}  // namespace phaselaw::fitting::testing
