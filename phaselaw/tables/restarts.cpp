// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/restarts.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/number.h"
#include "phaselaw/tables/left_out_rows.h"
#include "phaselaw/tables/segments.h"

namespace phaselaw::tables {

namespace {

constexpr std::size_t kShownRestarts = 3;

std::string run_text(const std::string& name) { return name.empty() ? "the run" : "run " + name; }

// Notes on restarts, counted by run.
class RestartNotes {
 public:
  RestartNotes(std::string counter, std::vector<std::string>& notes) : counter_(std::move(counter)), notes_(notes) {}

  void add(const Restart& restart, double at, long line, const std::string& run) {
    if (++count_ > kShownRestarts) return;
    const auto number = [](double x) { return base::format_number(x, 12); };
    const std::string value = number(at);
    if (restart.again)
      notes_.push_back(
          fmt::format("{} begins again at {} {} (line {}), so its rows are read as several runs, {} (1), {} (2)",
                      run_text(run), counter_, value, line, run, run));
    else if (restart.n_superseded == 1 && restart.from == at)
      notes_.push_back(fmt::format("{} records {} {} twice (the second time in line {}); the later row is used",
                                   run_text(run), counter_, value, line));
    else
      notes_.push_back(fmt::format("{} was resumed at {} {} (line {}): {} of {} {} to {} before it {} not used",
                                   run_text(run), counter_, value, line, rows_of(restart.n_superseded), counter_,
                                   number(restart.from), number(restart.to), restart.n_superseded == 1 ? "is" : "are"));
  }
  void add_unsorted(std::size_t n, const std::string& run) {
    notes_.push_back(fmt::format("the rows of {}{} are not in the order of {}; they are sorted", run_text(run),
                                 n > 1 ? fmt::format(" and {} more", n - 1) : "", counter_));
  }
  void finish() const {
    if (count_ > kShownRestarts)
      notes_.push_back(fmt::format("{} more restart{} treated in the same way", count_ - kShownRestarts,
                                   count_ == kShownRestarts + 1 ? " was" : "s were"));
  }

