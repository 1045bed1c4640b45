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
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/phase_transition.h"

namespace phaselaw::reproduce {

namespace {

namespace fs = std::filesystem;
using base::Clock;
using base::Value;

constexpr const char* kDefaultText = "/usr/share/games/fortunes";

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

std::vector<const Experiment*> chosen(const std::vector<std::string>& only) {
  std::vector<const Experiment*> list;
  std::vector<std::string> ids;
  for (const auto& experiment : experiments()) ids.push_back(experiment.id);
  const auto asked_for = [](const Experiment& experiment, const std::string& word) {
    return !word.empty() && (experiment.id == word || experiment.id.starts_with(word + "."));
  };
  for (const auto& word : only)
    if (std::none_of(experiments().begin(), experiments().end(), [&](const auto& e) { return asked_for(e, word); }))
      throw base::InputError({"--only"}, base::unknown_name("experiment", word, ids));
  for (const auto& experiment : experiments())
    if (only.empty() || std::any_of(only.begin(), only.end(), [&](const auto& w) { return asked_for(experiment, w); }))
      list.push_back(&experiment);
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

std::size_t count(const std::vector<report::Claim>& claims, report::Verdict verdict) {
  return static_cast<std::size_t>(
      std::count_if(claims.begin(), claims.end(), [&](const auto& claim) { return claim.verdict == verdict; }));
}

std::string answer_of(const std::vector<report::Claim>& claims) {
  return fmt::format(
      "Of {} claims of the theory, measured here, {} are supported, {} are not supported and {} are inconclusive.",
      claims.size(), count(claims, report::Verdict::kSupported), count(claims, report::Verdict::kNotSupported),
      count(claims, report::Verdict::kInconclusive));
}

report::Section rules() {
  report::Section section;
  section.title = "How verdicts are determined";
  section.paragraphs = {
      "A number is supported if the measured 95 % interval contains it and is no wider than the number itself, "
      "not supported if the interval excludes it, and otherwise inconclusive. "
      "A bound is supported if the whole interval satisfies it, and not supported if the whole interval violates it. "
      "A number with a stated tolerance is supported if the whole interval lies within the tolerance, "
      "and not supported if all of it lies outside. A form is supported if its AICc is lower by more than 6, "
      "and not supported if it is higher by more than 6. No verdict is set by hand."};
  return section;
}

Context context_of(const ReproduceOptions& options) {
  if (options.time_limit && !(*options.time_limit > 0 && std::isfinite(*options.time_limit)))
    throw base::InputError({"--time-limit"},
                           fmt::format("expected a number of seconds > 0; found {}", *options.time_limit));
  Context context{.preset = base::enum_from_text<Preset>(options.preset, {"--preset"}, "preset"),
                  .out = options.out,
                  .text = text_of(options),
                  .arrays_x = options.arrays_x,
                  .arrays_y = options.arrays_y,
                  .seed = options.seed,
                  .threads = options.threads};
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
  const auto& claims = finding.section.claims;
  found.page.claims.insert(found.page.claims.end(), claims.begin(), claims.end());
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
  page.answer = answer_of(page.claims);
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
  const auto list = chosen(options.only);
  base::require_writable_directory(options.out, "--out");

  Findings found;
  found.settings = Value::table({{"preset", options.preset}, {"text", context.text}, {"made_by", options.made_by}});
  found.page.title = "Does the two-stage scaling law hold?";
  const Alarm alarm(options.time_limit);
  carry_out_all(list, context, start, found);
  finish_page(options, alarm.rang(), found);

  Reproduction result;
  result.seconds = base::seconds_since(start);
  const Value results = Value::table({{"claims", report::to_value(found.page.claims)},
                                      {"complete", found.unfinished.empty()},
                                      {"unfinished", Value(found.unfinished)},
                                      {"fits", found.fits},
                                      {"settings", found.settings},
                                      {"seconds", result.seconds}});
  result.results = fs::path(options.out) / "results.json";
  result.page = fs::path(options.out) / "report.html";
  base::write_file(result.results, base::to_json(results) + "\n");
  report::write_page(found.page, result.page, options.page_files);
  result.claims = std::move(found.page.claims);
  result.unfinished = std::move(found.unfinished);
  return result;
}

report::Page study_page(const store::Store& store, const Value& made_by, int resamples) {
  const auto analysis = analyse("study", study_curves(store.runs(), store.path(), sweep::accounting_of(store)), resamples, 0);
  report::Page page;
  page.title = "Study " + fs::path(store.path()).stem().string();
  page.claims = claims_of(analysis);
  page.answer = answer_of(page.claims);
  auto figures = figures_of(analysis);
  page.figures.push_back(figures.front());
  report::Section section;
  section.title = "The two-stage law on these runs";
  section.figures.assign(figures.begin() + 1, figures.end());
  section.claims = page.claims;
  section.paragraphs = notes_of(analysis);
  section.paragraphs.push_back(fmt::format("Compute in this section is {}{}.", sweep::in_words(analysis.curves.accounting),
                                           analysis.curves.accounting.is_flop()
                                               ? ""
                                               : ", as the study's accounting says; the store also has the exact FLOP"));
  section.tables = tables_of(analysis);
  page.sections = {std::move(section), rules()};
  page.configurations.emplace_back("study", store.study_json());
  report::add_provenance(made_by, page);
  return page;
}

}  // namespace phaselaw::reproduce
