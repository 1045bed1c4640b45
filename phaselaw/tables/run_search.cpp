// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/run_search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>

#include <fmt/ranges.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"
#include "phaselaw/tables/columns.h"
#include "phaselaw/tables/segments.h"
#include "phaselaw/tables/stream_words.h"

namespace phaselaw::tables {

namespace {

constexpr std::size_t kSampleRows = 8192;
constexpr std::size_t kMostCandidates = 12, kMostInSet = 3;
constexpr std::size_t kKeptFalls = 4;                         // a set may leave one fall in four
constexpr std::array<std::string_view, 19> kOfTheProcess = {  // as plain_name() writes them
    "host",    "hostname", "node",   "pid",        "time",   "date", "timestamp", "job",       "jobid",  "session",
    "attempt", "restart",  "resume", "checkpoint", "device", "gpu",  "walltime",  "createdat", "runtime"};
constexpr std::size_t kMostShown = 3;  // sets in a message

// Rows with their run and counter.
struct Sequence {
  std::vector<std::size_t> rows;
  std::vector<double> counter;       // of each of these rows
  std::vector<std::uint32_t> group;  // their runs
  std::size_t n_groups = 0;
  [[nodiscard]] Segments segments() const { return segments_of(counter, group, n_groups); }
};

Sequence sequence_of(const std::vector<std::size_t>& rows, const std::vector<double>& counter, const RunIds& runs) {
  return {rows, picked(counter, rows), picked(runs.id, rows), runs.names.size()};
}

// How far rows of equal runs are from following each other.
struct Trouble {
  std::size_t n_falls = 0, n_again = 0;
  std::size_t worst = 0;  // stream with the most falls
  std::optional<std::pair<std::size_t, std::size_t>> crossed;
};

Trouble trouble_of(const std::vector<StreamRows>& streams, const std::vector<double>& counter, const RunIds& runs) {
  Trouble out;
  std::size_t most = 0;
  for (std::size_t s = 0; s < streams.size(); ++s) {
    const Segments segments = sequence_of(streams[s].rows, counter, runs).segments();
    out.n_falls += segments.n_falls;
    out.n_again += segments.n_again;
    if (segments.crossed && !out.crossed)
      out.crossed = {streams[s].rows[segments.crossed->earlier], streams[s].rows[segments.crossed->later]};
    if (segments.n_falls > most) {
      most = segments.n_falls;
      out.worst = s;
    }
  }
  return out;
}

// Whether a division of the rows takes the trouble away. What it leaves may be runs that were resumed; if there was
// nothing else before, most of that has to go.
bool is_solved(const Trouble& before, const Trouble& after) {
  if (after.crossed || after.n_again > before.n_again / kKeptFalls) return false;
  const bool only_resumed = !before.crossed && before.n_again == 0;
  return only_resumed ? after.n_falls <= before.n_falls / kKeptFalls : after.n_falls < before.n_falls;
}

Trouble trouble_in(const Segments& segments) {
  Trouble out{segments.n_falls, segments.n_again, 0, std::nullopt};
  if (segments.crossed) out.crossed = {segments.crossed->earlier, segments.crossed->later};
  return out;
}

// Whole counters, evenly spaced among their values, so that rows that share a counter stay together.
std::vector<std::size_t> sample_of_rows(const std::vector<std::size_t>& rows, const std::vector<double>& counter) {
  if (rows.size() <= kSampleRows) return rows;
  std::vector<double> values = picked(counter, rows);
  std::erase_if(values, [](double value) { return std::isnan(value); });
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  const std::size_t every = std::max<std::size_t>(1, std::min(rows.size() / kSampleRows + 1, values.size() / 4));
  std::vector<std::size_t> out;
  for (const std::size_t row : rows) {
    const auto at = std::lower_bound(values.begin(), values.end(), counter[row]) - values.begin();
    if (std::isnan(counter[row]) || static_cast<std::size_t>(at) % every != 0) continue;
    out.push_back(row);
    if (out.size() == kSampleRows) break;
  }
  return out;
}

struct RunCandidate {
  std::size_t column = 0;
  int rank = 0;                       // 0: a usual name of runs; 1: text or a seed; 2: numbers
  std::vector<std::uint32_t> values;  // of each row of the sample: equal for equal cells
};

bool may_name_runs(const std::string& header) {
  const std::string last = header.substr(header.find_last_of("/.") + 1);  // npos + 1 = 0
  const std::string key = plain_name(last);
  if (std::find(kOfTheProcess.begin(), kOfTheProcess.end(), key) != kOfTheProcess.end()) return false;
  const auto word = stream_word(last);
  return !word || !word->names_metric || word->kind == StreamKind::lr;
}

std::optional<RunCandidate> candidate_of(const Table& table, std::size_t column, const std::vector<std::size_t>& rows) {
  RunCandidate out{column, is_run_name(table.header[column]) ? 0 : is_seed_name(table.header[column]) ? 1 : 2, {}};
  std::unordered_map<std::uint64_t, std::uint32_t> seen;
  for (const std::size_t row : rows) {
    if (table.is_empty(row, column)) return std::nullopt;
    out.values.push_back(seen.emplace(table.hash(row, column), static_cast<std::uint32_t>(seen.size())).first->second);
    if (2 * seen.size() > rows.size()) return std::nullopt;
    if (out.rank == 2 && table.number(row, column).kind == base::NumberKind::not_a_number) out.rank = 1;
  }
  if (seen.size() < 2) return std::nullopt;
  return out;
}

std::vector<RunCandidate> candidates_for(const Table& table, const Recognised& found, const RunKey& key,
                                         const std::vector<std::size_t>& rows,
                                         const std::vector<std::size_t>& stream_columns, bool names_only) {
  std::vector<bool> taken(table.header.size(), false);
  for (const char* name : {"step", "tokens", "compute", "epochs", "grad_norm", "lr_sum", "lr_drop", "loss"})
    if (const auto at = found.column.find(name); at != found.column.end()) taken[at->second] = true;
  for (const std::size_t column : found.outputs) taken[column] = true;
  for (const std::size_t column : key.columns) taken[column] = true;
  for (const std::size_t column : stream_columns) taken[column] = true;
  std::vector<RunCandidate> out;
  std::array<std::size_t, 3> count{};
  for (std::size_t c = 0; c < table.header.size(); ++c) {
    if (taken[c] || !may_name_runs(table.header[c]) || (names_only && !is_run_name(table.header[c]))) continue;
    auto candidate = candidate_of(table, c, rows);
    if (!candidate || ++count[static_cast<std::size_t>(candidate->rank)] > kMostCandidates) continue;
    out.push_back(std::move(*candidate));
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.rank < b.rank; });
  return out;
}

// The runs of the sample, divided further by a column.
std::vector<std::uint32_t> divided(const std::vector<std::uint32_t>& group, const std::vector<std::uint32_t>& values,
                                   std::size_t& n_groups) {
  std::unordered_map<std::uint64_t, std::uint32_t> index;
  std::vector<std::uint32_t> out;
  out.reserve(group.size());
  for (std::size_t i = 0; i < group.size(); ++i)
    out.push_back(index.emplace((std::uint64_t{group[i]} << 32U) | values[i], static_cast<std::uint32_t>(index.size()))
                      .first->second);
  n_groups = index.size();
  return out;
}

using ColumnSet = std::vector<std::size_t>;

// The smallest sets of candidates that tell the rows apart, one for each way in which they divide them.
class SetSearch {
 public:
  SetSearch(const std::vector<RunCandidate>& candidates, Sequence sample)
      : candidates_(candidates), sample_(std::move(sample)), before_(trouble_in(sample_.segments())) {}