 private:
  std::string counter_;
  std::vector<std::string>& notes_;
  std::size_t count_ = 0;
};

// New names for the parts of runs: `part` of each row, and the number of parts of each run.
RunIds divided_runs(const RunIds& runs, const std::vector<std::uint32_t>& run, const std::vector<std::uint32_t>& part,
                    const std::vector<std::uint32_t>& parts) {
  RunIds out;
  std::vector<std::uint32_t> first;
  for (std::size_t r = 0; r < runs.names.size(); ++r) {
    first.push_back(static_cast<std::uint32_t>(out.names.size()));
    for (std::uint32_t p = 0; p < parts[r]; ++p)
      out.names.push_back(parts[r] == 1 ? runs.names[r] : fmt::format("{} ({})", runs.names[r], p + 1));
  }
  for (std::size_t i = 0; i < run.size(); ++i) out.id.push_back(first[run[i]] + part[i]);
  return out;
}

std::vector<std::uint32_t> parts_of(const std::vector<std::uint32_t>& run, const std::vector<std::uint32_t>& part,
                                    std::size_t n_runs) {
  std::vector<std::uint32_t> parts(n_runs, 1);
  for (std::size_t i = 0; i < run.size(); ++i) parts[run[i]] = std::max(parts[run[i]], part[i] + 1);
  return parts;
}

std::vector<std::size_t> rows_in_use(const std::vector<bool>& superseded) {
  std::vector<std::size_t> kept;
  for (std::size_t row = 0; row < superseded.size(); ++row)
    if (!superseded[row]) kept.push_back(row);
  return kept;
}

// The stream of a run that begins again most often divides the other streams that do so less often.
void divide_at_the_same_places(const std::vector<std::uint32_t>& run, const std::vector<std::uint32_t>& group,
                               const std::vector<std::size_t>& origin, std::size_t n_runs, Segments& segments) {
  std::unordered_map<std::uint32_t, std::vector<std::size_t>> begins;  // of each group: rows of the table
  for (const Restart& restart : segments.restarts)
    if (restart.again) begins[group[restart.row]].push_back(origin[restart.row]);
  std::vector<const std::vector<std::size_t>*> leader(n_runs, nullptr);
  for (const Restart& restart : segments.restarts) {
    if (!restart.again) continue;
    const auto* own = &begins.at(group[restart.row]);
    const auto*& best = leader[run[restart.row]];
    if (best == nullptr || own->size() > best->size()) best = own;
  }
  for (std::size_t i = 0; i < run.size(); ++i) {
    const auto* best = leader[run[i]];
    if (best == nullptr) continue;
    const auto own = begins.find(group[i]);
    if (own != begins.end() && own->second.size() == best->size()) continue;
    segments.part[i] =
        static_cast<std::uint32_t>(std::upper_bound(best->begin(), best->end(), origin[i]) - best->begin());
  }
}

const std::vector<double>* counter_of(const Rows& rows, std::string& name) {
  for (const char* known : {"step", "tokens", "compute"})
    for (std::size_t c = 0; c < rows.data.columns.names.size(); ++c)
      if (rows.data.columns.names[c] == known) {
        name = known;
        return &rows.data.columns.values[c];
      }
  return nullptr;
}

void note_restarts(const Segments& segments, const std::vector<double>& counter, const std::vector<std::size_t>& origin,
                   const RunIds& runs, const std::vector<std::uint32_t>& run, Rows& out, RestartNotes& notes) {
  std::set<std::size_t> noted;  // rows of the table, which streams of one row share
  std::map<std::pair<std::uint32_t, double>, std::size_t> index;
  std::vector<Restart> merged;  // of all streams that restart at the same place
  for (const Restart& restart : segments.restarts) {
    if (out.streams[out.stream[restart.row]].name != "loss" || !noted.insert(origin[restart.row]).second) continue;
    const auto [at, is_new] = index.try_emplace({run[restart.row], counter[restart.row]}, merged.size());
    if (is_new) {
      merged.push_back(restart);
      continue;
    }
    Restart& first = merged[at->second];
    first.n_superseded += restart.n_superseded;
    first.from = std::min(first.from, restart.from);
    first.to = std::max(first.to, restart.to);
  }
  for (const Restart& restart : merged)
    notes.add(restart, counter[restart.row], out.line[restart.row], runs.names[run[restart.row]]);
  notes.finish();
  std::set<std::uint32_t> unsorted;
  for (const std::size_t row : segments.unsorted) unsorted.insert(run[row]);
  if (!unsorted.empty()) notes.add_unsorted(unsorted.size(), runs.names[*unsorted.begin()]);
}

}  // namespace

void follow_restarts(Table& table, const Recognised& found, RunIds& runs, std::vector<std::string>& notes) {
  if (progress_column(found) == kNoColumn || runs.names.size() == table.n_rows()) return;
  const std::vector<double> counter = counters(table, found);
  const Segments segments = segments_of(counter, runs.id, runs.names.size());
  if (segments.restarts.empty()) return;
  RestartNotes said(table.header[progress_column(found)], notes);
  for (const Restart& restart : segments.restarts)
    said.add(restart, counter[restart.row], table.line(restart.row), runs.names[runs.id[restart.row]]);
  said.finish();
  runs = divided_runs(runs, runs.id, segments.part, parts_of(runs.id, segments.part, runs.names.size()));
  const std::vector<std::size_t> kept = rows_in_use(segments.superseded);
  table.keep(kept);
  runs.id = picked(runs.id, kept);
}

void follow_restarts(const RunIds& runs, std::vector<std::size_t> origin, Rows& out) {
  std::vector<std::uint32_t> run = picked(runs.id, origin);
  const auto fill = [&](RunIds ids) {
    out.run_names = ids.names;
    out.run = RowNames(std::move(ids.id), std::move(ids.names));
  };
  std::string name;
  const std::vector<double>* counter = counter_of(out, name);
  if (counter == nullptr) {
    fill({std::move(run), runs.names});
    return;
  }
  std::unordered_map<std::uint64_t, std::uint32_t> index;
  std::vector<std::uint32_t> group;
  group.reserve(run.size());
  for (std::size_t i = 0; i < run.size(); ++i)
    group.push_back(
        index.emplace((std::uint64_t{run[i]} << 32U) | out.stream[i], static_cast<std::uint32_t>(index.size()))
            .first->second);
  Segments segments = segments_of(*counter, group, index.size());
  RestartNotes notes(out.column_of.contains(name) ? out.column_of.at(name) : name, out.notes);
  note_restarts(segments, *counter, origin, runs, run, out, notes);
  if (segments.restarts.empty()) {
    fill({std::move(run), runs.names});
    return;
  }
  divide_at_the_same_places(run, group, origin, runs.names.size(), segments);
  RunIds all = divided_runs(runs, run, segments.part, parts_of(run, segments.part, runs.names.size()));
  const std::vector<std::size_t> kept = rows_in_use(segments.superseded);
  if (kept.size() < run.size()) {
    all.id = picked(all.id, kept);
    out.data = out.data.rows(kept);
    out.stream = picked(out.stream, kept);
    out.line = picked(out.line, kept);
  }
  fill(std::move(all));
}

void keep_last(Table& table, const Recognised& found, RunIds& runs) {
  const std::size_t progress = progress_column(found);
  const auto at_row = [&](std::size_t row) {
    const base::Number number = table.number(row, progress);
    if (number.kind == base::NumberKind::finite) return number.value;
    throw base::InputError(table.place(row, progress),
                           number.kind == base::NumberKind::out_of_range
                               ? fmt::format("expected a number within double precision in column {}, found {}",
                                             table.header[progress], table.text(row, progress))
                               : fmt::format("expected a finite number in column {}, found '{}'",
                                             table.header[progress], table.text(row, progress)));
  };
  std::unordered_map<std::uint32_t, std::size_t> last;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    const auto [at, is_new] = last.emplace(runs.id[row], row);
    if (is_new) continue;
    if (progress == kNoColumn || at_row(row) > at_row(at->second)) {
      at->second = row;
    } else if (at_row(row) == at_row(at->second)) {
      throw base::InputError(
          table.place(row),
          fmt::format("run {} is at {} {} here and in line {}, so more than one run has this name; join columns with "
                      "--col run=a+b",
                      runs.names[at->first], table.header[progress], table.text(row, progress),
                      table.line(at->second)));
    }
  }
  std::vector<std::size_t> kept;
  for (std::size_t row = 0; row < table.n_rows(); ++row)
    if (last.at(runs.id[row]) == row) kept.push_back(row);
  table.keep(kept);
  runs.id = picked(runs.id, kept);
}

}  // namespace phaselaw::tables
