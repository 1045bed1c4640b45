// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/table.h"

#include <algorithm>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/number.h"
#include "phaselaw/tables/table_formats.h"

namespace phaselaw::tables {

namespace {

struct Field {
  std::string text;
  long line = 0, column = 0;
  std::size_t begin = 0;
};

// Splits text into rows of fields, and keeps the place of each field.
class Scanner {
 public:
  Scanner(std::string_view text, const std::string& source) : text_(text), source_(source) {
    if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);  // a byte order mark
    separator_ = header_holds('\t') ? '\t' : header_holds(';') && !header_holds(',') ? ';' : ',';
  }

  bool done() const { return at_ >= text_.size(); }

  // The next row; empty for an empty line.
  std::vector<Field> row() {
    std::vector<Field> fields;
    if (end_of_line()) return fields;
    while (true) {
      fields.push_back(field());
      if (done() || end_of_line()) return fields;
      if (peek() != separator_)
        fail(fmt::format("expected a separator or the end of the line after the closing quote, found '{}'", peek()));
      next();
      if (done()) {
        fields.push_back({"", line_, column_, at_});
        return fields;
      }
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw base::InputError({source_, line_, column_}, what); }

  bool header_holds(char separator) const {
    bool quoted = false;
    for (const char c : text_) {
      if (c == '"') quoted = !quoted;
      if (!quoted && c == separator) return true;
      if (!quoted && (c == '\n' || c == '\r')) return false;
    }
    return false;
  }

  char peek() const { return text_[at_]; }
  char next() {
    const char c = text_[at_++];
    if (c == '\0') fail("expected text, found a zero byte; the file may be binary");
    if (c == '\n') {
      ++line_;
      column_ = 1;
    } else {
      ++column_;
    }
    return c;
  }

  // Skips a line end, if there is one here.
  bool end_of_line() {
    if (done() || (peek() != '\n' && peek() != '\r')) return false;
    if (next() == '\r') {
      if (!done() && peek() == '\n') {
        next();
      } else {
        ++line_;
        column_ = 1;
      }
    }
    return true;
  }

  Field field() {
    Field field{"", line_, column_, at_};
    if (!done() && peek() == '"') {
      next();
      while (true) {
        if (done())
          throw base::InputError({source_, field.line, field.column},
                                 "expected a closing quote, found the end of the file");
        const char c = next();
        if (c != '"') {
          field.text += c;
        } else if (!done() && peek() == '"') {
          field.text += next();
        } else {
          return field;
        }
      }
    }
    while (!done() && peek() != separator_ && peek() != '\n' && peek() != '\r') {
      if (peek() == '"')
        fail("expected no quote inside an unquoted field; put the whole field in quotes and double the inner quote");
      field.text += next();
    }
    return field;
  }

  std::string_view text_;
  const std::string& source_;
  char separator_ = ',';
  std::size_t at_ = 0;
  long line_ = 1, column_ = 1;
};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

Table parse_table(std::string_view given, const std::string& source) {
  const auto kept = std::make_shared<const std::string>(given.starts_with("\xef\xbb\xbf") ? given.substr(3) : given);
  const std::string_view text = *kept;
  Table table(source, kept);
  Scanner scanner(text, source);
  while (!scanner.done()) {
    std::vector<Field> row = scanner.row();
    if (row.empty()) continue;
    if (table.header.empty()) {
      for (const auto& field : row) {
        const std::string name(trimmed(field.text));
        if (name.empty())
          throw base::InputError({source, field.line, field.column},
                                 "expected a column name in the header row, found nothing");
        if (std::find(table.header.begin(), table.header.end(), name) != table.header.end())
          throw base::InputError({source, field.line, field.column}, fmt::format("column '{}' appears twice", name));
        table.add_column(name);
      }
      continue;
    }
    if (row.size() != table.header.size())
      throw base::InputError(
          {source, row.back().line, row.back().column},
          fmt::format("expected {} fields as in the header, found {}", table.header.size(), row.size()));
    const std::size_t at = table.add_row(row.front().line);
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::size_t quote = text.substr(row[c].begin).starts_with('"') ? 1 : 0;
      const std::string_view own = text.substr(row[c].begin + quote, row[c].text.size());
      table.set(at, c, own == row[c].text ? own : std::string_view(row[c].text));
    }
  }
  if (table.header.empty()) throw base::InputError({source, 1, 1}, "expected a header row, found an empty file");
  if (table.n_rows() == 0) throw base::InputError({source, 2, 1}, "expected rows below the header, found none");
  return table;
}

Table read_table(const std::string& path) {
  const std::string text = base::read_text(path);
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    throw base::InputError({path}, "expected UTF-8, found UTF-16; save the table as UTF-8");
  return looks_like_json(text) ? parse_json_lines(text, path) : parse_table(text, path);
}

}  // namespace phaselaw::tables
