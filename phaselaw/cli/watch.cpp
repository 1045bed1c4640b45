// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <ctime>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include <sys/ioctl.h>
#include <unistd.h>

#include "phaselaw/advice/watch/event_file.h"
#include "phaselaw/advice/watch/watch.h"
#include "phaselaw/advice/watch/watch_text.h"
#include "phaselaw/base/ascii.h"
#include "phaselaw/base/clock.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/verbs/inputs.h"

// phaselaw watch LOG...: follows growing logs until a rule fires, all logs have ended, or the user ends it.
namespace phaselaw::cli {

namespace {

struct WatchFlags {
  std::vector<std::string> logs;
  advice::WatchRequest request;
};

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

bool is_utf8_terminal() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string lower = base::lower(value);
    return lower.find("utf-8") != std::string::npos || lower.find("utf8") != std::string::npos;
  }
  return false;
}

// The table on a terminal, drawn again at its place. It changes no setting of the terminal, so there is none to restore
// after a kill.
class LiveTable {
 public:
  LiveTable() {
    const char* kind = std::getenv("TERM");
    live_ = ::isatty(STDOUT_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
  }
  [[nodiscard]] bool live() const { return live_; }

  void draw(const std::vector<advice::WatchedCurve>& curves, const std::vector<advice::WatchEvent>& events) {
    recent_.insert(recent_.end(), events.begin(), events.end());
    while (recent_.size() > 5) recent_.pop_front();
    advice::WatchView view;
    view.unicode = is_utf8_terminal();
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
      view.columns = std::max<std::size_t>(size.ws_col, 20) - 1;
      if (size.ws_row > 0) view.lines = size.ws_row;
    }
    const std::string text = advice::watch_table(curves, {recent_.begin(), recent_.end()}, view);
    if (text == shown_) return;
    const auto lines = std::count(shown_.begin(), shown_.end(), '\n');
    if (lines > 0) show_as_it_is(fmt::format("\033[{}A\r\033[J", lines));
    show("{}", text);
    std::fflush(stdout);
    shown_ = text;
  }

 private:
  bool live_ = false;
  std::string shown_;
  std::deque<advice::WatchEvent> recent_;
};

// The file of --state. Its events are those that may not have reached the file of --json.
class StateFile {
 public:
  // `required`: a state that cannot be written is an error, because the command ends after its only look.
  StateFile(std::string path, advice::Watch& watch, bool required)
      : path_(std::move(path)), watch_(watch), required_(required) {
    if (path_.empty()) return;
    if (!std::filesystem::exists(path_)) {
      base::require_writable_file(path_, "--state");
      return;
    }
    const base::Value memory = base::read_json(path_);
    watch.restore(memory, path_);
    if (const base::Value* last = memory.find("last_events"); last != nullptr) last_events_ = last->list();
  }
  [[nodiscard]] const std::vector<base::Value>& last_events() const { return last_events_; }

  // Writes what is about to be reported; without events only now and then, because nothing else must be kept.
  void keep(std::vector<base::Value> events) {
    constexpr double kKeptS = 30;
    if (path_.empty() || (events.empty() && kept_ && base::seconds_since(*kept_) < kKeptS)) return;
    if (!events.empty()) last_events_ = std::move(events);
    base::Value memory = watch_.memory();
    memory["last_events"] = base::Value(last_events_);
    try {
      base::write_file(path_, base::to_json(memory) + "\n");
      kept_ = base::Clock::now();
    } catch (const base::RunError& error) {
      if (required_) throw;
      if (!warned_)
        base::log_warning(
            fmt::format("{}; the watch goes on, but may repeat its reports after a restart", error.what()));
      warned_ = true;
    }
  }

 private:
  std::string path_;
  std::optional<base::Clock::time_point> kept_;
  advice::Watch& watch_;
  std::vector<base::Value> last_events_;
  bool required_;
  bool warned_ = false;
};