  // Sets of at most kMostInSet of the first `n` candidates.
  std::vector<ColumnSet> smallest(std::size_t n) {
    found_.clear();
    for (std::size_t size = 1; size <= kMostInSet && found_.empty(); ++size) {
      ways_.clear();
      extend({}, 0, n, size, sample_.group);
    }
    return found_;
  }

 private:
  void extend(const ColumnSet& set, std::size_t from, std::size_t n, std::size_t left,
              const std::vector<std::uint32_t>& group) {
    for (std::size_t i = from; i < n; ++i) {
      std::size_t n_groups = 0;
      const std::vector<std::uint32_t> own = divided(group, candidates_[i].values, n_groups);
      ColumnSet with = set;
      with.push_back(candidates_[i].column);
      if (left > 1) {
        extend(with, i + 1, n, left - 1, own);
        continue;
      }
      if (!is_solved(before_, trouble_in(segments_of(sample_.counter, own, n_groups)))) continue;
      if (std::find(ways_.begin(), ways_.end(), own) != ways_.end()) continue;
      ways_.push_back(own);
      found_.push_back(std::move(with));
    }
  }

  const std::vector<RunCandidate>& candidates_;
  Sequence sample_;
  Trouble before_;
  std::vector<ColumnSet> found_;
  std::vector<std::vector<std::uint32_t>> ways_;
};

struct Search {
  const Table& table;
  const Recognised& found;
  const std::vector<StreamRows>& streams;
  const std::vector<double>& counter;
  std::vector<std::size_t> stream_columns{};
  bool names_only = false;
};

RunKey with_columns(RunKey key, const ColumnSet& set) {
  key.columns.insert(key.columns.end() - static_cast<std::ptrdiff_t>(key.seeds.size()), set.begin(), set.end());
  return key;
}

// Keys that tell the rows apart; empty if none does.
std::vector<RunKey> keys_that_separate(const Search& search, const RunKey& key, const RunIds& runs,
                                       const Trouble& trouble) {
  const std::vector<std::size_t> rows = sample_of_rows(search.streams[trouble.worst].rows, search.counter);
  const std::vector<RunCandidate> candidates =
      candidates_for(search.table, search.found, key, rows, search.stream_columns, search.names_only);
  const auto words = static_cast<std::size_t>(
      std::count_if(candidates.begin(), candidates.end(), [](const auto& c) { return c.rank < 2; }));
  SetSearch sets(candidates, sequence_of(rows, search.counter, runs));
  std::vector<RunKey> out;
  for (const std::size_t n : {words, std::min(candidates.size(), words + kMostCandidates)}) {
    if (!out.empty()) break;
    for (const ColumnSet& set : sets.smallest(n)) {
      if (out.size() == kMostShown) break;
      RunKey with = with_columns(key, set);
      const Trouble left = trouble_of(search.streams, search.counter, run_ids(search.table, with));
      if (is_solved(trouble, left)) out.push_back(std::move(with));
    }
  }
  return out;
}

std::string counter_name(const Search& search) { return search.table.header[progress_column(search.found)]; }

// "run a has two rows at step 100 (lines 2 and 8)"
std::string clash_text(const Search& search, const RunIds& runs, const std::pair<std::size_t, std::size_t>& rows) {
  const std::string& run = runs.names[runs.id[rows.second]];
  const std::string at = search.table.text(rows.second, progress_column(search.found));
  return fmt::format("{} has two rows at {} {} (lines {} and {})", run.empty() ? "the table" : "run " + run,
                     counter_name(search), at, search.table.line(rows.first), search.table.line(rows.second));
}

std::string flags_of(const Search& search, const std::vector<RunKey>& keys) {
  std::vector<std::string> flags;
  for (const RunKey& key : keys) {
    RunKey plain = key;
    plain.by_file = false;
    flags.push_back("--col run=" + text_of(search.table, plain));
  }
  return fmt::format("{}", fmt::join(flags, " or "));
}

[[noreturn]] void refuse_crossed(const Search& search, const RunIds& runs,
                                 const std::pair<std::size_t, std::size_t>& rows, const std::vector<RunKey>& keys) {
  const std::string what = clash_text(search, runs, rows);
  if (!keys.empty())
    throw base::InputError(search.table.place(rows.second),
                           fmt::format("{}, so more than one run has this name; tell the runs apart with {}", what,
                                       flags_of(search, keys)));
  throw base::InputError(
      search.table.place(rows.second),
      fmt::format("{}, and no columns tell apart the runs or records to which they belong; add a column run that names "
                  "the run of each row, or leave the other rows out with --where",
                  what));
}

}  // namespace

