// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>
#include <variant>

#include "phaselaw/base/files.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/grace.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/report/format.h"
#include "phaselaw/verbs/experiment.h"

// phaselaw flow EXP.toml --out DIR: compares kernel, gradient flow and training of one experiment.
namespace phaselaw::cli {

namespace {

struct FlowFlags {
  verbs::FlowRequest request;
  std::string experiment, out;
};

// A study: the drift over its grid.
void write(const Common& common, const std::string& out, const verbs::DriftAnswer& answer) {
  const auto& drift = answer.drift;
  {
    const base::FinishFirst group;
    base::write_file(std::filesystem::path(out) / "drift.csv", analysis::laziness_csv(drift));
    write_results(common, out, "flow.json", answer.json, analysis::laziness_page(drift, answer.study.json));
  }
  if (common.json == "-") return;
  std::vector<std::vector<std::string>> rows = {{"curve", "slope of ln drift on ln " + drift.axis}};
  for (const auto& slope : drift.slopes)
    rows.push_back({slope.curve.empty() ? "all" : slope.curve, base::format_value(slope.value, slope.lo, slope.hi)});
  show("{}{}/report.html  drift.csv  flow.json\n", text_table(rows), out);
}

void write(const Common& common, const std::string& out, const verbs::FlowAnswer& answer) {
  const auto& views = answer.views;
  const std::filesystem::path folder(out);
  {
    const base::FinishFirst group;
    base::write_file(folder / "trajectories.csv", analysis::trajectories_csv(views));
    base::write_file(folder / "drift.csv", analysis::drift_csv(views));
    if (!views.methods.empty()) base::write_file(folder / "methods.csv", analysis::methods_csv(views));
    write_results(common, out, "flow.json", answer.json, analysis::flow_page(answer.prepared, views));
  }
  if (common.json == "-") return;
  std::vector<std::vector<std::string>> rows = {{"view", "until t", "train loss", "test loss", "excess risk"}};
  for (const auto& c : views.curves)
    if (!c.time.empty())
      rows.push_back({c.view, base::format_number(c.time.back()), base::format_number(c.train_loss.back()),
                      base::format_number(c.test_loss.back()), base::format_number(c.excess_risk.back())});
  show("{}kernel against flow: {}\nkernel against training: {}\n", text_table(rows), views.kernel_leaves_flow.reason,
       views.kernel_leaves_trained.reason);
  if (views.find("sgd_epochs") != nullptr)
    show("sgd_epochs against training: {}\nsgd assumes independent batches; training uses shuffled epochs\n",
         views.sgd_leaves_trained.reason);
  show("{}/report.html  trajectories.csv  drift.csv  flow.json\n", out);
}

void run_flow(const Common& common, FlowFlags& flags) {
  flags.request.document = flags.request.document_of(flags.experiment);
  require_outputs(common);
  base::require_writable_directory(flags.out, "--out");
  std::visit([&](const auto& answer) { write(common, flags.out, answer); }, verbs::flow(flags.request));
}

}  // namespace

void add_flow(Program& program) {
  auto flags = std::make_shared<FlowFlags>();
  add_verb(program, "flow", "compare kernel, gradient flow and training", "phaselaw flow examples/flow.toml --out flow",
           [&program, flags] { run_flow(program.common, *flags); })
      .positional("experiment", flags->experiment,
                  "experiment file (TOML); with a study file, the drift is measured over its grid")
      .required("--out", flags->out, "directory for report.html, trajectories.csv, drift.csv, flow.json")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf)
      .fields(flags->request);
}

}  // namespace phaselaw::cli