// Where the events go: JSON lines on stdout or in a file, the table of a terminal, or a line of text each.
class Reports {
 public:
  explicit Reports(const Common& common) : json_lines_(common.json == "-") {
    if (!common.json.empty() && !json_lines_) file_.emplace(common.json);
  }
  void catch_up(const std::vector<base::Value>& events) {
    if (file_ && !events.empty()) file_->append(events);
  }
  void write(const advice::Watch& watch, const std::vector<advice::WatchEvent>& events,
             const std::vector<base::Value>& values, const std::string& time) {
    if (file_ && !values.empty()) file_->append(values);
    if (json_lines_) {
      for (const base::Value& value : values) show("{}\n", base::to_json(value, -1));
    } else if (table_.live()) {
      table_.draw(watch.curves(), events);
    } else {
      for (const advice::WatchEvent& event : events) show("{}\n", advice::event_line(event, time));
    }
    std::fflush(stdout);
  }

 private:
  bool json_lines_;
  std::optional<advice::EventFile> file_;
  LiveTable table_;
};

void wait(double seconds) {
  constexpr double kSlice = 0.1;  // after which Ctrl-C is noticed
  const auto begin = base::Clock::now();
  for (double left = seconds; left > 0 && !base::interrupted(); left = seconds - base::seconds_since(begin))
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left, kSlice)));
}

advice::EarlierRuns earlier_runs(const advice::WatchRequest& request) {
  if (request.history.empty()) return {};
  tables::ReadOptions read = request.read;
  std::vector<documents::Reading> readings = verbs::read_inputs(request.history, read, true);
  return {tables::curves_of(std::move(readings), read).curves, request.forecast};
}

int run_watch(const Common& common, WatchFlags& flags) {
  const advice::WatchOptions& options = flags.request.options;
  advice::Watch watch(flags.logs, flags.request, earlier_runs(flags.request), {options.state, common.json});
  StateFile state(options.state, watch, options.once);
  Reports reports(common);
  reports.catch_up(state.last_events());
  const auto begin = base::Clock::now();
  const auto report = [&](const std::vector<advice::WatchEvent>& events) {
    const std::string time = utc_now();
    std::vector<base::Value> values;
    for (const advice::WatchEvent& event : events) values.push_back(advice::to_value(event, time));
    state.keep(values);
    reports.write(watch, events, values, time);
  };
  while (true) {
    std::vector<advice::WatchEvent> events = watch.look();
    if (options.once && !watch.refusal().empty()) throw base::InputError(watch.refusal());
    const bool ended = !options.once && !watch.stop() && watch.ended();
    if (ended) {
      for (advice::WatchEvent& event : watch.look(true)) events.push_back(std::move(event));
      if (!watch.stop())
        events.push_back(watch.end_event(
            fmt::format("No log has grown for {}; the watch ends.", base::format_duration(options.stalled_after))));
    }
    report(events);
    if (const auto& stop = watch.stop()) {
      const std::string what =
          fmt::format("the rule '{}' {} for {}: {}", stop->rule,
                      stop->reported_before ? "is still true" : "stops the watch", stop->label, stop->text);
      base::log_info(what);
      return stop->code;
    }
    if (options.once || ended) return 0;
    const double left = options.time_limit ? *options.time_limit - base::seconds_since(begin) : options.interval;
    if (left <= 0) return 0;
    wait(std::min(left, options.interval));
    base::throw_if_interrupted();
  }
}

}  // namespace

void add_watch(Program& program) {
  auto flags = std::make_shared<WatchFlags>();
  add_verb(program, "watch", "follow growing logs, and end with an exit code when a rule fires",
           "phaselaw watch runs/ --stop-when diverged --stop-when 'forecast > 2.4' --to 100000",
           [&program, flags] { program.exit_code = run_watch(program.common, *flags); })
      .positional("logs", flags->logs,
                  "files that a training writes, or folders of them, in any form that diagnose reads; a file need not "
                  "exist yet")
      .fields(flags->request);
}

}  // namespace phaselaw::cli
