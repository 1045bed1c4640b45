// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "phaselaw/advice/forecast/curve_forecast.h"
#include "phaselaw/advice/forecast/forecast.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/tables/runs.h"

// How far is a forecast of the final loss from the final loss, and how often does its interval contain it?
//
//   bench_laws_study_forecast simulate     curves of known laws and schedules
//   bench_laws_study_forecast FOLDER       published curves, in the folders that docs/forecast.md names
//
// Each run is cut at 25, 50 and 75 % of its steps and forecast (a cut with fewer than 8 rows is not)
//
//   schedule   from its own curve and the schedule
//   history    from three other runs of the same table, chosen at random, without a schedule
//   both       from both
//   no decay   from its own curve alone: the forecast at a constant rate, which a decay makes wrong
// error: median |forecast/final - 1|; half: median half width of the 95 % interval; inside: share of runs inside it;
// own: the same for the interval of the method before it is widened by past errors; none: forecasts that were refused or
// contradictory.
namespace {

using namespace phaselaw;

struct Set {
  std::string name;
  std::vector<tables::Curve> curves;
  tables::StatedSchedule schedule;
};

tables::Curve cut(const tables::Curve& curve, double share) {
  tables::Curve out = curve;
  const double last = share * curve.step.back();
  const auto n =
      static_cast<std::size_t>(std::upper_bound(curve.step.begin(), curve.step.end(), last) - curve.step.begin());
  out.step.resize(n);
  out.loss.resize(n);
  if (!out.tokens.empty()) out.tokens.resize(n);
  if (!out.compute.empty()) out.compute.resize(n);
  out.dense_step.clear();
  out.dense_loss.clear();
  out.grad_step.clear();
  out.grad_norm.clear();
  out.partner = {};
  out.rates = {};
  out.ended_diverged = false;
  return out;
}

double final_loss(const tables::Curve& curve) {
  std::vector<double> step, loss;
  for (std::size_t i = 0; i < curve.step.size(); ++i)
    if (std::isfinite(curve.loss[i]) && curve.step[i] > 0) {
      step.push_back(curve.step[i]);
      loss.push_back(curve.loss[i]);
    }
  return advice::level_at(step, loss, step.back());
}

struct Score {
  std::vector<double> error, half;
  int inside = 0, own = 0, none = 0;
};

double median(std::vector<double> x) {
  if (x.empty()) return NAN;
  std::nth_element(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2), x.end());
  return x[x.size() / 2];
}

void add(const advice::Forecast& f, double truth, Score& score) {
  if (!f.final_loss.known()) {
    ++score.none;
    return;
  }
  score.error.push_back(std::abs(f.final_loss.value / truth - 1));
  score.half.push_back(0.5 * std::log(f.final_loss.hi / f.final_loss.lo));
  score.inside += f.final_loss.contains(truth) ? 1 : 0;
  const double edge = truth > f.final_loss.value ? f.final_loss.hi : f.final_loss.lo;
  const double own = std::log(edge / f.final_loss.value) / f.widened;
  score.own += std::abs(std::log(truth / f.final_loss.value)) <= std::abs(own) ? 1 : 0;
}

void print(const std::string& name, double share, const char* way, const Score& score) {
  const auto n = static_cast<double>(score.error.size());
  fmt::print("{:<22} {:>4.0f} % {:<9} {:>5} {:>7.2f} % {:>7.2f} % {:>6.0f} % {:>6.0f} % {:>5}\n", name, 100 * share,
             way, score.error.size(), 100 * median(score.error), 100 * median(score.half), 100 * score.inside / n,
             100 * score.own / n, score.none);
}

std::vector<tables::Curve> others(const Set& set, std::size_t run, std::size_t count) {
  numerics::RandomStream stream(3, "history of a forecast", run);
  std::vector<tables::Curve> out;
  for (const std::int64_t j : stream.permutation(static_cast<std::int64_t>(set.curves.size())))
    if (static_cast<std::size_t>(j) != run && out.size() < count)
      out.push_back(set.curves[static_cast<std::size_t>(j)]);
  return out;
}

