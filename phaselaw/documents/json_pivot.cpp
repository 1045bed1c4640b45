// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/json_pivot.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "phaselaw/documents/json_rows.h"

namespace phaselaw::documents {

namespace {

struct JsonEvent {
  std::uint32_t group = 0, series = 0, row = 0;
  double step = 0, time = 0, segment = 0;
};

class JsonEventJoiner {
 public:
  JsonEventJoiner(Reading& reading, const Document& document, const JsonEventColumns& columns)
      : long_(reading.table), document_(document) {
    series_ = long_.column(columns.series);
    value_ = long_.column(columns.value);
    step_ = long_.column(columns.step);
    if (!columns.time.empty()) time_ = long_.column(columns.time);
    for (std::size_t c = 0; c < long_.n_columns(); ++c)
      if (c != series_ && c != value_ && c != step_ && c != time_) others_.push_back(c);
  }

  bool read_events() {
    std::unordered_map<std::string, std::uint32_t> groups;
    std::unordered_map<std::string_view, std::uint32_t> series;
    for (std::size_t row = 0; row < long_.n_rows(); ++row) {
      JsonEvent event;
      event.row = static_cast<std::uint32_t>(row);
      const base::Number step = long_.number(row, step_);
      if (step.kind != base::NumberKind::finite) return false;
      event.step = step.value;
      if (time_ != kNone) {
        const base::Number time = long_.number(row, time_);
        if (time.kind != base::NumberKind::finite) return false;
        event.time = time.value;
      }
      const std::string_view name = long_.view(row, series_);
      const auto [at, is_new] = series.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
      if (is_new) names_.emplace_back(name);
      event.series = at->second;
      event.group = groups.try_emplace(other_cells(row), static_cast<std::uint32_t>(groups.size())).first->second;
      events_.push_back(event);
    }
    return true;
  }

  // Numbers the parts of each series between restarts, and orders the events.
  void order() {
    struct Last {
      double step = -std::numeric_limits<double>::infinity(), segment = 0;
    };
    std::unordered_map<std::uint64_t, Last> last;
    std::unordered_set<std::uint32_t> restarted;
    for (JsonEvent& event : events_) {
      Last& before = last[(std::uint64_t{event.group} << 32U) | event.series];
      if (event.step < before.step) {
        ++before.segment;
        restarted.insert(event.group);
      }
      before.step = event.step;
      event.segment = before.segment;
    }
    const auto rank = [&](const JsonEvent& e) {
      const bool by_time = time_ != kNone && restarted.contains(e.group);
      return std::tuple(e.group, by_time ? e.time : e.segment, e.step, e.row);
    };
    std::sort(events_.begin(), events_.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  }

  Table joined() {
    std::vector<std::size_t> row_of(events_.size());
    std::vector<std::size_t> last_row(names_.size(), kNone);
    std::size_t rows = 0;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      const JsonEvent& event = events_[i];
      const bool same = i > 0 && event.group == events_[i - 1].group && event.step == events_[i - 1].step &&
                        last_row[event.series] != rows - 1;
      rows += same ? 0 : 1;
      last_row[event.series] = row_of[i] = rows - 1;
    }
    check_json_is_not_sparse(rows, others_.size() + names_.size() + 2, events_.size(), document_);
    Table table(long_.source(), document_.text);
    for (const std::size_t c : others_) table.add_column(long_.header[c]);
    if (time_ != kNone) table.add_column(long_.header[time_]);
    const std::size_t step = table.add_column(long_.header[step_]);
    for (const std::string& name : names_) add_series(table, name);
    for (std::size_t i = 0; i < events_.size(); ++i) {
      const std::size_t from = events_[i].row, row = row_of[i];
      if (row == table.n_rows()) {
        table.add_row(long_.line(from));
        for (std::size_t c = 0; c < others_.size(); ++c) table.set(row, c, long_.view(from, others_[c]));
        if (time_ != kNone) table.set(row, step - 1, long_.view(from, time_));
        table.set(row, step, long_.view(from, step_));
      }
      table.set(row, step + 1 + events_[i].series, long_.view(from, value_));
    }
    return table;
  }

 private:
  void add_series(Table& table, const std::string& name) {
    if (taken_.empty()) taken_.insert(table.header.begin(), table.header.end());
    std::string heading = name.empty() ? long_.header[value_] : name;
    while (!taken_.insert(heading).second) heading += "_2";
    table.add_column(std::move(heading));
  }

  [[nodiscard]] std::string other_cells(std::size_t row) const {
    std::string cells;
    for (const std::size_t c : others_) (cells += long_.view(row, c)) += '\0';
    return cells;
  }

  static constexpr std::size_t kNone = ~std::size_t{0};
  const Table& long_;
  const Document& document_;
  std::size_t series_ = 0, value_ = 0, step_ = 0, time_ = kNone;
  std::vector<std::size_t> others_;
  std::vector<std::string> names_;
  std::vector<JsonEvent> events_;
  std::unordered_set<std::string> taken_;
};

}  // namespace

bool join_json_events(Reading& reading, const Document& document, const JsonEventColumns& columns) {
  JsonEventJoiner joiner(reading, document, columns);
  if (!joiner.read_events()) return false;
  joiner.order();
  reading.table = joiner.joined();
  return true;
}

}  // namespace phaselaw::documents