void tell_runs_apart(const Table& table, const Recognised& found, const std::vector<StreamRows>& streams,
                     const std::vector<std::size_t>& stream_columns, RunKey& key, std::vector<std::string>& notes) {
  if (progress_column(found) == kNoColumn) return;
  const std::vector<double> counter = counters(table, found);
  const RunIds runs = run_ids(table, key);
  const Trouble trouble = trouble_of(streams, counter, runs);
  if (trouble.n_falls == 0) return;
  const Search search{table, found, streams, counter, stream_columns, false};
  if (key.from_user && !trouble.crossed) return;  // restarts, which the user knows
  const std::vector<RunKey> keys = keys_that_separate(search, key, runs, trouble);
  if (key.from_user || keys.empty()) {
    if (trouble.crossed) refuse_crossed(search, runs, *trouble.crossed, keys);
    return;
  }
  if (keys.size() > 1) {
    std::vector<std::string> names;
    for (const RunKey& one : keys) names.push_back(text_of(table, one));
    throw base::InputError(
        {table.source()}, fmt::format("rows repeat values of {}, and several columns could name their runs: {}; choose "
                                      "with {}",
                                      counter_name(search), fmt::join(names, " or "), flags_of(search, keys)));
  }
  key = keys.front();
  notes.push_back(fmt::format(
      "the runs are named by {}, because {} tells apart the rows with equal {}; to name them by other columns, use "
      "--col run=COLUMN, or --col run=a+b for several",
      text_of(table, key), key.columns.size() > 1 ? "this set of columns" : "this column", counter_name(search)));
}

