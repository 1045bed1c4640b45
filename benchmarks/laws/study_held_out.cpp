// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/lack_of_fit.h"
#include "phaselaw/fitting/predict.h"
#include "phaselaw/fitting/selection.h"
#include "phaselaw/laws/catalogue.h"
#include "phaselaw/tables/rows.h"

// Predictions of the largest runs of published tables, of which the cheapest rows are fitted: 80 %, and for the intervals
// 60 and 40 % too.
//
//   bench_laws_study_held_out FOLDER [choice|intervals]     the tables, in the folders that docs/laws.md names
//
//   choice     Does the law that comes first in the ranking of the cheap rows predict better than Chinchilla's law?
//   intervals  Of Chinchilla's law with the defaults of the program: how many held-out rows lie outside the 95 % interval
//              of a new run, how far off are they, and what would have warned: the test of lack of fit on the cheap rows
//              (`lack of fit`, with its strongest direction), or the spread of the rival laws (`spread`: rows outside the
//              interval that lie inside the hull of it and the predictions of every certified law with a score of at
//              most kRival times the best)
// Without the second argument both are printed.
namespace {

using namespace phaselaw;

constexpr double kRival = 1.5;
constexpr std::array<double, 3> kHeldOut = {0.2, 0.4, 0.6};  // of the rows, the most expensive ones

struct Source {
  const char *file, *loss;
  std::vector<std::string> where;
};

std::vector<Source> all_sources() {
  std::vector<Source> sources = {{"gemstones/hot_100b.csv", "", {}}, {"gemstones/cool_end.csv", "", {}}};
  for (const char* set : {"c4_original", "rpj", "rw_original"})
    sources.push_back({"gadre_overtrain/models.csv", "loss_c4_val", {fmt::format("dataset_name={}", set)}});
  for (const char* exp : {"0", "1", "2", "3", "4"})
    sources.push_back({"porian_isoflop/isoflop_points.csv", "", {fmt::format("exp={}", exp), "dataset=rw"}});
  sources.push_back({"datablations/fit_subset.csv", "", {}});
  return sources;
}

std::vector<laws::Law> laws_of_sizes() {
  std::vector<laws::Law> list;
  for (const auto& law : laws::all_laws())
    if (law.output == "loss") list.push_back(law);
  return list;
}

struct Split {
  std::string name;
  tables::Rows table;
  std::vector<std::size_t> cheap, dear;
  double chinchilla_error = 0;
};

Split read_split(const std::string& folder, const Source& source, const fitting::FitOptions& options, double fraction) {
  tables::ReadOptions read;
  if (*source.loss != '\0') read.loss = source.loss;
  read.where = source.where;
  Split out;
  out.name = fmt::format("{}{}", source.file, source.where.empty() ? "" : " " + source.where.front());
  out.table = tables::read_rows(fmt::format("{}/{}", folder, source.file), read);
  const auto always = fitting::holdout(laws::law_from("chinchilla"), out.table.data, options, fraction);
  if (!always) throw base::InputError("nothing can be held out");
  out.chinchilla_error = always->mean_abs_rel_error;
  out.dear = always->rows;
  for (std::size_t i = 0; i < out.table.n_rows(); ++i)
    if (std::find(out.dear.begin(), out.dear.end(), i) == out.dear.end()) out.cheap.push_back(i);
  return out;
}

void study_choice(const std::vector<Split>& splits, const fitting::FitOptions& options) {
  double chosen_total = 0, chinchilla_total = 0;
  int better = 0, worse = 0;
  fmt::print("{:<44} {:>6} {:<26} {:>9} {:>11}\n", "table", "rows", "chosen", "error", "chinchilla");
  for (const Split& split : splits) {
    const auto ranking = fitting::rank_laws(laws_of_sizes(), split.table.data.rows(split.cheap), options);
    const auto& first = ranking.laws.front().fit.law;
    const auto held = fitting::holdout(first, split.table.data, options, 0.2);
    const double error = held ? held->mean_abs_rel_error : INFINITY;
    fmt::print("{:<44} {:>6} {:<26} {:>8.2f}% {:>10.2f}%\n", split.name, split.table.n_rows(), first.name, 100 * error,
               100 * split.chinchilla_error);
    chosen_total += error;
    chinchilla_total += split.chinchilla_error;
    better += error < split.chinchilla_error - 1e-9 ? 1 : 0;
    worse += error > split.chinchilla_error + 1e-9 ? 1 : 0;
  }
  const auto tables = static_cast<double>(splits.size());
  fmt::print("mean over {} tables: chosen {:.2f} %, chinchilla {:.2f} %; better {}, worse {}\n", splits.size(),
             100 * chosen_total / tables, 100 * chinchilla_total / tables, better, worse);
}

// The lowest and highest prediction of the rival laws at each row of `at`.
std::pair<std::vector<double>, std::vector<double>> rivals_at(const tables::Measurements& cheap,
                                                              const tables::Columns& at,
                                                              const fitting::FitOptions& options) {
  std::vector<double> lo(at.n_rows(), INFINITY), hi(at.n_rows(), -INFINITY);
  const auto ranking = fitting::rank_laws(laws_of_sizes(), cheap, options);
  double best = INFINITY;
  for (const auto& ranked : ranking.laws)
    if (ranked.fit.convergence.certified) best = std::min(best, ranked.score);
  for (const auto& ranked : ranking.laws) {
    if (!ranked.fit.convergence.certified || !(ranked.score <= kRival * best)) continue;
    const std::vector<double> value = laws::evaluate(ranked.fit.law, at, ranked.fit.value);
    for (std::size_t i = 0; i < value.size(); ++i) {
      lo[i] = std::min(lo[i], value[i]);
      hi[i] = std::max(hi[i], value[i]);
    }
  }
  return {lo, hi};
}

void study_intervals(const std::vector<Split>& splits, const fitting::FitOptions& without, double fraction) {
  std::size_t rows = 0, all_outside = 0, flagged = 0, all_caught = 0;
  fmt::print("\nthe most expensive {:.0f} % of the rows are predicted\n", 100 * fraction);
  fmt::print("{:<44} {:>5} {:>8} {:>8} {:>8} {:>7}  {}\n", "table", "held", "outside", "largest", "width", "spread",
             "lack of fit");
  for (const Split& split : splits) {
    const tables::Measurements cheap = split.table.data.rows(split.cheap), dear = split.table.data.rows(split.dear);
    fitting::FitOptions options;
    if (split.table.has_several_rows_a_run()) options.cluster = tables::picked(split.table.run, split.cheap);
    const auto fit = fitting::fit_law(laws::law_from("chinchilla"), cheap, options);
    const auto prediction = fitting::predict(fit, cheap, options, dear.columns);
    const auto [lo, hi] = rivals_at(cheap, dear.columns, without);
    const auto lack = fitting::lack_of_fit(fit, cheap, options, options.cluster);
    int outside = 0, caught = 0;
    double largest = 0;
    std::vector<double> widths;
    for (std::size_t i = 0; i < dear.output.size(); ++i) {
      const double measured = dear.output[i];
      widths.push_back(prediction.run_hi[i] / prediction.run_lo[i] - 1);
      if (prediction.run_lo[i] <= measured && measured <= prediction.run_hi[i]) continue;
      ++outside;
      const double error = prediction.value[i] / measured - 1;
      if (std::abs(error) > std::abs(largest)) largest = error;
      caught += std::min(lo[i], prediction.run_lo[i]) <= measured && measured <= std::max(hi[i], prediction.run_hi[i])
                    ? 1
                    : 0;
    }
    std::nth_element(widths.begin(), widths.begin() + static_cast<std::ptrdiff_t>(widths.size() / 2), widths.end());
    fmt::print("{:<44} {:>5} {:>8} {:>7.1f}% {:>7.1f}% {:>7}  {}\n", split.name, dear.output.size(), outside,
               100 * largest, 100 * widths[widths.size() / 2], caught,
               lack.significant ? fmt::format("yes, {} (p {:.1g})", lack.direction, lack.p_value)
               : lack.tested    ? fmt::format("no (p {:.2g})", lack.p_value)
                                : lack.reason);
    rows += dear.output.size();
    all_outside += static_cast<std::size_t>(outside);
    flagged += lack.significant ? static_cast<std::size_t>(outside) : 0;
    all_caught += static_cast<std::size_t>(caught);
  }
  fmt::print("{} rows, {} outside; lack of fit warns of {}, the spread contains {}\n", rows, all_outside, flagged,
             all_caught);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string part = argc == 3 ? argv[2] : "";
  if (argc < 2 || argc > 3 || (!part.empty() && part != "choice" && part != "intervals")) {
    fmt::print(stderr, "usage: {} FOLDER [choice|intervals]\n", argv[0]);
    return 2;
  }
  fitting::FitOptions options;
  options.interval = fitting::IntervalMethod::none;
  const auto read_all = [&](double fraction) {
    std::vector<Split> splits;
    for (const Source& source : all_sources()) {
      try {
        splits.push_back(read_split(argv[1], source, options, fraction));
      } catch (const std::exception& problem) {
        fmt::print("{}: {}\n", source.file, problem.what());
      }
    }
    return splits;
  };
  if (part != "intervals") study_choice(read_all(kHeldOut.front()), options);
  if (part != "choice")
    for (const double fraction : kHeldOut) study_intervals(read_all(fraction), options, fraction);
  return 0;
}
