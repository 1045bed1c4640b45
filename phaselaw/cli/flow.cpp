// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>

#include "phaselaw/analysis/flow_views.h"
#include "phaselaw/analysis/laziness_study.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/log.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/report/format.h"

// phaselaw flow EXP.toml --out DIR: kernel, gradient flow and training of one experiment in one frame.
namespace phaselaw::cli {

namespace {

struct FlowFlags {
  std::string experiment, out;
};

// A study: the drift over its grid.
void run_study(const Common& common, const FlowFlags& flags, const base::Value& document) {
  const auto study = sweep::study_from(document);
  const auto result = analysis::laziness_study(study, common.threads);
  for (const auto& warning : result.warnings) base::log_warning(warning);
  const std::filesystem::path folder(flags.out);
  base::write_file(folder / "drift.csv", analysis::laziness_csv(result));
  write_results(common, flags.out, "flow.json", analysis::to_value(result),
                analysis::laziness_page(result, study.json));
  if (common.json == "-") return;
  std::vector<std::vector<std::string>> rows = {{"curve", "slope of ln drift on ln " + result.axis}};
  for (const auto& slope : result.slopes)
    rows.push_back({slope.curve.empty() ? "all" : slope.curve, report::format_value(slope.value, slope.lo, slope.hi)});
  fmt::print("{}{}/report.html  drift.csv  flow.json\n", text_table(rows), flags.out);
}

void run_flow(const Common& common, const FlowFlags& flags) {
  base::Value document = base::read_toml(flags.experiment);
  if (common.seed) document["seed"] = *common.seed;
  require_outputs(common);
  base::require_writable_directory(flags.out, "--out");
  if (document.find("grid") != nullptr) return run_study(common, flags, document);
  const auto e = sweep::experiment_from(document);
  const analysis::Setting setting(e);
  base::log_info(setting.split.description);
  const auto views = analysis::flow_views(setting, common.threads);
  for (const auto& warning : views.warnings) base::log_warning(warning);

  const std::filesystem::path folder(flags.out);
  base::write_file(folder / "trajectories.csv", analysis::trajectories_csv(views));
  base::write_file(folder / "drift.csv", analysis::drift_csv(views));
  if (!views.methods.empty()) base::write_file(folder / "methods.csv", analysis::methods_csv(views));
  write_results(common, flags.out, "flow.json", analysis::to_value(setting, views),
                analysis::flow_page(setting, views));
  if (common.json == "-") return;
  std::vector<std::vector<std::string>> rows = {{"view", "until t", "train loss", "test loss", "excess risk"}};
  for (const auto& c : views.curves)
    if (!c.time.empty())
      rows.push_back({c.view, report::format_number(c.time.back()), report::format_number(c.train_loss.back()),
                      report::format_number(c.test_loss.back()), report::format_number(c.excess_risk.back())});
  fmt::print(
      "{}kernel against flow: {}\nkernel against training: {}\n{}/report.html  trajectories.csv  drift.csv  "
      "flow.json\n",
      text_table(rows), views.kernel_leaves_flow.reason, views.kernel_leaves_trained.reason, flags.out);
}

}  // namespace

void add_flow(Program& program) {
  auto flags = std::make_shared<FlowFlags>();
  add_verb(program, "flow", "put kernel, gradient flow and training side by side",
           "phaselaw flow examples/flow.toml --out flow", [&program, flags] { run_flow(program.common, *flags); })
      .positional("experiment", flags->experiment, "experiment file (TOML), or a study: then the drift over its grid")
      .required("--out", flags->out, "directory for report.html, trajectories.csv, drift.csv, flow.json")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf);
}

}  // namespace phaselaw::cli
