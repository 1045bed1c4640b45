// SPDX-License-Identifier: Apache-2.0
//
// What is claimed of a loss curve, and how often is it wrong? Simulated curves of known truth, diagnosed with and without
// their learning rates. The tables of benchmarks/README.md.
//
//   bench_laws_study_diagnose [--draws N|FROM-TO] [--kinds NAME,..|known|own|all] [--rates without|with|both]
//                             [--engine diagnose|claims] [--order sorted|record] [--threads N] [--by-kind] [--show-wrong]
//                             [--dump DIRECTORY]
//
// known: 52 kinds with which the rules for curves were developed; own: other kinds. --engine: advice::diagnose, or
// advice::claims_of, which knows no learning rates. --order: rows in the order of the step, as the reader of tables gives
// them, or in the order of the record (default: sorted for diagnose, record for claims). --by-kind: right/honest/wrong of each kind.
// --dump: writes KIND_DRAW.csv, KIND_DRAW_lr.csv and truth.json, and diagnoses nothing.
// Time of all kinds with 20 draws: about as long as 3,360 calls of diagnose.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <time.h>

#include "benchmarks/laws/curve_dump.h"
#include "benchmarks/laws/curve_judge.h"
#include "benchmarks/laws/curve_kinds_of_forms.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/team.h"

namespace {

using namespace phaselaw;
using namespace phaselaw::study;

struct StudyOptions {
  int first = 0, last = 19;
  std::string kinds = "all", rates = "both", engine = "diagnose", order, dump;
  int threads = 1;
  bool by_kind = false, show_wrong = false;
};

struct Judged {
  Verdicts verdict{};
  double time_s = 0;
  std::string wrong;  // the claims and truths of a wrong curve
};

double processor_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// As the reader of tables orders the rows of a run.
void sort_by_progress(tables::Curve& curve) {
  const Series at = curve.progress();
  std::vector<std::size_t> order(at.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return at[a] < at[b]; });
  Series& axis = curve.step.empty() ? curve.tokens : curve.step;
  const Series loss = curve.loss;
  for (std::size_t i = 0; i < order.size(); ++i) {
    axis[i] = at[order[i]];
    curve.loss[i] = loss[order[i]];
  }
}

std::string shown(const std::optional<advice::Interval>& claim, const std::optional<double>& truth) {
  return claim ? fmt::format("[{:.4g}, {:.4g}] ({})", claim->lo, claim->hi, truth ? fmt::format("{:.4g}", *truth) : "-")
               : "-";
}

std::string described(const Claims& claims, const CurveTruth& truth, const Verdicts& verdict) {
  constexpr const char* kStates[] = {"unknown",     "falling",    "finished", "decaying",
                                     "overfitting", "memorising", "diverged", "rising"};
  std::vector<std::string> wrong;
  for (int q = kExponent; q < kAll; ++q)
    if (verdict[static_cast<std::size_t>(q)] == Verdict::wrong)
      wrong.emplace_back(kQuantityNames[static_cast<std::size_t>(q)]);
  return fmt::format("{} wrong: exponent {}, floor {}, bend {}, early {} ({}), state {}, gain {}{}",
                     fmt::join(wrong, ", "), shown(claims.exponent, truth.exponent), shown(claims.floor, truth.floor),
                     shown(claims.bend, truth.bend), claims.early, truth.early, kStates[static_cast<int>(claims.state)],
                     shown(claims.gain, truth.gain), claims.unstable ? ", unstable" : "");
}

Claims claims_of_rows(const tables::Curve& curve) {
  const bool beside = curve.partner.role == tables::Role::training;
  Claims claims =
      claims_from(advice::claims_of({.step = curve.progress(),
                                     .loss = curve.loss,
                                     .held_out = curve.role == tables::Role::held_out,
                                     .training_step = beside ? curve.partner.step : std::span<const double>(),
                                     .training_loss = beside ? curve.partner.loss : std::span<const double>()}));
  // claims_of leaves losses that are not finite to its caller.
  if (!std::isfinite(curve.loss.back())) {
    claims = {};
    claims.state = advice::CurveState::diverged;
    claims.unstable = true;
  }
  return claims;
}

Judged judge_one(const CurveKind& kind, int number, bool with_rates, const StudyOptions& options) {
  Draw draw(kind.name, number);
  SimulatedCurve simulated = kind.make(draw);
  const CurveTruth& truth = with_rates ? simulated.truth_with_rates : simulated.truth;
  if (with_rates) simulated.curve.rates = simulated.rates;
  const bool by_claims = options.engine == "claims";
  if (options.order == "sorted" || (options.order.empty() && !by_claims)) sort_by_progress(simulated.curve);
  Judged out;
  const double begin = processor_s();
  const Claims claims =
      by_claims ? claims_of_rows(simulated.curve) : claims_from(advice::diagnose({&simulated.curve, 1}).front());
  out.time_s = processor_s() - begin;
  out.verdict = judged(claims, truth);
  if (out.verdict[kAll] == Verdict::wrong) out.wrong = described(claims, truth, out.verdict);
  return out;
}

using Counts = std::array<std::array<int, 4>, kQuantities>;
Counts counted(const std::vector<Judged>& judged) {
  Counts counts{};
  for (const Judged& one : judged)
    for (std::size_t q = 0; q < kQuantities; ++q) ++counts[q][static_cast<std::size_t>(one.verdict[q])];
  return counts;
}

