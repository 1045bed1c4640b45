// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/reproduce.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <thread>

#include "phaselaw/base/clock.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/grace.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/study_analysis.h"
#include "phaselaw/reproduce/verdict.h"
#include "phaselaw/sweep/check.h"

namespace phaselaw::reproduce {

namespace {

namespace fs = std::filesystem;
using base::Clock;
using base::Value;

constexpr const char* kDefaultText = "/usr/share/games/fortunes";

// E8 alone uses no text.
bool needs_text(const ReproduceOptions& options) {
  return !options.text.empty() || options.only.empty() ||
         !std::all_of(options.only.begin(), options.only.end(),
                      [](const auto& word) { return word.starts_with("E8"); });
}

std::string text_of(const ReproduceOptions& options) {
  std::string text = options.text.empty() ? kDefaultText : options.text;
  if (!fs::exists(text))
    throw base::InputError(
        {"--text"},
        options.text.empty()
            ? fmt::format(
                  "the demonstration text {} is missing; install Debian's package fortunes, or name a UTF-8 file or directory with --text",
                  text)
            : fmt::format("'{}' does not exist; name a UTF-8 file or directory", text));
  return text;
}

// `with_curves`: the user gave logs. Experiments that need them are left out without, and refused if asked for by name.
std::vector<const Experiment*> chosen(const std::vector<std::string>& only, bool with_curves) {
  std::vector<const Experiment*> list;
  std::vector<std::string> ids;
  for (const auto& experiment : experiments()) ids.push_back(experiment.id);
  const auto asked_for = [](const Experiment& experiment, const std::string& word) {
    return !word.empty() && (experiment.id == word || experiment.id.starts_with(word + "."));
  };
  for (const auto& word : only)
    if (std::none_of(experiments().begin(), experiments().end(), [&](const auto& e) { return asked_for(e, word); }))
      throw base::InputError({"--only"}, base::unknown_name("experiment", word, ids));
  bool used = false;
  for (const auto& experiment : experiments()) {
    const bool named = std::any_of(only.begin(), only.end(), [&](const auto& w) { return asked_for(experiment, w); });
    if (named && experiment.needs_curves && !with_curves)
      throw base::InputError({"--curves"},
                             fmt::format("{} judges your own training logs; name one or several files with "
                                         "--curves FILE",
                                         experiment.id));
    if (!named && (!only.empty() || (experiment.needs_curves && !with_curves))) continue;
    used = used || experiment.needs_curves;
    list.push_back(&experiment);
  }
  if (with_curves && !used)
    throw base::InputError({"--curves"},
                           "only E8 uses your logs, and --only leaves it out; add --only E8, or omit --curves");
  return list;
}

// Requests an orderly end, as Ctrl-C does, when the time is over.
class Alarm {
 public:
  explicit Alarm(std::optional<double> seconds) {
    if (!seconds) return;
    thread_ = std::jthread([this, limit = std::chrono::duration<double>(*seconds)](const std::stop_token& stop) {
      std::unique_lock lock(mutex_);
      if (wake_.wait_for(lock, stop, limit, [&] { return stop.stop_requested(); })) return;
      if (stop.stop_requested()) return;
      rang_ = true;
      base::set_interrupted(true);
    });
  }
  [[nodiscard]] bool rang() const { return rang_; }

