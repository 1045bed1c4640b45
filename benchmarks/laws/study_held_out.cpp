// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/selection.h"
#include "phaselaw/laws/catalogue.h"
#include "phaselaw/tables/rows.h"

// Does choosing a law by its ranking predict large runs better than always taking Chinchilla's?
//
//   bench_laws_study_held_out FOLDER     the published tables, in the folders that docs/laws.md names
//
// Of each table the cheapest 80 % of the rows are ranked (rank_laws, itself holding out of them), and the law that
// comes first predicts the rest; beside it chinchilla fitted to the same rows.
namespace {

using namespace phaselaw;

struct Source {
  const char *file, *loss;
  std::vector<std::string> where;
};

std::vector<laws::Law> laws_of_sizes() {
  std::vector<laws::Law> list;
  for (const auto& law : laws::all_laws())
    if (law.output == "loss") list.push_back(law);
  return list;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: {} FOLDER\n", argv[0]);
    return 2;
  }
  std::vector<Source> sources = {{"gemstones/hot_100b.csv", "", {}}, {"gemstones/cool_end.csv", "", {}}};
  for (const char* set : {"c4_original", "rpj", "rw_original"})
    sources.push_back({"gadre_overtrain/models.csv", "loss_c4_val", {fmt::format("dataset_name={}", set)}});
  for (const char* exp : {"0", "1", "2", "3", "4"})
    sources.push_back({"porian_isoflop/isoflop_points.csv", "", {fmt::format("exp={}", exp), "dataset=rw"}});
  sources.push_back({"datablations/fit_subset.csv", "", {}});

  fitting::FitOptions options;
  options.interval = fitting::IntervalMethod::none;
  const auto rivals = laws_of_sizes();
  const auto chinchilla = laws::law_from("chinchilla");
  double chosen_total = 0, chinchilla_total = 0;
  int better = 0, worse = 0, tables = 0;
  fmt::print("{:<44} {:>6} {:<26} {:>9} {:>11}\n", "table", "rows", "chosen", "error", "chinchilla");
  for (const auto& source : sources) {
    try {
      tables::ReadOptions read;
      if (*source.loss != '\0') read.loss = source.loss;
      read.where = source.where;
      const auto table = tables::read_rows(fmt::format("{}/{}", argv[1], source.file), read);
      const auto always = fitting::holdout(chinchilla, table.data, options, 0.2);
      if (!always) throw base::InputError("nothing can be held out");
      // What is left for the choice: the rows that the holdout fits.
      std::vector<std::size_t> cheap;
      for (std::size_t i = 0; i < table.n_rows(); ++i)
        if (std::find(always->rows.begin(), always->rows.end(), i) == always->rows.end()) cheap.push_back(i);
      const auto ranking = fitting::rank_laws(rivals, table.data.rows(cheap), options);
      const auto& first = ranking.laws.front().fit.law;
      const auto held = fitting::holdout(first, table.data, options, 0.2);
      const double error = held ? held->mean_abs_rel_error : INFINITY;
      const std::string name = fmt::format("{}{}", source.file, source.where.empty() ? "" : " " + source.where.front());
      fmt::print("{:<44} {:>6} {:<26} {:>8.2f}% {:>10.2f}%\n", name, table.n_rows(), first.name, 100 * error,
                 100 * always->mean_abs_rel_error);
      chosen_total += error;
      chinchilla_total += always->mean_abs_rel_error;
      better += error < always->mean_abs_rel_error - 1e-9 ? 1 : 0;
      worse += error > always->mean_abs_rel_error + 1e-9 ? 1 : 0;
      ++tables;
    } catch (const std::exception& problem) {
      fmt::print("{}: {}\n", source.file, problem.what());
    }
  }
  if (tables == 0) return 1;
  fmt::print("mean over {} tables: chosen {:.2f} %, chinchilla {:.2f} %; better {}, worse {}\n", tables,
             100 * chosen_total / tables, 100 * chinchilla_total / tables, better, worse);
  return 0;
}
