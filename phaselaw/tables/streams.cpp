// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/streams.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <unordered_map>

#include <fmt/ranges.h>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"
#include "phaselaw/tables/left_out_rows.h"
#include "phaselaw/tables/run_columns.h"
#include "phaselaw/tables/seen_rows.h"
#include "phaselaw/tables/units.h"

namespace phaselaw::tables {

namespace {

constexpr std::size_t kMostStreams = 64;

// The value recorded in a cell; unset if the cell is empty. NaN and infinity are numbers here: the run left the finite
// numbers.
std::optional<double> recorded(const Table& table, std::size_t row, std::size_t column, bool count) {
  const base::Number number = count ? table.count(row, column) : table.number(row, column);
  switch (number.kind) {
    case base::NumberKind::finite:
      return number.value;
    case base::NumberKind::missing:
      return {};
    case base::NumberKind::not_finite:
      return table.text(row, column).find_first_of("iI") != std::string::npos ? base::kInfinity : base::kNaN;
    case base::NumberKind::out_of_range:
      return base::kInfinity;
    case base::NumberKind::not_a_number:
      break;
  }
  if (!table.ambiguity(column).empty()) throw base::InputError(table.place(row, column), table.ambiguity(column));
  throw base::InputError(table.place(row, column), fmt::format("expected a number in {}, found '{}'",
                                                               table.header[column], table.text(row, column)));
}

bool is_named_value(const std::string& header) {
  const std::string key = plain_name(header);
  return key == "value" || key == "values" || key == "metricvalue" || key == "val" || key == "y";
}

bool names_a_loss(const std::string& header) {
  const auto word = stream_word(header.substr(header.find_last_of("/.") + 1));  // npos + 1 = 0
  return word && word->names_metric && word->kind == StreamKind::loss;
}

// The rows with a value, in a column with the name of a loss or of values; every row if there is no such column.
std::vector<bool> rows_with_value(const Table& table) {
  std::vector<bool> out(table.n_rows(), false);
  bool any = false;
  for (std::size_t c = 0; c < table.n_columns(); ++c) {
    if (!names_a_loss(table.header[c]) && !is_named_value(table.header[c])) continue;
    any = true;
    for (std::size_t row = 0; row < out.size(); ++row) out[row] = out[row] || !table.is_empty(row, c);
  }
  if (!any) out.assign(table.n_rows(), true);
  return out;
}

// Whether every cell is a word of streams, with at least two words, or one that names a loss. Rows without a value may
// have another word: {"kind": "config", "lr": 3e-4}.
bool names_streams(const Table& table, std::size_t column, const std::vector<bool>& has_value) {
  if (table.holds_numbers(column)) return false;
  std::unordered_map<std::string_view, bool> seen;  // whether a word is one of streams
  std::size_t streams = 0;
  bool metric = false;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    const std::string_view text = table.view(row, column);
    const auto [at, is_new] = seen.emplace(text, false);
    if (is_new) {
      const auto word = stream_word(text);
      at->second = word.has_value();
      if (word) ++streams;
      metric = metric || (word && word->names_metric && word->kind == StreamKind::loss);
    }
    if (seen.size() > kMostStreams || (!at->second && has_value[row])) return false;
  }
  return streams > 1 || (streams == 1 && metric && seen.size() == 1);
}

// "train loss", or the stream's own name if it says the metric
std::string heading_of_stream(const StreamIds& ids, std::size_t stream, const std::string& value) {
  return ids.words[stream].names_metric ? ids.names[stream] : ids.names[stream] + " " + value;
}

// Losses by role, then lr and grad_norm.
std::vector<std::size_t> streams_in_order(const StreamIds& ids) {
  std::vector<std::size_t> order(ids.names.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto key = [&](std::size_t s) { return std::pair(ids.words[s].kind, ids.words[s].role); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  std::erase_if(order, [&](std::size_t s) { return ids.words[s].kind == StreamKind::other; });
  return order;
}

const char* canonical_name(StreamKind kind) {
  return kind == StreamKind::lr ? "lr" : kind == StreamKind::grad_norm ? "grad_norm" : "loss";
}

// InputError at the first value that is none.
void check_values(const Table& table, std::size_t column, bool count) {
  for (std::size_t row = 0; row < table.n_rows(); ++row) (void)recorded(table, row, column, count);
}

// One row for each recorded value of a stream, with its place in the table.
void add_values(const std::vector<std::size_t>& rows, const Factors& factors, std::size_t column, Stream stream,
                Rows& out, std::vector<std::size_t>& origin) {
  const double* factor = factor_of(factors, column);
  out.data.output.reserve(out.data.output.size() + rows.size());
  out.stream.reserve(out.stream.size() + rows.size());
  origin.reserve(origin.size() + rows.size());
  for (const std::size_t row : rows) {
    const auto value = recorded(out.table, row, column, false);
    if (!value) continue;
    out.data.output.push_back(factor != nullptr ? *value * *factor : *value);
    out.stream.push_back(out.streams.size());
    origin.push_back(row);
  }
  out.streams.push_back(std::move(stream));
}

std::vector<std::size_t> every_row(const Table& table) {
  std::vector<std::size_t> rows(table.n_rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

std::vector<std::vector<std::size_t>> rows_by_stream(const StreamIds& ids) {
  std::vector<std::vector<std::size_t>> out(ids.names.size());
  for (std::size_t row = 0; row < ids.id.size(); ++row) out[ids.id[row]].push_back(row);
  return out;
}

// Whether at least half of the rows of the rarest stream have a row of another stream that agrees in all texts and all
// recognised inputs. Streams of other kinds (a score, lr) are always beside a loss.
bool are_of_the_same_runs(const Table& table, const Recognised& found, const std::vector<std::size_t>& streams,
                          const StreamIds& ids) {
  if (std::any_of(ids.words.begin(), ids.words.end(), [](const auto& w) { return w.kind != StreamKind::loss; }))
    return true;
  std::vector<bool> compared(table.n_columns(), false);
  for (std::size_t c = 0; c < compared.size(); ++c)
    compared[c] = !table.holds_numbers(c) && table.number(0, c).kind == base::NumberKind::not_a_number;
  for (const auto& [name, column] : found.column) compared[column] = true;
  for (const std::size_t column : found.outputs) compared[column] = false;
  for (const std::size_t column : streams) compared[column] = false;
  std::vector<std::size_t> key;
  for (std::size_t c = 0; c < compared.size(); ++c)
    if (compared[c]) key.push_back(c);
  if (key.empty()) return false;
  SeenRows seen(table, key);
  std::vector<bool> paired(table.n_rows(), false);
  std::vector<std::size_t> count(ids.names.size(), 0);
  std::size_t n_paired = 0;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    ++count[ids.id[row]];
    const std::size_t first = seen.first_like(row);
    if (ids.id[first] == ids.id[row] || paired[first]) continue;
    paired[first] = true;
    ++n_paired;
  }
  return 2 * n_paired >= *std::min_element(count.begin(), count.end());
}

void add_long_streams(const std::vector<std::size_t>& columns, std::size_t value, const Factors& factors, Rows& out,
                      std::vector<std::size_t>& origin) {
  const StreamIds ids = stream_ids(out.table, columns);
  const auto rows = rows_by_stream(ids);
  for (const std::size_t s : streams_in_order(ids)) {
    const Factors none;  // the factor of a loss is not that of lr
    const bool is_loss = ids.words[s].kind == StreamKind::loss;
    add_values(rows[s], is_loss ? factors : none, value,
               {canonical_name(ids.words[s].kind), heading_of_stream(ids, s, out.table.header[value]),
                ids.words[s].role, ids.names[s]},
               out, origin);
  }
  std::vector<std::string> losses, other;
  for (const Stream& stream : out.streams)
    if (stream.name == "loss") losses.push_back(stream.word);
  out.notes.push_back(
      fmt::format("column {0} names the streams of each run ({1}); to read them as runs, use --col run={0}",
                  text_of(out.table, {columns}), fmt::join(losses, ", ")));
  for (std::size_t s = 0; s < rows.size(); ++s)
    if (ids.words[s].kind == StreamKind::other)
      other.push_back(fmt::format("{} ({})", ids.names[s], rows_of(rows[s].size())));
  if (!other.empty())
    out.notes.push_back(fmt::format("column {} also holds {}; these values are no losses and are not used",
                                    text_of(out.table, {columns}), fmt::join(other, ", ")));
}

}  // namespace

const double* factor_of(const Factors& factors, std::size_t column) {
  const auto at = factors.find(column);
  return at == factors.end() ? nullptr : &at->second;
}

std::vector<std::size_t> stream_columns(const Table& table, std::map<std::string, std::string>& columns) {
  std::vector<std::size_t> out;
  if (table.n_rows() == 0) return out;
  const auto is_mapped = [&](const std::string& header) {
    return std::any_of(columns.begin(), columns.end(), [&](const auto& entry) {
      return entry.second == header || ("+" + entry.second + "+").find("+" + header + "+") != std::string::npos;
    });
  };
  const std::vector<bool> has_value = rows_with_value(table);
  for (std::size_t c = 0; c < table.n_columns() && out.size() < 2; ++c)
    if (names_streams(table, c, has_value)) out.push_back(c);
  if (out.empty()) return out;
  const StreamIds ids = stream_ids(table, out);
  if (std::none_of(ids.words.begin(), ids.words.end(), [](const auto& w) { return w.kind == StreamKind::loss; }))
    return {};
  const bool named = std::any_of(columns.begin(), columns.end(),
                                 [](const auto& entry) { return canonical_column(entry.first) == "loss"; });
  const auto mapped = std::remove_if(out.begin(), out.end(), [&](std::size_t c) { return is_mapped(table.header[c]); });
  out.erase(mapped, out.end());
  if (named || std::any_of(table.header.begin(), table.header.end(), names_a_loss)) return out;
  if (const auto value = std::find_if(table.header.begin(), table.header.end(), is_named_value);
      value != table.header.end())
    columns["loss"] = *value;
  return out;
}

StreamIds stream_ids(const Table& table, const std::vector<std::size_t>& columns) {
  StreamIds out;
  out.id.reserve(table.n_rows());
  std::unordered_map<std::string, std::uint32_t> index;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    std::string name = joined(table, row, columns);
    const auto [at, is_new] = index.emplace(name, static_cast<std::uint32_t>(out.names.size()));
    out.id.push_back(at->second);
    if (!is_new) continue;
    out.words.push_back(stream_word(name).value_or(StreamWord{StreamKind::other, Role::unspecified, false, false}));
    out.names.push_back(std::move(name));
  }
  return out;
}

void keep_stream(Table& table, const Recognised& found, const std::vector<std::size_t>& columns,
                 std::vector<std::string>& notes) {
  const StreamIds ids = stream_ids(table, columns);
  const std::vector<std::size_t> order = streams_in_order(ids);
  if (order.empty() || ids.words[order.front()].kind != StreamKind::loss)
    throw base::InputError({table.source()}, fmt::format("column {} holds no stream of a loss, found: {}",
                                                         text_of(table, {columns}), fmt::join(ids.names, ", ")));
  if (ids.names.size() == 1 || !are_of_the_same_runs(table, found, columns, ids)) return;
  // A validation set before a test set.
  std::size_t chosen = order.front();
  for (const std::size_t s : order)
    if (ids.words[s].kind == StreamKind::loss && ids.words[s].role == ids.words[chosen].role &&
        ids.names[s].starts_with("val") && !ids.names[chosen].starts_with("val"))
      chosen = s;
  const auto rows = rows_by_stream(ids);
  const std::vector<std::size_t>& kept = rows[chosen];
  const std::size_t other = order.front() == chosen && order.size() > 1 ? order[1] : order.front();
  notes.push_back(
      fmt::format("column {} names the streams {}; the {} of {} are used of {}; to use others, set --where {}={}",
                  text_of(table, {columns}), fmt::join(ids.names, ", "), rows_of(kept.size()), ids.names[chosen],
                  table.n_rows(), table.header[columns.front()], table.text(rows[other].front(), columns.front())));
  table.keep(kept);
}

std::vector<StreamRows> loss_rows(const Table& table, const Recognised& found,
                                  const std::vector<std::size_t>& columns) {
  std::vector<StreamRows> out;
  const auto is_recorded = [&](std::size_t row, std::size_t column) {
    return table.number(row, column).kind != base::NumberKind::missing;
  };
  if (!columns.empty()) {
    const StreamIds ids = stream_ids(table, columns);
    const std::size_t value = found.outputs.front();
    auto rows = rows_by_stream(ids);
    for (std::size_t s = 0; s < ids.names.size(); ++s)
      if (ids.words[s].kind == StreamKind::loss) out.push_back({ids.names[s], std::move(rows[s])});
    for (StreamRows& stream : out)
      std::erase_if(stream.rows, [&](std::size_t row) { return !is_recorded(row, value); });
    return out;
  }
  for (const std::size_t column : found.outputs) {
    StreamRows stream{table.header[column], {}};
    for (std::size_t row = 0; row < table.n_rows(); ++row)
      if (is_recorded(row, column)) stream.rows.push_back(row);
    out.push_back(std::move(stream));
  }
  return out;
}

std::vector<std::size_t> add_streams(const Recognised& found, const std::vector<std::size_t>& columns,
                                     const Factors& factors, bool check_only, Rows& out) {
  std::vector<std::size_t> origin;
  const std::vector<std::size_t> every = every_row(out.table);
  const auto heading = [&](std::size_t column) { return out.table.header[column]; };
  if (!columns.empty())
    add_long_streams(columns, found.outputs.front(), factors, out, origin);
  else
    for (const std::size_t column : found.outputs)
      add_values(every, factors, column, {"loss", heading(column), role_of(heading(column)), ""}, out, origin);
  for (const char* name : {"lr", "grad_norm"})
    if (const auto at = found.column.find(name); at != found.column.end()) {
      if (check_only)
        check_values(out.table, at->second, false);
      else
        add_values(every, factors, at->second, {name, heading(at->second), role_of(heading(at->second)), ""}, out,
                   origin);
    }
  for (const char* name : {"step", "tokens", "compute", "flops_per_step", "n_params", "n_data", "unique_tokens"}) {
    const auto at = found.column.find(name);
    if (at == found.column.end()) continue;
    if (check_only && at->second != progress_column(found)) {
      check_values(out.table, at->second, is_count(name));
      continue;
    }
    const double* factor = factor_of(factors, at->second);
    std::vector<double> all(out.table.n_rows());
    for (std::size_t row = 0; factor != nullptr && *factor != 1 && row < all.size(); ++row)
      if (has_own_unit(out.table, row, at->second))
        throw base::InputError(out.table.place(row, at->second),
                               own_unit_text(out.table, row, at->second, name, *factor));
    for (std::size_t row = 0; row < all.size(); ++row)
      all[row] =
          recorded(out.table, row, at->second, is_count(name)).value_or(base::kNaN) * (factor != nullptr ? *factor : 1);
    out.data.columns.add(name, picked(all, origin));
  }
  out.line.reserve(origin.size());
  for (const std::size_t row : origin) out.line.push_back(out.table.line(row));
  return origin;
}

}  // namespace phaselaw::tables
