// SPDX-License-Identifier: Apache-2.0
//
// What does a certified fit cost? Huber loss of the logarithm, delta 1e-3.
//
//   fit            five parameters on 240 rows
//   wide           nine parameters on 770 rows
//   gemstones      nine parameters on the rows of a Gemstones table (--gemstones FILE)
//   resamples-K    4,000 case bootstraps of the first, on K threads, without the fit itself
//
//   bench_laws_fit [--threads K] [--repeats R] [--only CASE,...] [--gemstones FILE] [--write-table FILE] [--json 1]
//
// The answer is checked first: the fit is certified, and the true parameters lie within five standard errors of the
// sandwich covariance. Repeats of all cases take turns. Wall-clock and processor time of each, medians: where others
// use the machine too, the processor's time is what the work costs. --write-table writes the 240 rows for peers.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "phaselaw/base/files.h"
#include "phaselaw/documents/document.h"
#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/selection.h"
#include "phaselaw/laws/catalogue.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/tables/rows.h"
#include "phaselaw/tables/table.h"

namespace {

using namespace phaselaw;

tables::Measurements measurements(const laws::Law& law, const std::vector<double>& truth, std::size_t n) {
  numerics::RandomStream stream(1, "bench_laws_fit");
  tables::Measurements data;
  std::vector<double> n_params, tokens, width, depth;
  for (std::size_t i = 0; i < n; ++i) {
    width.push_back(256 * std::pow(12, stream.uniform()));
    depth.push_back(std::round(3 * std::pow(27, stream.uniform())));
    n_params.push_back(12 * depth.back() * width.back() * width.back());
    tokens.push_back(1e9 * std::pow(100, stream.uniform()));
  }
  data.columns.add("n_params", n_params);
  data.columns.add("tokens", tokens);
  data.columns.add("d_model", width);
  data.columns.add("n_layers", depth);
  data.output = laws::evaluate(law, data.columns, truth);
  for (double& loss : data.output) loss *= std::exp(0.005 * stream.normal());
  return data;
}

bool near_truth(const laws::Law& law, const tables::Measurements& data, const std::vector<double>& truth) {
  fitting::FitOptions options;
  options.interval = fitting::IntervalMethod::sandwich;
  options.level = 1 - 6e-7;  // five standard errors
  const fitting::Fit fit = fitting::fit_law(law, data, options);
  bool good = fit.convergence.certified;
  for (std::size_t p = 0; p < truth.size(); ++p) {
    const fitting::Estimate& estimate = *fit.find(law.parameters[p].name);
    good = good && (!estimate.lo || *estimate.lo <= truth[p]) && (!estimate.hi || truth[p] <= *estimate.hi);
  }
  return good;
}

// The columns that a Gemstones table calls by other names.
tables::Measurements gemstones(const std::string& path) {
  const documents::Table table = documents::read(path).table;
  const auto column = [&](const char* name) {
    std::vector<double> values;
    for (std::size_t row = 0; row < table.n_rows(); ++row)
      values.push_back(table.number(row, table.column(name)).value);
    return values;
  };
  tables::Measurements data;
  data.columns.add("n_params", column("params_active_precise"));
  data.columns.add("tokens", column("tokens"));
  data.columns.add("d_model", column("width"));
  data.columns.add("n_layers", column("depth"));
  data.output = column("final_loss");
  return data;
}

void write_table(const std::string& path, const tables::Measurements& data) {
  std::string text = "n_params,tokens,loss\n";
  const std::vector<double> n_params = data.columns.get("n_params"), tokens = data.columns.get("tokens");
  for (std::size_t i = 0; i < data.output.size(); ++i)
    fmt::format_to(std::back_inserter(text), "{},{},{}\n", n_params[i], tokens[i], data.output[i]);
  base::write_file(path, text);
}

struct Seconds {
  double wall = 0, processor = 0, objective = 0;
};
struct Case {
  std::string name;
  std::function<Seconds()> run;  // of one repeat
  std::vector<double> wall{}, processor{};
  double objective = 0;
};

struct Flags {
  int threads = 1, repeats = 5;
  bool json = false, million = false;
  std::string only, gemstones, read, write_table;
};

double now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// The time of `work`, which returns an objective or another number that shows what was done.
Seconds time_of(const std::function<double()>& work) {
  const double wall = now(CLOCK_MONOTONIC), processor = now(CLOCK_PROCESS_CPUTIME_ID);
  const double objective = work();
  return {now(CLOCK_MONOTONIC) - wall, now(CLOCK_PROCESS_CPUTIME_ID) - processor, objective};
}

double fitted(const laws::Law& law, const tables::Measurements& data, const fitting::FitOptions& options) {
  const fitting::Fit fit = fitting::fit_law(law, data, options);
  if (!fit.convergence.certified) std::printf("not certified: %s\n", fit.convergence.status.c_str());
  return fit.objective_value;
}

fitting::FitOptions options_of(fitting::IntervalMethod interval, int threads = 1) {
  fitting::FitOptions options;
  options.interval = interval;
  options.threads = threads;
  return options;
}

// The mean of the scores, which depends on every fit to every slice.
double ranked(const tables::Measurements& data, int threads) {
  const fitting::Ranking ranking =
      fitting::rank_laws(fitting::rivals(data.columns), data, options_of(fitting::IntervalMethod::none, threads));
  double total = 0;
  for (const fitting::RankedLaw& law : ranking.laws) total += law.score;
  return total / static_cast<double>(ranking.laws.size());
}

Flags flags_of(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i], value = argv[i + 1];
    if (flag == "--threads") flags.threads = std::max(1, std::atoi(argv[i + 1]));
    if (flag == "--repeats") flags.repeats = std::max(1, std::atoi(argv[i + 1]));
    if (flag == "--only") flags.only = "," + value + ",";
    if (flag == "--gemstones") flags.gemstones = value;
    if (flag == "--million") flags.million = value != "0";
    if (flag == "--read") flags.read = value;
    if (flag == "--write-table") flags.write_table = value;
    if (flag == "--json") flags.json = value != "0";
  }
  return flags;
}