std::string several_sizes(const Table& table, const Recognised& found, const RunIds& runs) {
  for (const char* name : {"n_params", "n_data"}) {
    const auto column = found.column.find(name);
    if (column == found.column.end()) continue;
    std::vector<std::size_t> first(runs.names.size(), kNoColumn);
    for (std::size_t row = 0; row < table.n_rows(); ++row) {
      std::size_t& earlier = first[runs.id[row]];
      if (earlier == kNoColumn) earlier = row;
      if (!table.same(row, earlier, column->second))
        return fmt::format("run {} has several values of {} (lines {} and {})", runs.names[runs.id[row]],
                           table.header[column->second], table.line(earlier), table.line(row));
    }
  }
  return "";
}

void tell_fitted_runs_apart(const Table& table, const Recognised& found, RunKey& key, std::vector<std::string>& notes,
                            std::vector<std::string>& warnings) {
  if (!key.known()) return;
  const RunIds runs = run_ids(table, key);
  const auto names_groups = [&](const std::string& why) {
    notes.push_back(fmt::format(
        "{} names groups and not single runs, because {}; each row is taken as a run of its own; to name the "
        "runs, use --col run=COLUMN, or --col run=a+b for several columns",
        text_of(table, key), why));
    key = {};
  };
  if (const std::string why = key.from_user ? "" : several_sizes(table, found, runs); !why.empty()) {
    names_groups(why);
    return;
  }
  if (progress_column(found) == kNoColumn) return;
  const std::vector<double> counter = counters(table, found);
  std::vector<StreamRows> streams(1);
  streams[0].rows.resize(table.n_rows());
  std::iota(streams[0].rows.begin(), streams[0].rows.end(), std::size_t{0});
  const Trouble trouble = trouble_of(streams, counter, runs);
  if (!trouble.crossed) return;
  const Search search{table, found, streams, counter, {}, true};
  const std::string what = clash_text(search, runs, *trouble.crossed);
  if (key.from_user) {
    warnings.push_back(fmt::format("{}, so more than one run has this name; join columns with --col run=a+b", what));
    return;
  }
  const std::vector<RunKey> keys = keys_that_separate(search, key, runs, trouble);
  if (keys.size() == 1)
    key = keys.front();
  else
    names_groups(what);
}

}  // namespace phaselaw::tables
