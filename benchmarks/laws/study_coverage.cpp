// SPDX-License-Identifier: Apache-2.0
//
// How often does a 95 % interval hold the truth, and how wide is it? The table of docs/laws.md.
//
//   bench_laws_study_coverage [--only DESIGN,..] [--draws 300] [--method default|l2-profile|huber-1e-3-bootstrap]
//                             [--seed 1] [--threads 1] [--table 1] [--write FOLDER]
//
// Each draw of a design (tests/fitting/coverage_catalogue.h) is a table of runs with a known truth. It is fitted, and
// every quantity is looked at: the parameters, the best sizes, the loss and a new run at 10 and 1000 times the largest
// compute. For every quantity, one line:
//
//   covered    share of the intervals that hold the truth, in %, with its standard error; open ends hold
//   low, high  share of the intervals that lie below and above the truth, in %
//   width      median of ln(hi/lo), of hi - lo for a floor; `ratio` is it over that of the plain least-squares profile
//              on the same tables (PlainProfile), for which `plain` is the coverage
//   error      median of |ln(estimate/truth)|, in %; empty for a floor
//   open       share of the intervals with an open end, in %
//   identified share of the tables on which the quantity is called identified, in %
//
// and at the end one row for each design (--table 1: only these). `!` marks a coverage outside the bar of the design, `!!`
// one that is outside by more than two standard errors: clean 93 to 97 %, misspecified at least 90 %, others at least
// 93 %. Draw d is the same at any number of threads. --write puts the tables and the questions into FOLDER, for other
// programs, as DESIGN-DRAW.csv and DESIGN-DRAW-questions.csv, and fits nothing by the method.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "phaselaw/base/files.h"
#include "tests/fitting/coverage_catalogue.h"
#include "tests/fitting/coverage_examine.h"

namespace {

using namespace phaselaw;
using namespace phaselaw::fitting::testing;

struct Settings {
  int draws = 300, threads = 1;
  std::uint64_t seed = 1;
  std::string only;
  Method method = Method::automatic;
  bool only_table = false;
  std::string folder;
};

struct Tally {
  std::string name;
  bool has_truth = true;
  int asked = 0, held = 0, low = 0, high = 0, plain_held = 0, open = 0, identified = 0;
  std::vector<double> widths, plain_widths, errors;

