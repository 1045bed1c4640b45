// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <memory>
#include <thread>

#include "phaselaw/advice/diagnose_page.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/log.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/laws/diagnose.h"
#include "phaselaw/report/format.h"
#include "phaselaw/verbs/curves.h"

// phaselaw diagnose CURVE.csv...|study.db: the stage of each loss curve, its bend, and what to raise next.
namespace phaselaw::cli {

namespace {

struct DiagnoseFlags {
  std::vector<std::string> files, columns, runs;
  std::string decay = "none", page;
  double warmup = 0, decay_to = 0, level = 0.95;
  std::optional<double> decay_from;
};

std::map<std::string, std::string> columns_of(const std::vector<std::string>& given) {
  std::map<std::string, std::string> columns;
  for (const std::string& column : given) {
    const auto equals = column.find('=');
    if (equals == std::string::npos)
      throw base::InputError({"--col"}, fmt::format("expected name=COLUMN, e.g. loss=val_loss; found '{}'", column));
    columns[column.substr(0, equals)] = column.substr(equals + 1);
  }
  return columns;
}

std::vector<laws::CurveData> read(const DiagnoseFlags& flags) {
  const auto columns = columns_of(flags.columns);
  std::vector<laws::CurveData> curves;
  for (const std::string& file : flags.files)
    for (auto& curve : verbs::read_curves(file, columns)) curves.push_back(std::move(curve));
  verbs::keep_runs(curves, flags.runs);
  return curves;
}

using advice::shown;

std::string or_dash(const std::string& text) { return text.empty() ? "–" : text; }

void print(const std::vector<laws::Diagnosis>& diagnoses) {
  std::vector<std::vector<std::string>> rows = {
      {"curve", "loss", "stage", "early form", "best form", "bend", "exponent", "floor", "signature"}};
  for (const auto& d : diagnoses)
    rows.push_back({d.curve.name, or_dash(d.curve.quantity), or_dash(d.stage),
                    or_dash(d.early_form + (d.early_form.empty() || d.early_decisive ? "" : " (weak)")),
                    d.fits.forms.empty() ? "–" : d.fits.forms.front().form,
                    d.bend.value ? shown(d.bend) + " " + d.curve.unit : "–", shown(d.exponent), shown(d.floor),
                    d.signature.word});
  fmt::print("{}", text_table(rows));
  fmt::print(
      "\n? = not identified by the curve. Exponent and floor are those of the reducible loss; intervals span the forms "
      "that "
      "are not refuted.\n");
  for (const auto& d : diagnoses) {
    fmt::print("\n{}\n", d.curve.name);
    if (d.curve.n_rows > 0)
      fmt::print("  rows        {} of {}, {} blocks, worth {} independent ones\n",
                 report::format_count(static_cast<std::int64_t>(d.curve.n_used)),
                 report::format_count(static_cast<std::int64_t>(d.curve.n_rows)), d.curve.x.size(),
                 report::format_number(d.fits.independent, 2));
    if (!d.early_reading.empty()) fmt::print("  early form  {}\n", d.early_reading);
    fmt::print("  bend        {}{}\n", d.bend.reading,
               d.bend.step ? fmt::format(" (step {})", report::format_number(*d.bend.step, 3)) : "");
    if (!d.signature.reading.empty()) fmt::print("  signature   {}\n", d.signature.reading);
    for (const std::string& note : d.notes) fmt::print("  note        {}\n", note);
    fmt::print("  next        {}\n", d.next);
  }
}

void run_diagnose(const Common& common, const DiagnoseFlags& flags) {
  require_outputs(common);
  if (!flags.page.empty()) base::require_writable_directory(flags.page, "--page");
  laws::DiagnoseOptions options;
  options.prepare.schedule = {flags.warmup, flags.decay, flags.decay_from.value_or(NAN), flags.decay_to};
  options.level = flags.level;
  options.threads =
      common.threads > 0 ? common.threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  options.profiles = !flags.page.empty();
  const auto curves = read(flags);
  const auto diagnoses = laws::diagnose(curves, options);
  base::Value json = laws::to_value(diagnoses);
  if (flags.page.empty()) {
    json["made_by"] = made_by(common);
    emit_json(common, json);
  } else {
    write_results(common, flags.page, "diagnose.json", std::move(json), advice::diagnose_page(diagnoses));
  }
  if (common.json != "-") print(diagnoses);
}

}  // namespace

void add_diagnose(Program& program) {
  auto flags = std::make_shared<DiagnoseFlags>();
  add_verb(program, "diagnose", "the stage of loss curves, their bend, and what to raise next",
           "phaselaw diagnose curves.csv.gz --col loss=train_loss --page diagnosis",
           [&program, flags] { run_diagnose(program.common, *flags); })
      .positional("curves", flags->files, "CSV or TSV (.gz too) with step, tokens or compute and a loss; or study.db")
      .option("--col", flags->columns, "name=COLUMN, when a name is not recognised: loss=train_loss, run=model+variant")
      .option("--run", flags->runs, "only this run; may be given again")
      .option("--page", flags->page, "folder for report.html: curves, forms, residuals, the bend's profile")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf)
      .option("--warmup", flags->warmup, "steps of linear warm-up, where no lr column says so")
      .option("--decay", flags->decay, "none, linear, cosine or sqrt, where no lr column says so")
      .option("--decay-from", flags->decay_from, "step at which the decay begins; default: the end of the warm-up")
      .option("--decay-to", flags->decay_to, "share of the peak learning rate that is left at the last step")
      .option("--level", flags->level, "of the intervals");
}

}  // namespace phaselaw::cli