void study(const Set& set) {
  double slowest = 0;
  for (const double share : {0.25, 0.5, 0.75}) {
    Score schedule, history, both, constant;
    for (std::size_t i = 0; i < set.curves.size(); ++i) {
      const double truth = final_loss(set.curves[i]);
      const tables::Curve curve = cut(set.curves[i], share);
      advice::ForecastOptions unknown, known;
      unknown.to = known.to = set.curves[i].step.back();
      known.schedule = set.schedule;
      const std::vector<tables::Curve> earlier = others(set, i, 3);
      const std::clock_t begin = std::clock();
      add(forecast_curve(curve, known), truth, schedule);
      slowest = std::max(slowest, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
      add(forecast_curve(curve, unknown), truth, constant);
      if (earlier.size() < 3) continue;
      std::vector<tables::Curve> without = earlier;
      for (tables::Curve& c : without) c.rates = {};
      add(forecast_curve(curve, unknown, advice::EarlierRuns(without, unknown)), truth, history);
      add(forecast_curve(curve, known, advice::EarlierRuns(without, known)), truth, both);
    }
    print(set.name, share, "schedule", schedule);
    if (!history.error.empty()) print(set.name, share, "history", history);
    if (!both.error.empty()) print(set.name, share, "both", both);
    print(set.name, share, "no decay", constant);
  }
  fmt::print("{:<22} slowest forecast from its own curve: {:.0f} ms of processor time\n", set.name, 1e3 * slowest);
}

// A run of 2,000 steps with the annealing of a power law of delays, which is none of the forms of the forecast.
tables::Curve simulated(const tables::StatedSchedule& schedule, double alpha, double floor, double annealing,
                        double noise, double rho, std::uint64_t draw) {
  const tables::LearningRates rates = tables::rates_of(schedule, 2000);
  numerics::RandomStream stream(5, "simulated forecast", draw);
  const double scale = std::exp(0.2 * stream.normal()), drop = annealing * std::exp(0.3 * stream.normal());
  tables::Curve out;
  out.name = fmt::format("run {}", draw);
  out.quantity = "loss";
  double sum = 0, walk = stream.normal();
  for (std::size_t t = 1; t < rates.step.size(); ++t) {
    sum += rates.lr[t - 1];
    walk = rho * walk + std::sqrt(1 - rho * rho) * stream.normal();
    const double gone = 1 - std::pow(rates.lr[t], 0.8);
    const double loss = floor + 6 * scale * std::pow(sum + 20, -alpha) - drop * gone;
    out.step.push_back(static_cast<double>(t));
    out.loss.push_back(loss * std::exp(noise * walk));
  }
  return out;
}

void study_simulated() {
  struct Kind {
    const char* name;
    tables::StatedSchedule schedule;
    double alpha, floor, annealing, noise, rho;
  };
  const std::vector<Kind> kinds = {
      {"constant", {.warmup = 0.02, .decay_from = {}}, 0.35, 1.8, 0, 0.01, 0},
      {"constant, no floor", {.warmup = 0.02, .decay_from = {}}, 0.25, 0.02, 0, 0.02, 0},
      {"constant, AR 0.9", {.warmup = 0.02, .decay_from = {}}, 0.35, 1.8, 0, 0.01, 0.9},
      {"linear last 20 %",
       {.warmup = 0.02, .decay = tables::Decay::linear, .decay_from = 0.8, .decay_to = 0},
       0.35,
       1.8,
       0.12,
       0.01,
       0},
      {"cosine to 10 %",
       {.warmup = 0.02, .decay = tables::Decay::cosine, .decay_from = {}, .decay_to = 0.1},
       0.35,
       1.8,
       0.12,
       0.01,
       0},
      {"cosine, noise-free",
       {.warmup = 0.02, .decay = tables::Decay::cosine, .decay_from = {}, .decay_to = 0},
       0.5,
       2.2,
       0.08,
       0,
       0},
  };
  for (const Kind& kind : kinds) {
    Set set{kind.name, {}, kind.schedule};
    for (std::uint64_t draw = 0; draw < 60; ++draw)
      set.curves.push_back(
          simulated(kind.schedule, kind.alpha, kind.floor, kind.annealing, kind.noise, kind.rho, draw));
    study(set);
  }
}

std::vector<tables::Curve> published(const std::string& file, const std::map<std::string, std::string>& columns) {
  tables::ReadOptions read;
  read.col = columns;
  read.every_stream = true;
  std::vector<tables::Curve> curves = tables::curves_from(tables::read_rows(file, read));
  std::erase_if(curves, [](const tables::Curve& c) { return c.step.empty() || c.loss.size() < 20; });
  return curves;
}

void study_published(const std::string& folder) {
  Set nano{"modded_nanogpt, val", published(folder + "/modded_nanogpt/curves.csv.gz", {}), {}};
  // Ten runs keep the rate constant and end with a linear decay; llm.c follows a cosine, and the last one is unlike both.
  std::erase_if(nano.curves, [](const tables::Curve& c) {
    return c.name.find("llmc") != std::string::npos || c.name.find("2025") != std::string::npos;
  });
  nano.schedule = {.decay = tables::Decay::linear, .decay_from = 0.71};
  study(nano);
  Set train{"modded_nanogpt, train", published(folder + "/modded_nanogpt/curves.csv.gz", {{"loss", "train_loss"}}),
            nano.schedule};
  std::erase_if(train.curves, [](const tables::Curve& c) {
    return c.name.find("llmc") != std::string::npos || c.name.find("2025") != std::string::npos;
  });
  study(train);
  Set routing{"deepmind_routing",
              published(folder + "/deepmind_routing/curves.csv.gz", {{"loss", "loss_validation"}, {"run", "hyper_id"}}),
              {}};
  routing.schedule = {.warmup = 0, .decay = tables::Decay::cosine, .decay_from = {}, .decay_to = 0.1};
  study(routing);
  Set pythia{"pythia, lambada", published(folder + "/pythia/lambada_by_step.csv", {{"loss", "lambada_logppl"}}), {}};
  pythia.schedule = {.warmup = 0.01, .decay = tables::Decay::cosine, .decay_from = {}, .decay_to = 0.1};
  study(pythia);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: {} simulate|FOLDER\n", argv[0]);
    return 2;
  }
  fmt::print("{:<22} {:>6} {:<9} {:>5} {:>9} {:>9} {:>8} {:>8} {:>5}\n", "runs", "share", "from", "n", "error", "half",
             "inside", "own", "none");
  if (std::string(argv[1]) == "simulate")
    study_simulated();
  else
    study_published(argv[1]);
  return 0;
}
