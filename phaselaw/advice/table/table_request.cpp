// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/table/table_request.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/report/format.h"

namespace phaselaw::advice {

namespace {

using base::Value;

ShownColumn shown_column(const documents::Table& table, std::size_t column) {
  ShownColumn out;
  out.heading = table.header[column];
  std::size_t numbers = 0, texts = 0;
  out.lo = base::kInfinity;
  out.hi = -base::kInfinity;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    const base::Number number = table.number(row, column);
    if (number.kind == base::NumberKind::missing) continue;
    if (out.cells++ == 0) out.example = table.text(row, column);
    if (number.kind == base::NumberKind::not_a_number)
      ++texts;
    else
      ++numbers;
    if (number.kind != base::NumberKind::finite) continue;
    out.lo = std::min(out.lo, number.value);
    out.hi = std::max(out.hi, number.value);
  }
  if (!(out.lo <= out.hi)) out.lo = out.hi = base::kNaN;
  if (!table.ambiguity(column).empty()) numbers = std::exchange(texts, 0);
  out.kind = out.cells == 0 ? "empty" : texts == 0 ? "numbers" : numbers == 0 ? "text" : "numbers and text";
  out.fault = table.ambiguity(column);
  return out;
}

void keep_messages(const tables::Rows& rows, TableAnswer& answer) {
  documents::add_once(answer.notes, rows.notes);
  documents::add_once(answer.warnings, rows.warnings);
}

void name_columns(const tables::Rows& rows, TableAnswer& answer) {
  std::unordered_map<std::string_view, std::string> name_of;
  for (const auto& [name, heading] : rows.column_of) name_of[heading] = name;
  for (ShownColumn& column : answer.columns) {
    const auto at = name_of.find(column.heading);
    const std::string key = at == name_of.end() ? column.heading : at->second;
    if (at != name_of.end()) {
      column.name = at->second;
      column.unit = tables::unit_of(at->second);
    }
    if (const auto fault = rows.unusable.find(key); fault != rows.unusable.end() && column.kind != "text")
      column.fault = fault->second;
  }
}

// As fit reads the document. The table shares its cells with that of the document.
void read_fitted(const TableRequest& request, TableAnswer& answer) {
  tables::ReadOptions read = request.read;
  read.any_sign = true;
  read.check_only = !request.keep_rows;
  try {
    tables::Rows rows = tables::rows_from(answer.reading, read);
    keep_messages(rows, answer);
    name_columns(rows, answer);
    answer.fitted = ShownRows{rows.n_rows(), rows.n_runs(), rows.output_column, rows.run_column};
    if (request.keep_rows) answer.rows = std::move(rows);
  } catch (const base::InputError& error) {
    answer.no_rows = error.what();
  }
}

// As diagnose reads it.
void read_curves(const TableRequest& request, TableAnswer& answer) {
  tables::ReadOptions read = request.read;
  read.any_sign = read.every_stream = read.check_only = true;
  read.last = false;
  try {
    const tables::Rows rows = tables::rows_from(answer.reading, read);
    const std::vector<tables::Curve> curves = tables::curves_from(rows);
    keep_messages(rows, answer);
    for (const tables::Curve& curve : curves) {
      documents::add_once(answer.notes, curve.notes);
      answer.curves.push_back({curve.name, curve.quantity, curve.loss.size()});
    }
  } catch (const base::InputError& error) {
    answer.no_curves = error.what();
  }
}

}  // namespace

Value table_json(const TableAnswer& answer) {
  const documents::Reading& reading = answer.reading;
  Value::List columns, skipped, curves;
  for (const ShownColumn& c : answer.columns)
    columns.push_back(Value::table({{"heading", c.heading},
                                    {"name", c.name.empty() ? Value() : Value(c.name)},
                                    {"unit", c.unit.empty() ? Value() : Value(c.unit)},
                                    {"kind", c.kind},
                                    {"cells", c.cells},
                                    {"min", c.lo},
                                    {"max", c.hi},
                                    {"example", c.example},
                                    {"fault", c.fault.empty() ? Value() : Value(c.fault)}}));
  for (const documents::Skipped& s : reading.skipped)
    skipped.push_back(
        Value::table({{"reason", s.reason}, {"count", s.count}, {"lines", Value(s.lines)}, {"example", s.example}}));
  for (const ShownCurve& curve : answer.curves)
    curves.push_back(Value::table({{"name", curve.name}, {"loss", curve.quantity}, {"rows", curve.rows}}));
  return Value::table({{"source", reading.table.source()},
                       {"shape", reading.shape},
                       {"compression", reading.compression.empty() ? Value() : Value(reading.compression)},
                       {"encoding", reading.encoding.empty() ? Value() : Value(reading.encoding)},
                       {"separator", reading.separator.empty() ? Value() : Value(reading.separator)},
                       {"rows", reading.table.n_rows()},
                       {"columns", Value(std::move(columns))},
                       {"skipped", Value(std::move(skipped))},
                       {"fit", Value::table({{"rows", answer.fitted ? Value(answer.fitted->rows) : Value()},
                                             {"runs", answer.fitted ? Value(answer.fitted->runs) : Value()},
                                             {"loss", answer.fitted ? Value(answer.fitted->output_column) : Value()},
                                             {"refused", answer.no_rows.empty() ? Value() : Value(answer.no_rows)}})},
                       {"curves", Value(std::move(curves))},
                       {"curves_refused", answer.no_curves.empty() ? Value() : Value(answer.no_curves)},
                       {"notes", Value(answer.notes)},
                       {"warnings", Value(answer.warnings)}});
}