  void add(const Answer& answer) {
    ++asked;
    has_truth = !std::isnan(answer.truth);
    const fitting::Estimate& e = answer.estimate;
    held += holds(answer) ? 1 : 0;
    low += e.hi && *e.hi < answer.truth ? 1 : 0;
    high += e.lo && *e.lo > answer.truth ? 1 : 0;
    Answer plain = answer;
    plain.estimate.lo = answer.plain.lo;
    plain.estimate.hi = answer.plain.hi;
    plain_held += holds(plain) ? 1 : 0;
    identified += e.identified ? 1 : 0;
    widths.push_back(width(answer.positive, e.lo, e.hi));
    plain_widths.push_back(width(answer.positive, plain.estimate.lo, plain.estimate.hi));
    open += std::isinf(widths.back()) ? 1 : 0;
    if (answer.positive) errors.push_back(100 * std::abs(std::log(e.value / answer.truth)));
  }
  [[nodiscard]] double percent(int count) const { return 100.0 * count / std::max(1, asked); }
  [[nodiscard]] double covered() const { return percent(held); }
  [[nodiscard]] double error() const { return 100 * std::sqrt(0.05 * 0.95 / std::max(1, asked)); }
  // NaN if most intervals of either kind are open.
  [[nodiscard]] double ratio() const {
    const double ours = middle(widths), plain = middle(plain_widths);
    return std::isinf(ours) || std::isinf(plain) ? std::numeric_limits<double>::quiet_NaN() : ours / plain;
  }
  [[nodiscard]] static double middle(std::vector<double> values) {
    if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
  }
};

std::string bar_missed(Bar bar, const Tally& tally) {
  if (!tally.has_truth) return "";
  const double least = bar == Bar::misspecified ? 90 : 93, most = bar == Bar::clean ? 97 : 100;
  const double outside = std::max(least - tally.covered(), tally.covered() - most);
  return outside > 2 * tally.error() ? "!!" : outside > 0 ? "!" : "";
}

struct Summary {
  const Design* design = nullptr;
  std::vector<Tally> tallies;
  int fitted = 0, uncertified = 0, flagged = 0;
  std::map<std::string, int> failures;
  double seconds = 0;
};

Summary study(const Design& design, const Settings& settings) {
  std::vector<Examination> examined(static_cast<std::size_t>(settings.draws));
  {
    std::vector<std::jthread> helpers;
    std::atomic<std::size_t> next = 0;
    for (int t = 0; t < settings.threads; ++t)
      helpers.emplace_back([&] {
        for (std::size_t d = next++; d < examined.size(); d = next++)
          examined[d] = examine(design, settings.method, settings.seed, d);
      });
  }
  Summary out;
  out.design = &design;
  for (const Examination& one : examined) {
    if (one.answers.empty()) {
      ++out.failures[one.failure];
      continue;
    }
    ++out.fitted;
    out.uncertified += one.certified ? 0 : 1;
    out.flagged += one.flagged ? 1 : 0;
    out.seconds += one.seconds;
    if (out.tallies.empty()) out.tallies.resize(one.answers.size());
    for (std::size_t q = 0; q < one.answers.size(); ++q) {
      out.tallies[q].name = one.answers[q].name;
      out.tallies[q].add(one.answers[q]);
    }
  }
  return out;
}

void print(const Summary& summary) {
  fmt::print("\n{}: {} tables, {} not certified, {} flagged by lack of fit, {:.1f} ms each\n", summary.design->name,
             summary.fitted, summary.uncertified, summary.flagged, 1e3 * summary.seconds / std::max(1, summary.fitted));
  for (const auto& [why, count] : summary.failures) fmt::print("  {} failed: {}\n", count, why);
  fmt::print("  {:<10} {:>9} {:>5} {:>5} {:>9} {:>6} {:>6} {:>7} {:>6} {:>10}\n", "quantity", "covered", "low", "high",
             "width", "ratio", "plain", "error", "open", "identified");
  for (const Tally& t : summary.tallies) {
    const std::string covered = t.has_truth ? fmt::format("{:.1f} ({:.1f})", t.covered(), t.error()) : "-";
    fmt::print("  {:<10} {:>10} {:>5.1f} {:>5.1f} {:>9.3g} {:>6.2f} {:>6.1f} {:>7.3g} {:>6.1f} {:>10.1f} {}\n", t.name,
               covered, t.percent(t.low), t.percent(t.high), Tally::middle(t.widths), t.ratio(),
               t.has_truth ? t.percent(t.plain_held) : std::numeric_limits<double>::quiet_NaN(),
               Tally::middle(t.errors), t.percent(t.open), t.percent(t.identified), bar_missed(summary.design->bar, t));
  }
  std::fflush(stdout);
}

// "94-96", of the quantities with names that begin with one of `starts`.
std::string range_of(const Summary& summary, const std::vector<std::string>& starts) {
  double lo = 101, hi = -1;
  std::string mark;
  for (const Tally& t : summary.tallies)
    for (const std::string& start : starts) {
      if (!t.has_truth || t.name.rfind(start, 0) != 0) continue;
      if (start.size() == 1 && t.name != start) continue;  // a parameter has its whole name
      lo = std::min(lo, t.covered());
      hi = std::max(hi, t.covered());
      mark = std::max(mark, bar_missed(summary.design->bar, t));
      break;
    }
  if (hi < 0) return "-";
  return fmt::format("{:.0f}-{:.0f}{}{}", lo, hi, mark.empty() ? "" : " ", mark);
}

// The largest ratio of median widths, and which.
std::string widest(const Summary& summary) {
  const Tally* most = nullptr;
  for (const Tally& t : summary.tallies)
    if (!std::isnan(t.ratio()) && (most == nullptr || t.ratio() > most->ratio())) most = &t;
  return most == nullptr ? "-" : fmt::format("{:.2f} ({})", most->ratio(), most->name);
}

void print_table(const std::vector<Summary>& summaries) {
  fmt::print(
      "\n| design | parameters | N\\*, D\\* | loss | new run | largest width | open N\\* | identified E, alpha, N\\* | "
      "ms |\n|---|---|---|---|---|---|---|---|---|\n");
  for (const Summary& s : summaries) {
    const auto of = [&](const std::string& name, int Tally::*count) -> std::string {
      for (const Tally& t : s.tallies)
        if (t.name == name) return fmt::format("{:.0f}", t.percent(t.*count));
      return "-";
    };
    fmt::print("| {} | {} | {} | {} | {} | {} | {}/{} | {}, {}, {} | {:.0f} | {:.1f} |\n", s.design->name,
               range_of(s, {"E", "A", "B", "alpha", "beta"}), range_of(s, {"N*", "D*"}), range_of(s, {"loss"}),
               range_of(s, {"run"}), widest(s), of("N*@10", &Tally::open), of("N*@1000", &Tally::open),
               of("E", &Tally::identified), of("alpha", &Tally::identified), of("N*@10", &Tally::identified),
               100.0 * s.flagged / std::max(1, s.fitted), 1e3 * s.seconds / std::max(1, s.fitted));
  }
}

void write_table(const Design& design, const Settings& settings, std::uint64_t draw) {
  const Drawn drawn = drawn_table(design, settings.seed, draw);
  const std::string path = fmt::format("{}/{}-{}", settings.folder, design.name, draw);
  std::string rows, asked = "name,truth,n_params,tokens\n";
  const auto& columns = drawn.table.data.columns;
  for (const std::string& name : columns.names) rows += name + ",";
  rows += drawn.table.cluster.empty() ? "loss\n" : "loss,run\n";
  for (std::size_t i = 0; i < drawn.table.data.output.size(); ++i) {
    for (const std::vector<double>& column : columns.values) rows += fmt::format("{:.17g},", column[i]);
    rows += fmt::format("{:.17g}{}{}\n", drawn.table.data.output[i], drawn.table.cluster.empty() ? "" : ",",
                        drawn.table.cluster.empty() ? "" : drawn.table.cluster[i]);
  }
  for (const Question& question : drawn.asked) {
    const auto at = [&](const char* name) {
      return question.at.has(name) ? fmt::format("{:.17g}", question.at.get(name)[0]) : "";
    };
    asked += fmt::format("{},{:.17g},{},{}\n", question.name, question.truth, at("n_params"), at("tokens"));
  }
  base::write_file(path + ".csv", rows);
  base::write_file(path + "-questions.csv", asked);
}

Settings settings_of(int argc, char** argv) {
  Settings out;
  for (int i = 1; i < argc; i += 2) {
    const std::string flag = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
    const auto number = [&] { return std::max(1, std::atoi(value.c_str())); };
    if (flag == "--draws" && !value.empty()) {
      out.draws = number();
    } else if (flag == "--threads" && !value.empty()) {
      out.threads = number();
    } else if (flag == "--seed" && !value.empty()) {
      out.seed = static_cast<std::uint64_t>(number());
    } else if (flag == "--only" && !value.empty()) {
      out.only = fmt::format(",{},", value);
    } else if (flag == "--write" && !value.empty()) {
      out.folder = value;
    } else if (flag == "--table" && !value.empty()) {
      out.only_table = value != "0";
    } else if (flag == "--method" && (value == "default" || value == "l2-profile" || value == "huber-1e-3-bootstrap")) {
      out.method = value == "default"      ? Method::automatic
                   : value == "l2-profile" ? Method::l2_profile
                                           : Method::huber_bootstrap;
    } else {
      fmt::print(stderr, "{} {}: not known; the head of benchmarks/laws/study_coverage.cpp lists the options\n", flag,
                 value);
      std::exit(2);
    }
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const Settings settings = settings_of(argc, argv);
  const std::vector<Design> designs = coverage_designs();
  std::vector<Summary> summaries;
  for (const Design& design : designs) {
    if (!settings.only.empty() && settings.only.find("," + design.name + ",") == std::string::npos) continue;
    if (!settings.folder.empty()) {
      for (int d = 0; d < settings.draws; ++d) write_table(design, settings, static_cast<std::uint64_t>(d));
      continue;
    }
    summaries.push_back(study(design, settings));
    if (!settings.only_table) print(summaries.back());
  }
  if (!settings.folder.empty()) return 0;
  if (summaries.empty()) {
    fmt::print(stderr, "no design has one of the names {}\n", settings.only);
    return 2;
  }
  print_table(summaries);
  return 0;
}