 private:
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::atomic<bool> rang_{false};
  std::jthread thread_;
};

// The first sentence of the page.
std::string answer_of(const report::Page& page) {
  std::size_t tested = 0, decided = 0;
  for (const report::Claim& claim : report::claims_of(page)) {
    if (claim.standing == report::Standing::kSelfCheck) continue;
    ++tested;
    decided += claim.verdict != report::Verdict::kInconclusive ? 1 : 0;
  }
  if (tested == 0) return "These experiments check the program; no claim of the theory was tested.";
  std::string answer;
  for (const report::Claim& claim : report::claims_of(page))
    if (claim.id == "E1.surface.exponent_v1")
      answer = fmt::format(
          "The stated exponent 1/6 of the compute is {}: at noise 0.5 the measured one is {}. ",
          claim.verdict == report::Verdict::kInconclusive ? "not decided" : base::enum_to_text(claim.verdict),
          base::format_value(claim.measured, claim.lo, claim.hi));
  return answer +
         fmt::format("These experiments decide {} of {} claims about the theory, at a familywise error rate of {} %.",
                     decided, tested, base::format_number(100 * kLevel));
}

report::Section rules() {
  report::Section section;
  section.title = "How verdicts are determined";
  section.paragraphs = {
      "Each claim says what it predicts and with which margin; both were declared before the measurement. Exponents that "
      "the paper states up to logarithms and constants have a margin of 10 %. A claim of equality is supported if two "
      "one-sided tests show that the measured value lies within the margin, and not supported if it lies outside. A bound is "
      "supported or not supported if the value lies significantly on one side of it.",
      "All claims of the page, except the self-checks, are one family: the smaller of the two p values of a claim is "
      "corrected by Holm's procedure, and it decides if it is then below 0.05. Otherwise the claim is inconclusive. "
      "The choice of the teacher is a random effect, and the intervals contain it.",
      "Self-checks are statements of mathematics that no measurement can refute. They show that the program computes what "
      "it should, and they are not counted as claims. No verdict is set by hand."};
  return section;
}

Context context_of(const ReproduceOptions& options) {
  if (options.time_limit && !(*options.time_limit > 0 && std::isfinite(*options.time_limit)))
    throw base::InputError({"--time-limit"},
                           fmt::format("expected a number of seconds > 0; found {}", *options.time_limit));
  Context context{.preset = base::enum_from_text<Preset>(options.preset, {"--preset"}, "preset"),
                  .out = options.out,
                  .text = needs_text(options) ? text_of(options) : options.text,
                  .arrays_x = options.arrays_x,
                  .arrays_y = options.arrays_y,
                  .seed = options.seed,
                  .threads = static_cast<int>(options.threads),
                  .own = options.own};
  context.own.validate();
  if (context.arrays_x.empty() != context.arrays_y.empty())
    throw base::InputError({context.arrays_x.empty() ? "--arrays-x" : "--arrays-y"},
                           fmt::format("inputs and targets must be given together; found only {}",
                                       context.arrays_x.empty() ? "--arrays-y" : "--arrays-x"));
  return context;
}

// What the experiments have found so far.
struct Findings {
  report::Page page;  // with the claims
  Value fits = Value::table(), settings;
  std::vector<std::string> unfinished;  // experiments that were interrupted
};

void add_finding(Finding&& finding, Findings& found) {
  std::move(finding.leading.begin(), finding.leading.end(), std::back_inserter(found.page.figures));
  found.page.sections.push_back(std::move(finding.section));
  for (auto& [heading, json] : finding.configurations) {
    found.settings[heading] = base::parse_json(json, heading);
    found.page.configurations.emplace_back(heading, std::move(json));
  }
  for (const auto& [name, fit] : finding.fits.entries()) found.fits[name] = fit;
}

void carry_out_all(const std::vector<const Experiment*>& list, const Context& context, Clock::time_point start,
                   Findings& found) {
  double share = 0, done = 0;
  for (const auto* experiment : list) share += experiment->share;
  for (std::size_t k = 0; k < list.size(); ++k) {
    const Experiment& experiment = *list[k];
    const double left = done > 0 ? base::seconds_since(start) * (share - done) / done : NAN;
    base::log_info(fmt::format("{} ({} of {}{}): {}", experiment.id, k + 1, list.size(),
                               done > 0 ? ", about " + base::format_duration(left) + " left" : "", experiment.title));
    try {
      base::throw_if_interrupted();
      add_finding(experiment.carry_out(context), found);
      done += experiment.share;
    } catch (const base::Interrupted&) {
      found.unfinished.push_back(experiment.id);
    }
  }
}

void finish_page(const ReproduceOptions& options, bool out_of_time, Findings& found) {
  report::Page& page = found.page;
  decide(page);
  page.answer = answer_of(page);
  page.sections.push_back(rules());
  report::add_provenance(options.made_by, page);
  if (!found.unfinished.empty())
    page.notice = fmt::format(
        "Incomplete: {} not finished when {}. Finished measurements are kept; run the same command again for the rest.",
        fmt::join(found.unfinished, ", "), out_of_time ? "the time limit was reached" : "the program was interrupted");
}

}  // namespace

Reproduction reproduce(const ReproduceOptions& options) {
  const auto start = Clock::now();
  const Context context = context_of(options);
  const auto list = chosen(options.only, !options.own.curves.empty());
  base::require_writable_directory(options.out, "--out");

  Findings found;
  found.settings = Value::table({{"preset", options.preset}, {"text", context.text}, {"made_by", options.made_by}});
  found.page.title = "Does the two-stage scaling law hold?";
  const Alarm alarm(options.time_limit);
  carry_out_all(list, context, start, found);
  const base::FinishFirst page;  // it says what is missing
  finish_page(options, alarm.rang(), found);

  Reproduction result;
  result.seconds = base::seconds_since(start);
  const Value results = Value::table({{"answer", found.page.answer},
                                      {"claims", report::to_value(report::claims_of(found.page))},
                                      {"complete", found.unfinished.empty()},
                                      {"unfinished", Value(found.unfinished)},
                                      {"fits", found.fits},
                                      {"settings", found.settings},
                                      {"seconds", result.seconds}});
  result.results = fs::path(options.out) / "results.json";
  result.page = fs::path(options.out) / "report.html";
  base::write_file(result.results, base::to_json(results) + "\n");
  report::write_page(found.page, result.page, options.page_files);
  result.answer = found.page.answer;
  result.claims = report::claims_of(found.page);
  result.unfinished = std::move(found.unfinished);
  return result;
}

// Measured: see base/memory.h. The resamples reuse their memory.
double study_memory(const store::Store& store) {
  constexpr double kRunBytes = 9e3, kMeasurementBytes = 1000;
  return base::kProgramBytes + static_cast<double>(store.run_indices().size()) * kRunBytes +
         static_cast<double>(store.measurement_count()) * kMeasurementBytes;
}

report::Page study_page(const store::Store& store, const Value& made_by, int resamples) {
  const auto analysis = analyse(study_curves(store.runs(), store.path(), sweep::accounting_of(store)), resamples, 0);
  report::Page page;
  page.title = "Study " + fs::path(store.path()).stem().string();
  page.answer = answer_of(analysis);
  page.notice = sweep::missing_runs(store);
  if (!page.notice.empty()) base::log_warning(page.notice);
  auto figures = figures_of(analysis);
  page.figures.push_back(figures.front());
  report::Section section;
  section.title = "The two-stage law on these runs";
  section.figures.assign(figures.begin() + 1, figures.end());
  section.paragraphs = notes_of(analysis);
  section.paragraphs.push_back(fmt::format(
      "Compute in this section is {}{}.", sweep::in_words(analysis.curves.accounting),
      analysis.curves.accounting.is_flop() ? ""
                                           : ", as the study's accounting says; the store also has the exact FLOP"));
  section.paragraphs.push_back(
      "The exponent of an envelope depends on how the study scales model and steps with the data, and on what it charges. "
      "The stated 1/6 belongs to M ~ n^3 charged M n T; `phaselaw reproduce --only E1` tests it.");
  section.tables = tables_of(analysis);
  page.sections = {std::move(section)};
  page.configurations.emplace_back("study", store.study_json());
  report::add_provenance(made_by, page);
  return page;
}

}  // namespace phaselaw::reproduce
