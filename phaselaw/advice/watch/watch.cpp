// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/watch/watch.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/documents/folder.h"
#include "phaselaw/documents/tfevents.h"

namespace phaselaw::advice {

namespace {

constexpr double kMostShare = 0.1;     // of one core for all logs together
constexpr std::size_t kFewCurves = 8;  // of a log are judged at once, whatever they cost

std::string fired_key(const std::string& rule, const WatchedCurve& watched) {
  return fmt::format("{}\n{}\n{}", absolute_path(watched.log), watched.name, rule);
}

double last_value(const std::vector<double>& values) { return values.empty() ? base::kNaN : values.back(); }

std::string sentence_of(const std::string& text) {
  std::string out = text;
  if (!out.empty() && out.front() >= 'a' && out.front() <= 'z') out.front() = static_cast<char>(out.front() - 32);
  if (!out.empty() && out.back() != '.') out += '.';
  return out;
}

std::string state_sentence(const Judgement& judgement) {
  std::string text = fmt::format("State {}", base::enum_to_text(judgement.state));
  if (!judgement.reason.empty()) text += ": " + judgement.reason;
  return text + ".";
}

std::string forecast_sentence(const Forecast& forecast) {
  return fmt::format("The forecast of the final loss is {} at step {}.", forecast_text(forecast),
                     base::format_number(forecast.to, 3, base::Notation::suffix));
}

// Whether a forecast says something new: the first one, one outside the reported interval, or one half as wide.
bool is_news(const Forecast& forecast, const std::optional<Interval>& reported) {
  if (forecast.status != ForecastStatus::forecast || !forecast.final_loss.known()) return false;
  const LossInterval& loss = forecast.final_loss;
  return !reported || loss.value < reported->lo || loss.value > reported->hi ||
         loss.hi - loss.lo < (reported->hi - reported->lo) / 2;
}

}  // namespace

std::string absolute_path(const std::string& path) {
  std::error_code error;
  const auto absolute = std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  return error ? path : absolute.string();
}

void WatchOptions::validate() const {
  base::check_fields(*this);
  if (once && time_limit) throw base::InputError({"--for"}, "--once looks once, so a time has no effect; remove one");
}

Watch::Watch(std::vector<std::string> paths, WatchRequest request, EarlierRuns history,
             std::vector<std::string> own_files)
    : request_(std::move(request)), basis_{request_.forecast, std::move(history)} {
  request_.options.validate();
  request_.forecast.validate();
  for (const std::string& text : request_.options.stop_when) rules_.emplace_back(text, request_.options.stalled_after);
  for (const StopRule& rule : rules_)
    if (rule.needs_forecast() && !basis_.has_end())
      throw base::InputError(
          {"--stop-when"},
          fmt::format(
              "the rule '{}' needs the last planned step; name it with --to, or give earlier runs with --history",
              rule.text()));
  for (const std::string& file : own_files)
    if (!file.empty() && file != "-") own_files_.push_back(absolute_path(file));
  std::set<std::string> seen;
  for (std::string& path : paths) {
    require_followable(path);
    if (!seen.insert(absolute_path(path)).second) throw base::InputError({path}, "the log is given twice; remove one");
    sources_.push_back({.path = std::move(path), .account = {}});
  }
}

WatchEvent& Watch::add_event(std::vector<WatchEvent>& events, const char* kind, const std::string& label,
                             const std::string& log, std::string text) {
  WatchEvent event;
  event.sequence = ++sequence_;
  event.kind = kind;
  event.label = label;
  event.log = log;
  event.text = std::move(text);
  events.push_back(std::move(event));
  return events.back();
}

WatchEvent Watch::end_event(const std::string& text) {
  std::vector<WatchEvent> events;
  return add_event(events, "end", "", "", text);
}

void Watch::add_log(std::vector<std::string> paths, bool named, bool is_new, std::vector<WatchEvent>& events) {
  const std::string path = paths.front();
  const auto known =
      std::find_if(logs_.begin(), logs_.end(), [&](const auto& log) { return log->follower.path() == path; });
  if (known != logs_.end()) return (*known)->follower.set_paths(std::move(paths));
  auto log = std::make_unique<Log>(Log{LogFollower(std::move(paths), named, request_.read, request_.run), {}, {}, {}});
  log->in_folder = !named;
  if (const auto at = remembered_.find(absolute_path(path)); at != remembered_.end()) {
    restore_log(at->second, *log);
    remembered_.erase(at);
    is_new = false;
  }
  if (is_new) add_event(events, "log", path, path, "A new file has appeared in the folder.");
  logs_.push_back(std::move(log));
}

void Watch::list_folder(Source& source, std::vector<WatchEvent>& events) {
  std::vector<std::string> files;
  try {
    files = documents::list_documents({source.path}, request_.read.document_options()).paths;
  } catch (const base::InputError& error) {
    const std::string key = without_numbers(error.what());
    if (key != source.told) add_event(events, "log", source.path, source.path, sentence_of(error.what()));
    source.told = key;
    return;
  }
  source.told.clear();
  std::erase_if(files, [&](const std::string& file) {
    return std::find(own_files_.begin(), own_files_.end(), absolute_path(file)) != own_files_.end();
  });
  std::map<std::string, std::vector<std::string>> event_files;
  std::vector<std::vector<std::string>> groups;
  for (const std::string& file : files) {
    if (const auto folder = documents::folder_of_events(file))
      event_files[*folder].push_back(file);
    else
      groups.push_back({file});
  }
  for (auto& [folder, group] : event_files) groups.push_back(std::move(group));
  for (auto& group : groups) add_log(std::move(group), false, source.listed, events);
  source.listed = true;
}

void Watch::find_logs(std::vector<WatchEvent>& events) {
  for (Source& source : sources_) {
    std::error_code error;
    const bool folder = std::filesystem::is_directory(source.path, error);
    if (!folder && !source.listed) {
      add_log({source.path}, true, false, events);
    } else if (folder && source.account.can_pay()) {
      const ChargedWork work(source.account);
      std::erase_if(logs_, [&](const auto& log) {  // a path that has become a folder
        return log->follower.path() == source.path && log->follower.curves().empty();
      });
      list_folder(source, events);
    } else if (!folder && source.listed && source.told != "gone") {
      source.told = "gone";
      add_event(events, "log", source.path, source.path, "The folder has vanished; watch waits for its return.");
    }
  }
  const double wanted = request_.options.cpu_share / 100, n = static_cast<double>(logs_.size());
  const double share = n * wanted > std::max(kMostShare, wanted) ? std::max(kMostShare, wanted) / n : wanted;
  for (const auto& log : logs_) log->account.set_share(share);
  for (Source& source : sources_) source.account.set_share(wanted);
}

void Watch::judge_curve(Log& log, WatchedCurve& watched, bool last, std::vector<WatchEvent>& events) {
  const std::size_t rows = watched.curve->loss.size();
  const auto grown = static_cast<std::size_t>(kJudgedGrowth * static_cast<double>(watched.judged_rows)) + 1;
  const bool not_finite = not_finite_at_end(*watched.curve) >= kNotFinite;
  const bool due = !watched.judged || rows >= grown || rows < watched.judged_rows ||
                   (not_finite && watched.judgement.state != CurveState::diverged) ||
                   (rows != watched.judged_rows && log.follower.quiet_s() > 60);
  const bool few = log.curves.size() <= kFewCurves;
  bool fresh = false;
  if ((due || (last && rows != watched.judged_rows)) &&
      (last || not_finite || (!watched.judged && few) || log.account.can_pay())) {
    const ChargedWork work(log.account, !watched.judged);
    watched.judgement = judge(*watched.curve, basis_);
    watched.judged_rows = rows;
    watched.judged = fresh = true;
    watched.shown_state = base::enum_to_text(watched.judgement.state);
    report(log, watched, events);
  }
  test_rules(log, watched, fresh, events);
}

void Watch::report(Log& log, const WatchedCurve& watched, std::vector<WatchEvent>& events) {
  ReportedCurve& known = log.reported[watched.name];
  const Judgement& now = watched.judgement;
  const auto add = [&](const char* kind, std::string text) {
    WatchEvent& event = add_event(events, kind, watched.label, watched.log, std::move(text));
    event.curve = watched.name;
    event.step = last_value(watched.curve->progress());
    event.loss = last_value(watched.curve->loss);
    event.state = base::enum_to_text(now.state);
    if (now.forecast.status != ForecastStatus::none) event.forecast = now.forecast;
  };
  const std::string state(base::enum_to_text(now.state));
  const bool sure = known.state.empty() || known.candidate == state || request_.options.once ||
                    not_finite_at_end(*watched.curve) >= kNotFinite;
  if (state == known.state) {
    known.candidate.clear();
  } else if (sure) {
    known.state = state;
    known.candidate.clear();
    add("state", state_sentence(now));
  } else {
    known.candidate = state;
  }
  if (is_news(now.forecast, known.forecast)) {
    known.forecast = Interval{now.forecast.final_loss.lo, now.forecast.final_loss.hi};
    add("forecast", forecast_sentence(now.forecast));
  }
  std::vector<std::string> warnings = now.warnings;
  warnings.insert(warnings.end(), log.follower.warnings().begin(), log.follower.warnings().end());
  for (const std::string& warning : warnings)
    if (known.warnings.insert(without_numbers(warning)).second) add("warning", sentence_of(warning));
}

void Watch::test_rules(Log& log, const WatchedCurve& watched, bool fresh, std::vector<WatchEvent>& events) {
  const ChargedWork work(log.account);
  // A run in a folder that ended before the watch began has not stalled.
  const double quiet_s = log.in_folder && !log.grew ? 0 : log.follower.quiet_s();
  const CurveFacts facts(*watched.curve, watched.judgement, basis_, quiet_s);
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i].needs_judgement() && !fresh) continue;
    const std::optional<std::string> why = rules_[i].reason(facts);
    if (!why) continue;
    const bool before = !fired_.insert(fired_key(rules_[i].text(), watched)).second;
    const int code = static_cast<int>(rules_[i].code());
    if (!before) {
      WatchEvent& event = add_event(events, "rule", watched.label, watched.log, *why);
      event.curve = watched.name;
      event.step = last_value(watched.curve->progress());
      event.loss = last_value(watched.curve->loss);
      event.state = watched.shown_state;
      event.rule = rules_[i].text();
      event.code = code;
    }
    if (stop_ && stop_rule_ <= i) continue;
    stop_ = WatchStop{code, watched.label, rules_[i].text(), *why, before};
    stop_rule_ = i;
  }
}