void print_row(const std::string& title, const std::vector<Judged>& judged) {
  if (judged.empty()) return;
  const Counts counts = counted(judged);
  const double percent = 100.0 / static_cast<double>(judged.size());
  fmt::print("| {} | {} |", title, judged.size());
  for (const auto& [right, honest, wrong, not_judged] : counts)
    fmt::print(" {:.0f}/{:.0f}/{:.1f} |", percent * right, percent * honest, percent * wrong);
  std::vector<double> time;
  for (const Judged& one : judged) time.push_back(1e3 * one.time_s);
  std::sort(time.begin(), time.end());
  fmt::print(" {:.1f}, {:.1f} |\n", time[time.size() / 2], time.back());
  std::fflush(stdout);
}

void measure(const std::vector<CurveKind>& kinds, bool with_rates, const StudyOptions& options) {
  const auto draws = static_cast<std::size_t>(options.last - options.first + 1);
  std::vector<Judged> known, own;
  fmt::print(
      "\n{} learning rates; right/honest/wrong, % of the curves; processor time of a curve: median, most (ms)\n\n",
      with_rates ? "with" : "without");
  fmt::print("| kinds | curves | {} | time |\n|---|---|", fmt::join(kQuantityNames, " | "));
  for (std::size_t q = 0; q <= kQuantities; ++q) fmt::print("---|");
  fmt::print("\n");
  std::vector<std::string> wrong;
  for (const CurveKind& kind : kinds) {
    std::vector<Judged> judged(draws);
    base::parallel_for(static_cast<std::int64_t>(draws), options.threads, [&](std::int64_t i, int) {
      judged[static_cast<std::size_t>(i)] = judge_one(kind, options.first + static_cast<int>(i), with_rates, options);
    });
    if (options.by_kind) print_row(kind.name, judged);
    for (std::size_t i = 0; i < draws; ++i)
      if (!judged[i].wrong.empty())
        wrong.push_back(fmt::format("{} {}: {}", kind.name, options.first + static_cast<int>(i), judged[i].wrong));
    std::vector<Judged>& group = kind.own ? own : known;
    group.insert(group.end(), judged.begin(), judged.end());
  }
  print_row("**known kinds**", known);
  print_row("**own kinds**", own);
  if (options.show_wrong) fmt::print("\n{}\n", fmt::join(wrong, "\n"));
}

void dump(const std::vector<CurveKind>& kinds, const StudyOptions& options) {
  std::filesystem::create_directories(options.dump);
  base::Value truths = base::Value(base::Value::List{});
  for (const CurveKind& kind : kinds) {
    for (int number = options.first; number <= options.last; ++number) {
      Draw draw(kind.name, number);
      const SimulatedCurve simulated = kind.make(draw);
      const std::string path = fmt::format("{}/{}_{}", options.dump, kind.name, number);
      if (options.rates != "with") base::write_file(path + ".csv", to_csv(simulated, false));
      if (options.rates != "without") base::write_file(path + "_lr.csv", to_csv(simulated, true));
      truths.push_back(base::Value::table({{"kind", kind.name},
                                           {"draw", number},
                                           {"own", kind.own},
                                           {"truth", to_value(simulated.truth)},
                                           {"truth_with_rates", to_value(simulated.truth_with_rates)}}));
    }
  }
  base::write_file(options.dump + "/truth.json", base::to_json(truths) + "\n");
}

std::vector<CurveKind> chosen_kinds(const std::string& names) {
  std::vector<CurveKind> kinds = curve_kinds();
  if (names == "all") return kinds;
  std::set<std::string> wanted;
  for (std::size_t from = 0; from <= names.size();) {
    const std::size_t comma = std::min(names.find(',', from), names.size());
    wanted.insert(names.substr(from, comma - from));
    from = comma + 1;
  }
  std::vector<CurveKind> out;
  for (const CurveKind& kind : kinds)
    if (wanted.contains(kind.name) || wanted.contains(kind.own ? "own" : "known")) out.push_back(kind);
  return out;
}

[[noreturn]] void fail(const std::string& problem) {
  fmt::print(stderr, "bench_laws_study_diagnose: {}\n", problem);
  std::exit(2);
}

StudyOptions options_of(int argc, char** argv) {
  StudyOptions options;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--by-kind" || flag == "--show-wrong") {
      (flag == "--by-kind" ? options.by_kind : options.show_wrong) = true;
      continue;
    }
    if (i + 1 == argc) fail(flag + " is unknown, or its value is missing");
    const std::string value = argv[++i];
    if (flag == "--draws") {
      const std::size_t dash = value.find('-');
      options.first = dash == std::string::npos ? 0 : std::atoi(value.c_str());
      options.last = dash == std::string::npos ? std::atoi(value.c_str()) - 1 : std::atoi(value.c_str() + dash + 1);
    } else if (flag == "--threads") {
      options.threads = std::atoi(value.c_str());
    } else if (flag == "--kinds") {
      options.kinds = value;
    } else if (flag == "--rates") {
      options.rates = value;
    } else if (flag == "--engine") {
      if (value != "diagnose" && value != "claims") fail("--engine must be diagnose or claims, not " + value);
      options.engine = value;
      if (value == "claims") options.rates = "without";
    } else if (flag == "--order") {
      options.order = value;
    } else if (flag == "--dump") {
      options.dump = value;
    } else {
      fail("unknown flag " + flag);
    }
  }
  if (options.last < options.first) fail("--draws must name at least one draw");
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const StudyOptions options = options_of(argc, argv);
  const std::vector<CurveKind> kinds = chosen_kinds(options.kinds);
  if (kinds.empty()) fail("no kind has the name " + options.kinds);
  if (!options.dump.empty()) {
    dump(kinds, options);
    return 0;
  }
  if (options.rates != "with") measure(kinds, false, options);
  if (options.rates != "without") measure(kinds, true, options);
  return 0;
}
