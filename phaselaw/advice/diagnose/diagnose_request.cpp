// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/diagnose/diagnose_request.h"

#include "phaselaw/advice/output_direction.h"
#include "phaselaw/base/format.h"
#include "phaselaw/report/format.h"
#include "phaselaw/tables/messages.h"

// The request, and the answer as rows of text.
namespace phaselaw::advice {

namespace {

std::string or_none(const std::string& text) { return text.empty() ? "–" : text; }

}  // namespace

const char* const kLegend =
    "? = poorly constrained by the curve. Exponent and floor are those of the reducible loss; intervals include all "
    "forms that the data do not refute. Gain of doubling: how much lower the loss is after twice the training at a "
    "constant learning rate.";

std::vector<std::vector<std::string>> diagnose_rows(const std::vector<Diagnosis>& diagnoses) {
  std::vector<std::vector<std::string>> rows = {
      {"curve", "loss", "state", "exponent", "floor", "gain of doubling", "bend", "early form", "stage", "signature"}};
  for (const auto& d : diagnoses)
    rows.push_back({d.curve.name, or_none(d.curve.quantity), or_none(word_of(d)), shown(d.exponent), shown(d.floor),
                    d.gain.identified ? gain_range(d.gain) : "–",
                    d.bend.value ? shown(d.bend, base::notation_of(d.curve.unit)) + " " + d.curve.unit : "–",
                    or_none(d.early_form + (d.early_form.empty() || d.early_decisive ? "" : " (weak)")),
                    or_none(d.stage), d.signature.word});
  return rows;
}

std::string diagnose_text(const std::vector<Diagnosis>& diagnoses) {
  std::string text = report::text_table(diagnose_rows(diagnoses));
  text += fmt::format("\n{}\n", kLegend);
  for (const auto& d : diagnoses) {
    text += fmt::format("\n{}\n", d.curve.name);
    if (!d.next.empty()) text += fmt::format("  next        {}\n", d.next);
    if (d.rate_known && d.curve.n_rows > 0)
      text += fmt::format("  rows        {} of {}, {} blocks, worth {} independent ones\n",
                          base::format_count(d.curve.n_used), base::format_count(d.curve.n_rows), d.curve.x.size(),
                          base::format_number(d.fits.independent, 2));
    if (!d.early_reading.empty()) text += fmt::format("  early form  {}\n", d.early_reading);
    if (!d.bend.reading.empty())
      text += fmt::format(
          "  bend        {}{}\n", d.bend.reading,
          d.bend.step ? fmt::format(" (step {})", base::format_number(*d.bend.step, 3, base::Notation::suffix)) : "");
    if (!d.signature.reading.empty()) text += fmt::format("  signature   {}\n", d.signature.reading);
    for (const std::string& note : d.notes) text += fmt::format("  note        {}\n", note);
  }
  return text;
}

DiagnoseAnswer diagnose(const DiagnoseRequest& request, std::vector<documents::Reading> readings) {
  request.options.validate();
  tables::CurveSet set = tables::curves_of(std::move(readings), request.read);
  tables::log_messages(set.notes, set.warnings);
  tables::keep_runs(set.curves, request.run);
  require_falling_curves(set.curves, set.computed);
  DiagnoseAnswer answer;
  answer.diagnoses = diagnose(set.curves, request.options);
  answer.json = to_value(answer.diagnoses);
  std::vector<std::string> notes = std::move(set.notes);
  notes.insert(notes.end(), set.warnings.begin(), set.warnings.end());
  answer.json["row_notes"] = base::Value(notes);
  return answer;
}

}  // namespace phaselaw::advice
