// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "phaselaw/advice/watch/cpu_account.h"
#include "phaselaw/advice/watch/log_follower.h"
#include "phaselaw/advice/watch/stop_rule.h"
#include "phaselaw/base/value.h"

// Follows logs that trainings write: `phaselaw watch`. A Watch looks when it is told to; it has no clock of its own, no
// terminal and no output, except that the age of a log is taken from the time of its last change.
//
//   look        new lines are read, curves that have grown by kJudgedGrowth are judged again, and the rules are tested
//   event       something that changed: a log (it appeared, vanished, was replaced ...), the state of a curve, its
//               forecast, a warning, or a rule that fires. A state changes only when two judgements in a row agree,
//               and a warning that only counts on is not reported again
//   memory      what was reported, as JSON (docs/watch.md): a watch that is started again reports nothing twice. Rules
//               depend on the logs alone, so they are tested again and give the same exit code
//   cost        every log has an account of processor time (cpu_account.h) that pays for reading whole documents and for
//               judgements; new lines are read at once, and the first reading and judgement are free
namespace phaselaw::advice {

struct WatchOptions {
  double interval = 5;
  std::optional<double> time_limit;
  bool once = false;
  std::vector<std::string> stop_when;
  std::string state;
  double stalled_after = 1800;
  double cpu_share = 0.1;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything;
    visit("interval", self.interval, base::durations(0.05).in("s"), "time between two looks at the logs");
    visit("for", self.time_limit, base::positive().up_to(1e9).in("s"),
          "end after this time (default: when no log grows any more)");
    visit("once", self.once, anything(), "look once and end, for cron");
    visit(
        "stop_when", self.stop_when, anything(),
        "end with an exit code of its own when a curve is diverged, overfitting, finished, nan or stalled, or meets a "
        "condition of loss, step, forecast and state such as 'forecast > 2.4'; may be repeated");
    visit("state", self.state, anything(), "file that keeps what was reported, so that the next start continues");
    visit("stalled_after", self.stalled_after, base::durations().in("s"),
          "a log that has not grown for this time has ended; watch ends when all logs have; 0: never");
    visit("cpu_share", self.cpu_share, base::Domain{0, 100, true}.in("%"),
          "processor time of one core for each log; judgements wait until they fit into it");
  }
  void validate() const;  // InputError
};

struct WatchRequest {
  WatchOptions options;
  ForecastOptions forecast;
  tables::ReadOptions read;
  std::vector<std::string> run, history;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    WatchOptions::fields(self.options, visit);
    ForecastOptions::fields(self.forecast, [&](std::string_view name, auto& field, const base::Domain& domain,
                                               std::string_view help) {
      if (name == "n_params" || name == "tokens") return;  // of a ladder
      if (name == "to")
        help =
            "last planned step of the runs (tokens or compute, if the logs have no steps), for the forecast; default: that "
            "of the earlier runs";
      visit(name, field, domain, help);
    });
    visit("history", self.history, base::anything(),
          "files of complete earlier runs of a similar recipe, from which the end of this one is forecast");
    tables::ReadOptions::fields(self.read, [&](std::string_view name, auto&&... field) {
      if (name != "last") visit(name, field...);  // a curve has all rows of its run
    });
    visit("run", self.run, base::anything(), "watch only the run of this name; may be repeated");
  }
};

// What was reported about a curve.
struct ReportedCurve {
  std::string state, candidate;  // a candidate becomes the state when the next judgement agrees
  std::optional<Interval> forecast;
  std::set<std::string> warnings;  // without their numbers
};

struct WatchedCurve {
  std::string label;  // the log, with the name of the curve if it has several
  std::string log, name;
  const tables::Curve* curve = nullptr;  // null: nothing has been read yet
  std::size_t judged_rows = 0;
  Judgement judgement;
  std::string shown_state;  // of the judgement, or what the log waits for
  bool judged = false;
};

struct WatchEvent {
  std::int64_t sequence = 0;
  std::string kind;  // "log" | "state" | "forecast" | "warning" | "rule" | "end"
  std::string log, curve, label;
  double step = base::kNaN, loss = base::kNaN;
  std::string state, rule;
  std::optional<Forecast> forecast;
  int code = 0;      // of a rule
  std::string text;  // whole sentences
};

struct WatchStop {
  int code = 0;
  std::string label, rule, text;
  bool reported_before = false;  // by an earlier start with the same state file
};

class Watch {
 public:
  // InputError for options, rules and paths that can never be followed. `own_files` are written by the caller and are
  // no logs although they may be in a watched folder.
  Watch(std::vector<std::string> paths, WatchRequest request, EarlierRuns history = {},
        std::vector<std::string> own_files = {});

  // One look at all logs. `last`: judges everything that has grown, whatever it costs.
  [[nodiscard]] std::vector<WatchEvent> look(bool last = false);
  // The rule that fires, after a look; the first of the command line if there are several.
  [[nodiscard]] const std::optional<WatchStop>& stop() const { return stop_; }
  // Whether all logs exist and none has grown for stalled_after.
  [[nodiscard]] bool ended() const;
  [[nodiscard]] const std::vector<WatchedCurve>& curves() const { return rows_; }
  // Why there is no curve at all although all logs exist; empty otherwise.
  [[nodiscard]] std::string refusal() const;
  [[nodiscard]] WatchEvent end_event(const std::string& text);

  // What was reported. restore() before the first look; InputError for the memory of other logs.
  [[nodiscard]] base::Value memory() const;
  void restore(const base::Value& memory, const std::string& source);

  static constexpr double kJudgedGrowth = 1.02;

 private:
  struct Log {
    LogFollower follower;
    CpuAccount account;
    std::map<std::string, ReportedCurve> reported;
    std::map<std::string, WatchedCurve> curves;
    bool in_folder = false, was_read = false, grew = false;
  };
  struct Source {
    std::string path, told = {};
    bool listed = false;
    CpuAccount account;  // that pays for listing a folder
  };
  [[nodiscard]] std::string settings() const;
  [[nodiscard]] base::Value memory_of(const Log& log) const;
  void restore_log(const base::Value& memory, Log& log) const;
  void find_logs(std::vector<WatchEvent>& events);
  void list_folder(Source& source, std::vector<WatchEvent>& events);
  void add_log(std::vector<std::string> paths, bool named, bool is_new, std::vector<WatchEvent>& events);
  void look_at(Log& log, bool last, std::vector<WatchEvent>& events);
  void judge_curve(Log& log, WatchedCurve& watched, bool last, std::vector<WatchEvent>& events);
  void report(Log& log, const WatchedCurve& watched, std::vector<WatchEvent>& events);
  void test_rules(Log& log, const WatchedCurve& watched, bool fresh, std::vector<WatchEvent>& events);
  void show_rows();
  WatchEvent& add_event(std::vector<WatchEvent>& events, const char* kind, const std::string& label,
                        const std::string& log, std::string text);

  WatchRequest request_;
  ForecastBasis basis_;
  std::vector<std::string> own_files_;
  std::vector<StopRule> rules_;
  std::vector<Source> sources_;
  std::vector<std::unique_ptr<Log>> logs_;
  std::map<std::string, base::Value> remembered_;  // logs of the memory that are not there yet
  std::set<std::string> fired_;                    // rule, log and curve
  std::vector<WatchedCurve> rows_;
  std::optional<WatchStop> stop_;
  std::size_t stop_rule_ = 0;
  std::int64_t sequence_ = 0;
};

// The path from the root, which identifies a log whatever the current folder is.
[[nodiscard]] std::string absolute_path(const std::string& path);

}  // namespace phaselaw::advice
