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

// Do new runs fall into their interval? On published tables the most expensive runs are predicted from the others.
//
//   bench_laws_study_held_out FOLDER     the tables, in the folders that docs/laws.md names
//
// Chinchilla's law is fitted to the cheapest 80, 60 and 40 % of the rows with the defaults of the program. For each table:
//
//   held         rows that were predicted
//   outside      those outside the 95 % interval of a new run; `largest` is the largest error among them
//   width        median width of the intervals
//   spread       rows outside that lie inside the hull of their interval and the predictions of the laws that survive the
//                ranking of the fitted rows: what model uncertainty adds
//   lack of fit  whether the test on the fitted rows warns, with its strongest direction
namespace {

using namespace phaselaw;

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
};

Split read_split(const std::string& folder, const Source& source, const fitting::FitOptions& options, double fraction) {
  tables::ReadOptions read;
  if (*source.loss != '\0') read.loss = source.loss;
  read.where = source.where;
  Split out;
  out.name = fmt::format("{}{}", source.file, source.where.empty() ? "" : " " + source.where.front());
  out.table = tables::read_rows(fmt::format("{}/{}", folder, source.file), read);
  const auto held = fitting::holdout(laws::law_from("chinchilla"), out.table.data, options, fraction);
  if (!held) throw base::InputError("nothing can be held out");
  out.dear = held->rows;
  for (std::size_t i = 0; i < out.table.n_rows(); ++i)
    if (std::find(out.dear.begin(), out.dear.end(), i) == out.dear.end()) out.cheap.push_back(i);
  return out;
}

// The lowest and highest prediction of the surviving laws at each row of `at`.
std::pair<std::vector<double>, std::vector<double>> survivors_at(const tables::Measurements& cheap,
                                                                 const tables::Columns& at,
                                                                 const fitting::FitOptions& options) {
  std::vector<double> lo(at.n_rows(), INFINITY), hi(at.n_rows(), -INFINITY);
  const auto ranking = fitting::rank_laws(laws_of_sizes(), cheap, options);
  for (const auto& ranked : ranking.laws) {
    if (!ranked.survives) continue;
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
    if (split.table.has_several_rows_a_run()) options.cluster = split.table.run.rows(split.cheap);
    const auto fit = fitting::fit_law(laws::law_from("chinchilla"), cheap, options);
    const auto prediction = fitting::predict(fit, cheap, options, dear.columns);
    const auto [lo, hi] = survivors_at(cheap, dear.columns, without);
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
  if (argc != 2) {
    fmt::print(stderr, "usage: {} FOLDER\n", argv[0]);
    return 2;
  }
  fitting::FitOptions options;
  options.interval = fitting::IntervalMethod::none;
  for (const double fraction : kHeldOut) {
    std::vector<Split> splits;
    for (const Source& source : all_sources()) {
      try {
        splits.push_back(read_split(argv[1], source, options, fraction));
      } catch (const std::exception& problem) {
        fmt::print("{}: {}\n", source.file, problem.what());
      }
    }
    if (splits.empty()) return 1;
    study_intervals(splits, options, fraction);
  }
  return 0;
}
