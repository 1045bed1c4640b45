// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>
#include <limits>
#include <optional>

#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/lack_of_fit.h"
#include "phaselaw/fitting/uncertainty.h"
#include "phaselaw/laws/law.h"
#include "tests/fitting/coverage_designs.h"
#include "tests/fitting/plain_profile.h"

// One simulated table, fitted; every quantity with its truth, its interval, and the least-squares profile on the same
// table:
//
//   parameters        of the law
//   N*, D*            the best sizes at 10 and 1000 times the largest compute of the table
//   loss, run         at these computes: the expected loss, and one new measurement, at the sizes that a least-squares fit
//                     to this table recommends (the same for all methods), or at the design's tokens per parameter
namespace phaselaw::fitting::testing {

enum class Method {
  automatic,        // the defaults of the program
  l2_profile,       // PlainProfile
  huber_bootstrap,  // Huber's loss at delta = 1e-3 with bootstrap intervals
};

struct Question {
  std::string name;
  double truth = 0;      // NaN: the law is not true, so its parameters have no truth
  bool positive = true;  // widths are ln(hi/lo), otherwise hi - lo with lo at least 0
  bool new_run = false;
  tables::Columns at{};              // of a new run
  Uncertainty::Function quantity{};  // of all parameters
  std::string parameter{};           // set: the interval that the fit itself gives
};

struct Answer {
  std::string name;
  double truth = 0;
  bool positive = true;
  Estimate estimate;  // by the method
  Interval plain;     // by least squares
};

struct Examination {
  std::vector<Answer> answers;  // empty: no fit, `failure` says why
  std::string failure;
  bool certified = false;
  bool flagged = false;  // by the test of lack of fit
  double seconds = 0;    // of processor time: fit and intervals by the method
};

inline tables::Columns columns_at(const Design& design, double n_params, double tokens, double compute) {
  tables::Columns at;
  if (design.law == "power") {
    at.add("compute", {compute});
  } else {
    at.add("n_params", {n_params});
    at.add("tokens", {tokens});
  }
  return at;
}

// The questions at `factor` times the largest compute.
inline void ask_at(const Design& design, const SimulatedTable& table, const Fit& squares, double factor,
                   numerics::RandomStream& fresh, std::vector<Question>& out) {
  const double compute = factor * table.largest_compute;
  const std::string where = fmt::format("@{:g}", factor);
  const laws::Law law = squares.law;
  double n_params = 0, tokens = 0;
  if (design.law == "chinchilla") {
    const std::size_t A = law.find("A"), B = law.find("B"), a = law.find("alpha"), b = law.find("beta");
    const auto size = [=](std::span<const double> p) {
      return std::exp(log_best_size(p[A], p[a], p[B], p[b], compute));
    };
    const double truth = std::exp(log_best_size(design, compute));
    out.push_back({"N*" + where, truth, true, false, {}, size, {}});
    out.push_back({"D*" + where,
                   compute / 6 / truth,
                   true,
                   false,
                   {},
                   [=](std::span<const double> p) { return compute / 6 / size(p); },
                   {}});
    n_params = design.ratio > 0 ? std::sqrt(compute / (6 * design.ratio))
                                : std::clamp(size(squares.value), 1e5, compute / 6e5);
    tokens = compute / 6 / n_params;
  }
  const auto loss_at = [&](const std::string& name, double n, double d, bool new_run) {
    const tables::Columns at = columns_at(design, n, d, compute);
    const double expected = design.log_loss(design.law == "power" ? compute : n, d);
    double measured = std::exp(expected + (new_run ? design.noise_of_new_run(fresh) : 0));
    if (new_run && design.resolution > 0) measured = design.resolution * std::round(measured / design.resolution);
    out.push_back({name + where,
                   measured,
                   true,
                   new_run,
                   at,
                   [law, at](std::span<const double> p) { return laws::evaluate(law, at, p).front(); },
                   {}});
  };
  loss_at("loss", n_params, tokens, false);
  loss_at("run", n_params, tokens, true);
}

inline std::vector<Question> questions(const Design& design, const SimulatedTable& table, const Fit& squares,
                                       numerics::RandomStream& fresh) {
  std::vector<Question> out;
  for (std::size_t p = 0; p < squares.law.parameters.size(); ++p) {
    const std::string& name = squares.law.parameters[p].name;
    if (design.fix.contains(name)) continue;
    out.push_back({name,
                   design.true_parameters ? design.parameters.at(name) : std::numeric_limits<double>::quiet_NaN(),
                   name != "E",
                   false,
                   {},
                   [p](std::span<const double> values) { return values[p]; },
                   name});
  }
  for (const double factor : {10.0, 1000.0}) ask_at(design, table, squares, factor, fresh, out);
  return out;
}

inline FitOptions options_of(Method method, const Design& design, const SimulatedTable& table) {
  FitOptions options;
  options.fix = design.fix;
  if (method == Method::l2_profile) {
    options.objective = Objective::l2;
    options.interval = IntervalMethod::none;
    return options;
  }
  options.cluster = table.cluster;  // as the program does where a run has several rows
  if (method == Method::huber_bootstrap) {
    options.objective = Objective::huber;
    options.delta = 1e-3;
    options.interval = IntervalMethod::bootstrap;
  }
  return options;
}

inline double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

inline Estimate answered(const Question& question, const Fit& fit, const Uncertainty* uncertainty,
                         PlainProfile& plain) {
  if (uncertainty == nullptr) {
    const Interval ends =
        question.new_run ? plain.new_run(question.quantity) : plain.interval(question.quantity, question.positive);
    Estimate out{question.name, question.quantity(fit.value), ends.lo, ends.hi, ends.lo && ends.hi, false};
    out.identified = out.identified && (!question.positive || within_widest_factor(out));
    return out;
  }
  if (!question.parameter.empty()) return *fit.find(question.parameter);
  return question.new_run ? uncertainty->new_run(question.name, question.at)
                          : uncertainty->estimate(question.name, question.quantity, question.positive);
}

// A draw of a design, with its least-squares fit and the questions about it.
struct Drawn {
  SimulatedTable table;
  Fit squares;
  std::vector<Question> asked;
};

inline Drawn drawn_table(const Design& design, std::uint64_t seed, std::uint64_t draw) {
  numerics::RandomStream stream(seed, "coverage/" + design.name, draw);
  numerics::RandomStream fresh(seed, "coverage/new runs/" + design.name, draw);
  Drawn out;
  out.table = simulate(design, stream);
  out.squares = fit_law(laws::law_from(design.law), out.table.data, options_of(Method::l2_profile, design, out.table));
  out.asked = questions(design, out.table, out.squares, fresh);
  return out;
}

inline Examination examine(const Design& design, Method method, std::uint64_t seed, std::uint64_t draw) {
  Examination out;
  try {
    const Drawn drawn = drawn_table(design, seed, draw);
    const SimulatedTable& table = drawn.table;
    const Fit& squares = drawn.squares;
    const std::vector<Question>& asked = drawn.asked;
    PlainProfile plain(squares, table.data);
    const double begin = processor_seconds();
    std::optional<SavedFit> saved;
    std::optional<Uncertainty> uncertainty;
    if (method != Method::l2_profile) {
      const FitOptions options = options_of(method, design, table);
      saved.emplace(SavedFit{fit_law(squares.law, table.data, options), table.data, options, {}, {}});
      uncertainty.emplace(*saved);
    }
    const Fit& fit = saved ? saved->fit : squares;
    out.certified = fit.convergence.certified;
    for (const Question& question : asked)
      out.answers.push_back({question.name,
                             question.truth,
                             question.positive,
                             answered(question, fit, uncertainty ? &*uncertainty : nullptr, plain),
                             {}});
    out.seconds = processor_seconds() - begin;
    if (saved) out.flagged = lack_of_fit(fit, table.data, saved->options, table.cluster).significant;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const Estimate ends = answered(asked[i], squares, nullptr, plain);
      out.answers[i].plain = {ends.lo, ends.hi};
    }
  } catch (const base::InputError& error) {
    out.answers.clear();
    out.failure = error.what();
  }
  return out;
}

inline bool holds(const Answer& answer) {
  const Estimate& e = answer.estimate;
  return (!e.lo || *e.lo <= answer.truth) && (!e.hi || answer.truth <= *e.hi);
}

// Infinite if an end that the quantity needs is open.
inline double width(bool positive, const std::optional<double>& lo, const std::optional<double>& hi) {
  if (!positive) return hi ? *hi - std::max(0.0, lo.value_or(0)) : std::numeric_limits<double>::infinity();
  if (!lo || !hi || !(*lo > 0)) return std::numeric_limits<double>::infinity();
  return std::log(*hi / *lo);
}

}  // namespace phaselaw::fitting::testing