void Watch::look_at(Log& log, bool last, std::vector<WatchEvent>& events) {
  const std::string path = log.follower.path();
  LogLook found;
  bool more = true;
  while (more) {
    const bool first = !log.was_read;  // which cannot be avoided, and must not delay what follows
    const bool whole = last || first || log.account.can_pay();
    const ChargedWork work(log.account, first);
    LogLook look = log.follower.look(whole);
    for (const std::string& text : look.events) add_event(events, "log", path, path, text);
    found.restarted = found.restarted || look.restarted;
    log.grew = log.grew || (log.was_read && look.grown);
    log.was_read = log.was_read || look.grown;
    more = last && look.more;
  }
  if (found.restarted) {
    log.curves.clear();
    log.reported.clear();
    std::erase_if(fired_, [&](const std::string& key) { return key.starts_with(absolute_path(path) + "\n"); });
  }
  const auto& curves = log.follower.curves();
  std::erase_if(log.curves, [&](const auto& entry) {
    return std::none_of(curves.begin(), curves.end(), [&](const auto& c) { return c.name == entry.first; });
  });
  for (const tables::Curve& curve : curves) {
    base::throw_if_interrupted();
    WatchedCurve& watched = log.curves[curve.name];
    watched.log = path;
    watched.name = curve.name;
    watched.label = curves.size() == 1 ? path : fmt::format("{}: {}", path, curve.name);
    watched.curve = &curve;
    judge_curve(log, watched, last, events);
  }
}