struct Tables {
  laws::Law small, large;
  tables::Measurements few, many, published, million;
  std::vector<std::string> runs{};  // of the million rows
};

// Empty if the fits do not find the truth.
std::optional<Tables> tables_of(const Flags& flags) {
  Tables t{laws::law_from("E + A*N^-alpha + B*D^-beta"), laws::law_from("width-depth-params-tokens"), {}, {}, {}, {}};
  const std::vector<double> small_truth = {1.69, 406.4, 0.34, 410.7, 0.28};
  std::vector<double> large_truth(t.large.parameters.size());
  const std::vector<std::pair<const char*, double>> named = {{"E", 1.2},    {"A", 20},       {"B", 2},
                                                             {"G", 500},    {"F", 4e4},      {"alpha", 0.4},
                                                             {"beta", 0.5}, {"delta", 0.37}, {"gamma", 0.5}};
  for (const auto& [name, value] : named) large_truth[t.large.find(name)] = value;
  t.few = measurements(t.small, small_truth, 240);
  t.many = measurements(t.large, large_truth, 770);
  if (!near_truth(t.small, t.few, small_truth) || !near_truth(t.large, t.many, large_truth)) return {};
  if (!flags.gemstones.empty()) t.published = gemstones(flags.gemstones);
  if (flags.million) {
    t.million = measurements(t.small, small_truth, 1000000);
    for (std::size_t i = 0; i < 1000000; ++i) t.runs.push_back(fmt::format("run{}", i / 1000));
  }
  return t;
}

std::vector<Case> cases_of(const Flags& flags, const Tables& t) {
  using fitting::IntervalMethod;
  const auto fit = [](const laws::Law& law, const tables::Measurements& data, const fitting::FitOptions& options) {
    return [&law, &data, options] { return time_of([&] { return fitted(law, data, options); }); };
  };
  const fitting::FitOptions plain = options_of(IntervalMethod::none);
  fitting::FitOptions absolute = plain;
  absolute.objective = fitting::Objective::l1;
  std::vector<Case> cases = {{"fit", fit(t.small, t.few, plain)},
                             {"wide", fit(t.large, t.many, plain)},
                             {"l1", fit(t.small, t.few, absolute)}};
  if (!flags.gemstones.empty()) cases.push_back({"gemstones", fit(t.large, t.published, plain)});
  for (int k = 1; k <= flags.threads; ++k) {
    const std::string at = "-" + std::to_string(k);
    fitting::FitOptions resampled = options_of(IntervalMethod::bootstrap, k);
    resampled.resamples = 4000;
    cases.push_back({"resamples" + at, [&t, resampled, plain] {
                       const Seconds all = time_of([&] { return fitted(t.small, t.few, resampled); });
                       const Seconds alone = time_of([&] { return fitted(t.small, t.few, plain); });
                       return Seconds{all.wall - alone.wall, all.processor - alone.processor, all.objective};
                     }});
    if (!flags.gemstones.empty())
      cases.push_back({"ranking" + at, [&t, k] { return time_of([&] { return ranked(t.published, k); }); }});
    if (!flags.million) continue;
    cases.push_back({"million" + at, fit(t.small, t.million, options_of(IntervalMethod::none, k))});
    fitting::FitOptions clusters = options_of(IntervalMethod::sandwich, k);
    clusters.cluster = t.runs;
    cases.push_back({"clusters" + at, fit(t.small, t.million, clusters)});
  }
  if (!flags.read.empty())
    cases.push_back({"read", [&flags] {
                       return time_of([&] { return numerics::mean(tables::read_rows(flags.read).data.output); });
                     }});
  if (!flags.only.empty())
    std::erase_if(cases, [&](const Case& c) { return flags.only.find("," + c.name + ",") == std::string::npos; });
  return cases;
}

}  // namespace

int main(int argc, char** argv) {
  const Flags flags = flags_of(argc, argv);
  const std::optional<Tables> t = tables_of(flags);
  if (!t) {
    std::printf("the fits do not find their truth; nothing timed\n");
    return 1;
  }
  if (!flags.write_table.empty()) write_table(flags.write_table, flags.million ? t->million : t->few);
  std::vector<Case> cases = cases_of(flags, *t);
  for (int i = 0; i < flags.repeats; ++i)
    for (Case& c : cases) {
      const Seconds seconds = c.run();
      c.wall.push_back(seconds.wall);
      c.processor.push_back(seconds.processor);
      c.objective = seconds.objective;
    }
  for (const Case& c : cases) {
    const auto [least, most] = std::minmax_element(c.processor.begin(), c.processor.end());
    if (flags.json)
      std::printf("{\"case\": \"%s\", \"wall_s\": %g, \"processor_s\": %g, \"objective\": %.12g}\n", c.name.c_str(),
                  numerics::median(c.wall), numerics::median(c.processor), c.objective);
    else
      std::printf("%-12s  %9.2f ms, processor %9.2f ms (%.2f to %.2f)\n", c.name.c_str(),
                  1e3 * numerics::median(c.wall), 1e3 * numerics::median(c.processor), 1e3 * *least, 1e3 * *most);
  }
  return 0;
}
