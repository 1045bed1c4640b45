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
#include <string>
#include <vector>

#include <fmt/format.h>

#include "phaselaw/base/files.h"
#include "phaselaw/fitting/fit.h"
#include "phaselaw/laws/catalogue.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"
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
  const tables::Table table = tables::read_table(path);
  const auto column = [&](const char* name) {
    std::vector<double> values;
    for (std::size_t row = 0; row < table.rows.size(); ++row) values.push_back(table.number(row, table.column(name)));
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
    text += fmt::format("{},{},{}\n", n_params[i], tokens[i], data.output[i]);
  base::write_file(path, text);
}

struct Seconds {
  double wall = 0, processor = 0, objective = 0;
};
struct Case {
  std::string name;
  std::function<Seconds()> run;  // of one repeat
  std::vector<double> wall, processor;
  double objective = 0;
};

double now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

Seconds time_of(const laws::Law& law, const tables::Measurements& data, const fitting::FitOptions& options) {
  const double wall = now(CLOCK_MONOTONIC), processor = now(CLOCK_PROCESS_CPUTIME_ID);
  const fitting::Fit fit = fitting::fit_law(law, data, options);
  const Seconds seconds{now(CLOCK_MONOTONIC) - wall, now(CLOCK_PROCESS_CPUTIME_ID) - processor, fit.objective_value};
  if (!fit.convergence.certified) std::printf("not certified: %s\n", fit.convergence.status.c_str());
  return seconds;
}

}  // namespace

int main(int argc, char** argv) {
  int threads = 1, repeats = 5;
  bool json = false;
  std::string only, gemstones_path, table_path;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i], value = argv[i + 1];
    if (flag == "--threads") threads = std::max(1, std::atoi(argv[i + 1]));
    if (flag == "--repeats") repeats = std::max(1, std::atoi(argv[i + 1]));
    if (flag == "--only") only = "," + value + ",";
    if (flag == "--gemstones") gemstones_path = value;
    if (flag == "--write-table") table_path = value;
    if (flag == "--json") json = value != "0";
  }
  const laws::Law small = laws::law_from("E + A*N^-alpha + B*D^-beta");
  const laws::Law large = laws::law_from("width-depth-params-tokens");
  const std::vector<double> small_truth = {1.69, 406.4, 0.34, 410.7, 0.28};
  std::vector<double> large_truth(large.parameters.size());
  const std::vector<std::pair<const char*, double>> named = {{"E", 1.2},    {"A", 20},       {"B", 2},
                                                             {"G", 500},    {"F", 4e4},      {"alpha", 0.4},
                                                             {"beta", 0.5}, {"delta", 0.37}, {"gamma", 0.5}};
  for (const auto& [name, value] : named) large_truth[large.find(name)] = value;
  const tables::Measurements few = measurements(small, small_truth, 240), many = measurements(large, large_truth, 770);
  if (!near_truth(small, few, small_truth) || !near_truth(large, many, large_truth)) {
    std::printf("the fits do not find their truth; nothing timed\n");
    return 1;
  }
  if (!table_path.empty()) write_table(table_path, few);
  tables::Measurements published;
  if (!gemstones_path.empty()) published = gemstones(gemstones_path);

  fitting::FitOptions plain, resampled;
  plain.interval = fitting::IntervalMethod::none;
  resampled.interval = fitting::IntervalMethod::bootstrap;
  resampled.resamples = 4000;
  std::vector<Case> cases;
  cases.push_back({"fit", [&] { return time_of(small, few, plain); }, {}, {}, 0});
  cases.push_back({"wide", [&] { return time_of(large, many, plain); }, {}, {}, 0});
  if (!gemstones_path.empty())
    cases.push_back({"gemstones", [&] { return time_of(large, published, plain); }, {}, {}, 0});
  for (int k = 1; k <= threads; ++k)
    cases.push_back({"resamples-" + std::to_string(k),
                     [&, k] {
                       fitting::FitOptions options = resampled;
                       options.threads = k;
                       const Seconds all = time_of(small, few, options), fit = time_of(small, few, plain);
                       return Seconds{all.wall - fit.wall, all.processor - fit.processor, fit.objective};
                     },
                     {},
                     {},
                     0});
  if (!only.empty())
    std::erase_if(cases, [&](const Case& c) { return only.find("," + c.name + ",") == std::string::npos; });
  for (int i = 0; i < repeats; ++i)
    for (Case& c : cases) {
      const Seconds seconds = c.run();
      c.wall.push_back(seconds.wall);
      c.processor.push_back(seconds.processor);
      c.objective = seconds.objective;
    }
  for (const Case& c : cases) {
    const auto [least, most] = std::minmax_element(c.processor.begin(), c.processor.end());
    if (json)
      std::printf("{\"case\": \"%s\", \"wall_s\": %g, \"processor_s\": %g, \"objective\": %.12g}\n", c.name.c_str(),
                  numerics::median(c.wall), numerics::median(c.processor), c.objective);
    else
      std::printf("%-12s  %9.2f ms, processor %9.2f ms (%.2f to %.2f)\n", c.name.c_str(),
                  1e3 * numerics::median(c.wall), 1e3 * numerics::median(c.processor), 1e3 * *least, 1e3 * *most);
  }
  return 0;
}