namespace {

std::string shortened(const std::string& text, std::size_t longest) {
  if (text.size() <= longest) return text;
  std::size_t end = longest - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;  // not within a character
  return text.substr(0, end) + "...";
}

std::string column_text(const TableAnswer& answer) {
  constexpr std::size_t kShown = 40, kExample = 24;
  std::vector<std::vector<std::string>> rows = {{"column", "read as", "unit", "cells", "smallest", "largest", "first"}};
  for (const ShownColumn& c : answer.columns) {
    if (rows.size() > kShown) break;
    const bool numbers = c.lo <= c.hi;
    rows.push_back({shortened(c.heading, kShown), c.name.empty() ? c.kind : c.name, c.unit, base::format_count(c.cells),
                    numbers ? base::format_number(c.lo) : "", numbers ? base::format_number(c.hi) : "",
                    shortened(c.example, kExample)});
  }
  std::string text = report::text_table(rows);
  if (answer.columns.size() >= rows.size())
    text += fmt::format("and {} more columns; --json lists them\n", answer.columns.size() + 1 - rows.size());
  return text;
}

std::string curves_text(const TableAnswer& answer) {
  constexpr std::size_t kShown = 12;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, answer.curves.size()); ++i) {
    const ShownCurve& curve = answer.curves[i];
    text += fmt::format("  {}: {} rows of {}\n", curve.name, base::format_count(curve.rows), curve.quantity);
  }
  if (answer.curves.size() > kShown) text += fmt::format("  and {} more\n", answer.curves.size() - kShown);
  return text;
}

}  // namespace

TableAnswer table(const TableRequest& request, documents::Reading reading) {
  TableAnswer answer;
  answer.reading = std::move(reading);
  for (std::size_t c = 0; c < answer.reading.table.n_columns(); ++c)
    answer.columns.push_back(shown_column(answer.reading.table, c));
  read_fitted(request, answer);
  read_curves(request, answer);
  // A document without usable rows is shown with the reason. Flags that choose columns or rows ask for usable ones.
  const tables::ReadOptions& read = request.read;
  const bool chosen = !read.col.empty() || !read.loss.empty() || !read.scale.empty() || !read.where.empty() ||
                      !read.by.empty() || read.last;
  if (chosen && !answer.no_rows.empty() && !answer.no_curves.empty()) throw base::InputError(answer.no_rows);
  std::vector<std::string> notes = answer.reading.notes;
  documents::add_once(notes, answer.notes);
  answer.notes = std::move(notes);
  return answer;
}

std::string table_text(const TableAnswer& answer) {
  const documents::Reading& reading = answer.reading;
  std::vector<std::string> words = {reading.shape};
  if (!reading.separator.empty()) words.push_back("separated by " + reading.separator);
  if (!reading.encoding.empty()) words.push_back(reading.encoding);
  if (!reading.compression.empty()) words.push_back("compressed by " + reading.compression);
  std::string text =
      fmt::format("{}: {}; {} rows of {} columns\n\n", base::one_line(reading.table.source()), fmt::join(words, ", "),
                  base::format_count(reading.table.n_rows()), base::format_count(reading.table.n_columns()));
  text += column_text(answer) + "\n";
  if (answer.fitted)
    text += fmt::format("for a fit: {} rows with the loss {}{}\n", base::format_count(answer.fitted->rows),
                        answer.fitted->output_column,
                        answer.fitted->run_column.empty()
                            ? ""
                            : fmt::format(", {} runs by {}", answer.fitted->runs, answer.fitted->run_column));
  else
    text += fmt::format("not for a fit: {}\n", answer.no_rows);
  if (answer.no_curves.empty())
    text += fmt::format("for curves: {} curve{}\n{}", answer.curves.size(), answer.curves.size() == 1 ? "" : "s",
                        curves_text(answer));
  else
    text += fmt::format("not for curves: {}\n", answer.no_curves);
  for (const documents::Skipped& skipped : reading.skipped)
    text += fmt::format("not in the table: {}\n", documents::sentence(skipped));
  for (const ShownColumn& column : answer.columns)
    if (!column.fault.empty()) text += fmt::format("not usable: {}\n", column.fault);
  for (const std::string& note : answer.notes)
    if (!note.starts_with("not in the table: ")) text += fmt::format("note: {}\n", note);
  for (const std::string& warning : answer.warnings) text += fmt::format("warning: {}\n", warning);
  return text;
}

}  // namespace phaselaw::advice