void Watch::show_rows() {
  rows_.clear();
  for (const auto& log : logs_) {
    const auto& curves = log->follower.curves();
    if (curves.empty() && !log->in_folder) {
      WatchedCurve row;
      row.label = row.log = log->follower.path();
      row.shown_state = !log->follower.exists() ? "waits for the file" : "no curve yet";
      rows_.push_back(std::move(row));
    }
    for (const tables::Curve& curve : curves) {
      rows_.push_back(log->curves.at(curve.name));
      WatchedCurve& row = rows_.back();
      if (!log->follower.exists())
        row.shown_state = "vanished";
      else if (request_.options.stalled_after > 0 && log->follower.quiet_s() >= request_.options.stalled_after)
        row.shown_state += ", stalled";
    }
  }
}

std::vector<WatchEvent> Watch::look(bool last) {
  std::vector<WatchEvent> events;
  stop_.reset();
  find_logs(events);
  for (const auto& log : logs_) look_at(*log, last || request_.options.once, events);
  show_rows();
  return events;
}

bool Watch::ended() const {
  if (!(request_.options.stalled_after > 0) || logs_.empty()) return false;
  return std::all_of(logs_.begin(), logs_.end(), [&](const auto& log) {
    return log->follower.exists() && log->follower.quiet_s() >= request_.options.stalled_after;
  });
}

std::string Watch::refusal() const {
  std::string why;
  for (const auto& log : logs_) {
    if (!log->follower.curves().empty() || !log->follower.exists()) return "";
    if (why.empty()) why = log->follower.refusal();
  }
  return why;
}

}  // namespace phaselaw::advice
