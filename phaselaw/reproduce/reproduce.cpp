// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/reproduce.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "phaselaw/base/files.h"
#include "phaselaw/base/log.h"
#include "phaselaw/laws/fit_json.h"
#include "phaselaw/reproduce/lazy_or_rich.h"
#include "phaselaw/reproduce/presets.h"
#include "phaselaw/sweep/sweep.h"

namespace phaselaw::reproduce {

namespace {

namespace fs = std::filesystem;
using base::Value;

struct StudyRun {
  sweep::Study study;
  sweep::SweepSummary summary;
  PhaseTransition analysis;
};

StudyRun carry_out(const std::string& name, Value document, const ReproduceOptions& options, int resamples) {
  StudyRun run;
  if (options.seed) document["seed"] = *options.seed;
  run.study = sweep::study_from(document);
  const std::string path = fs::path(options.out) / (name + ".db");
  auto store = store::Store::open_or_create(path, run.study.json, run.study.key);
  base::log_info(fmt::format("{}: {} runs", name, run.study.points.size()));
  run.summary = sweep::run_study(run.study, store, {.threads = options.threads, .title = name});
  const auto seed = static_cast<std::uint64_t>(run.study.points.front().experiment.seed);
  run.analysis = analyse(name, study_curves(store.runs(), path), resamples, seed);
  return run;
}

std::size_t count(const std::vector<report::Claim>& claims, report::Verdict verdict) {
  return static_cast<std::size_t>(
      std::count_if(claims.begin(), claims.end(), [&](const auto& claim) { return claim.verdict == verdict; }));
}

std::string answer_of(const std::vector<report::Claim>& claims) {
  return fmt::format(
      "Of {} claims of the theory, measured here, {} are supported, {} are not supported and {} stay "
      "inconclusive.",
      claims.size(), count(claims, report::Verdict::kSupported), count(claims, report::Verdict::kNotSupported),
      count(claims, report::Verdict::kInconclusive));
}

report::Section section_of(const PhaseTransition& analysis, const std::string& title,
                           std::vector<std::string> paragraphs) {
  report::Section section;
  section.title = title;
  section.paragraphs = std::move(paragraphs);
  section.tables = tables_of(analysis);
  if (analysis.curves.diverged > 0)
    section.paragraphs.push_back(fmt::format("{} runs diverged and are left out.", analysis.curves.diverged));
  for (const auto& warning : analysis.law.warnings) section.paragraphs.push_back("Note on the fit: " + warning + ".");
  return section;
}

constexpr const char* kRules =
    "Verdicts. A number is supported when the measured 95 % interval holds it and is no wider than the number itself, "
    "not "
    "supported when the interval excludes it, else inconclusive. A form is supported when its AICc is lower by more "
    "than 6, "
    "not supported when it is higher by more than 6.";

}  // namespace

Reproduction reproduce(const ReproduceOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const Preset preset = preset_from_name(options.preset);
  const std::string text = options.text.empty() ? default_text() : options.text;
  if (!fs::exists(text))
    throw base::InputError({"--text"},
                           options.text.empty()
                               ? fmt::format("the demo's text {} is missing; install Debian's package fortunes, or "
                                             "name a UTF-8 file or directory with --text",
                                             text)
                               : fmt::format("'{}' does not exist; name a UTF-8 file or directory", text));
  base::require_writable_directory(options.out, "--out");

  Value text_study = base::parse_toml(preset.text_toml, "preset " + preset.name + ", text");
  text_study.set("data.path", text);
  const StudyRun runs[] = {
      carry_out("teacher", base::parse_toml(preset.teacher_toml, "preset " + preset.name + ", teacher"), options,
                preset.resamples),
      carry_out("text", text_study, options, preset.resamples)};

  Reproduction result;
  report::Page page;
  page.title = "Does the two-stage scaling law hold?";
  Value fits = Value::table();
  for (const auto& run : runs) {
    const auto claims = claims_of(run.analysis);
    result.claims.insert(result.claims.end(), claims.begin(), claims.end());
    const auto figures = figures_of(run.analysis);
    const bool teacher = run.analysis.name == "teacher";
    auto section = section_of(
        run.analysis, teacher ? "A teacher with known noise" : "Real English, byte by byte",
        teacher
            ? std::vector<
                  std::string>{"A student transformer learns a random teacher of the same class from noisy targets. "
                               "The teacher is known, so the excess risk, the mean of (F - F*)^2 per output "
                               "coordinate on fresh inputs, is measured directly.",
                               kRules}
            : std::vector<std::string>{"A decoder-only transformer predicts the next byte of the text at " + text +
                                       ". Nobody knows the entropy of English: the loss has an unknown floor, which is "
                                       "fitted, and only the part above it is compared with the theory."});
    page.figures.push_back(figures[teacher ? 0 : 1]);
    for (std::size_t i = 0; i < figures.size(); ++i)
      if (i != (teacher ? 0U : 1U)) section.figures.push_back(figures[i]);
    page.sections.push_back(std::move(section));
    page.configurations.emplace_back(run.analysis.name + " study", run.study.json);
    fits[run.analysis.name] = laws::to_value(run.analysis.law);
  }
  base::log_info("lazy or rich: the drift of the kernel along gradient flow");
  const auto lazy = lazy_or_rich(preset, options.seed, options.threads);
  const auto lazy_claims = claims_of(lazy);
  result.claims.insert(result.claims.end(), lazy_claims.begin(), lazy_claims.end());
  page.sections.push_back(section_of(lazy));
  page.claims = result.claims;
  page.answer = answer_of(result.claims);
  report::add_provenance(options.made_by, page);

  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  Value settings = Value::table({{"preset", preset.name}, {"text", text}, {"made_by", options.made_by}});
  for (const auto& run : runs) settings[run.analysis.name] = base::parse_json(run.study.json, run.analysis.name);
  const Value results = Value::table({{"claims", report::to_value(result.claims)},
                                      {"fits", fits},
                                      {"settings", settings},
                                      {"seconds", result.seconds}});
  result.results = fs::path(options.out) / "results.json";
  result.page = fs::path(options.out) / "report.html";
  base::write_file(result.results, base::to_json(results) + "\n");
  base::write_file(result.page, report::build_page(page));
  return result;
}

report::Page study_page(const store::Store& store, const Value& made_by, int resamples) {
  const auto analysis = analyse("study", study_curves(store.runs(), store.path()), resamples, 0);
  report::Page page;
  page.title = "Study " + fs::path(store.path()).stem().string();
  page.claims = claims_of(analysis);
  page.answer = answer_of(page.claims);
  auto figures = figures_of(analysis);
  page.figures.push_back(figures.front());
  auto section = section_of(analysis, "The two-stage law on these runs", {kRules});
  section.figures.assign(figures.begin() + 1, figures.end());
  page.sections.push_back(std::move(section));
  page.configurations.emplace_back("study", store.study_json());
  report::add_provenance(made_by, page);
  return page;
}

}  // namespace phaselaw::reproduce
