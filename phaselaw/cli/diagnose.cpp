// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <thread>

#include "phaselaw/advice/diagnose_page.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/log.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/laws/curve_table.h"
#include "phaselaw/laws/diagnose.h"
#include "phaselaw/report/format.h"
#include "phaselaw/store/store.h"

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
    const std::string name = column.substr(0, equals);
    const auto& known = laws::curve_meanings();
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw base::InputError({"--col"}, base::unknown_name("name", name, known));
    columns[name] = column.substr(equals + 1);
  }
  return columns;
}

// The runs of a study, diverged ones too. Excess risk where the whole study knows it.
std::vector<laws::CurveData> curves_of_study(const std::string& path) {
  const auto records = store::Store::open_read(path).runs();
  const bool excess = std::all_of(records.begin(), records.end(), [](const store::RunRecord& record) {
    return std::all_of(record.measurements.begin(), record.measurements.end(),
                       [](const store::Measurement& m) { return !std::isnan(m.excess_risk); });
  });
  std::vector<laws::CurveData> curves;
  for (const auto& record : records) {
    if (record.status == store::Status::kFailed) continue;
    const base::Value configuration = base::parse_json(record.configuration, path);
    laws::CurveData curve;
    curve.n_data = static_cast<double>(configuration.at("data").at("n_data").integer());
    curve.name = fmt::format("run {}: n_data {}, d_hidden {}, seed {}", record.index, curve.n_data,
                             configuration.at("model").at("d_hidden").integer(), configuration.at("seed").integer());
    if (const base::Value* n_params = base::parse_json(record.summary, path).find("n_params"); n_params != nullptr)
      curve.n_params = n_params->number();
    curve.quantity = excess ? "excess_risk" : "test_loss";
    curve.ended_diverged = record.status == store::Status::kDiverged;
    double time = 0, step = 0;
    for (const auto& m : record.measurements) {
      curve.step.push_back(static_cast<double>(m.step));
      curve.tokens.push_back(m.tokens);
      curve.compute.push_back(m.compute_flop);
      curve.loss.push_back(excess ? m.excess_risk : m.test_loss);
      // The stored time is the sum of learning rates: its increments are the schedule.
      if (curve.step.back() > step && m.time >= time) {
        curve.rates.step.push_back(step);
        curve.rates.lr.push_back((m.time - time) / (curve.step.back() - step));
        time = m.time;
        step = curve.step.back();
      }
    }
    curves.push_back(std::move(curve));
  }
  return curves;
}

std::vector<laws::CurveData> read(const DiagnoseFlags& flags) {
  const auto columns = columns_of(flags.columns);
  std::vector<laws::CurveData> curves;
  for (const std::string& file : flags.files) {
    const bool study = std::filesystem::path(file).extension() == ".db";
    for (auto& curve : study ? curves_of_study(file) : laws::read_curve_data(file, columns))
      curves.push_back(std::move(curve));
  }
  if (!flags.runs.empty()) {
    std::vector<std::string> names;
    for (const auto& curve : curves) names.push_back(curve.name);
    for (const std::string& wanted : flags.runs)
      if (std::find(names.begin(), names.end(), wanted) == names.end())
        throw base::InputError({"--run"}, base::unknown_name("run", wanted, names));
    std::erase_if(curves, [&](const auto& curve) {
      return std::find(flags.runs.begin(), flags.runs.end(), curve.name) == flags.runs.end();
    });
  }
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
