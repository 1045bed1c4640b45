// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/table_formats.h"

#include <map>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/value.h"

namespace phaselaw::tables {

namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view without_mark(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return text;
}

// The line with bare NaN and infinities in quotes.
std::string standard_json(std::string_view line) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size();) {
    if (!quoted) {
      std::size_t length = 0;
      for (const std::string_view word : {"NaN", "-Infinity", "Infinity"})
        if (line.substr(i).starts_with(word)) length = std::max(length, word.size());
      if (length > 0) {
        out += '"';
        out += line.substr(i, length);
        out += '"';
        i += length;
        continue;
      }
    }
    if (quoted && line[i] == '\\' && i + 1 < line.size())
      out += line[i++];
    else if (line[i] == '"')
      quoted = !quoted;
    out += line[i++];
  }
  return out;
}

base::Value parse_line(std::string_view line, const std::string& source, long number) {
  const std::string text = standard_json(line);
  try {
    return base::parse_json(text, source);
  } catch (const base::InputError&) {
    // Parses again for a message with the line number in the file.
    return base::parse_json(std::string(static_cast<std::size_t>(number - 1), '\n') + text, source);
  }
}

using Fields = std::vector<std::pair<std::string, std::string>>;

void flatten(const base::Value& value, const std::string& name, Fields& fields) {
  if (value.is_table()) {
    for (const auto& [key, entry] : value.entries()) flatten(entry, name.empty() ? key : name + "." + key, fields);
  } else if (value.is_integer()) {
    fields.emplace_back(name, std::to_string(value.integer()));
  } else if (value.is_number()) {
    fields.emplace_back(name, fmt::format("{}", value.number()));
  } else if (value.is_text()) {
    fields.emplace_back(name, value.text());
  } else if (value.is_bool()) {
    fields.emplace_back(name, value.boolean() ? "true" : "false");
  } else if (value.is_null()) {
    fields.emplace_back(name, "");
  }
}

}  // namespace

bool looks_like_json(std::string_view text) {
  text = without_mark(text);
  const std::size_t first = text.find_first_not_of(kSpace);
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

Table parse_json_lines(std::string_view text, const std::string& source) {
  text = without_mark(text);
  Table table(source);
  std::map<std::string, std::size_t> column_of;
  long number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    const std::size_t first = line.find_first_not_of(kSpace);
    if (first == std::string_view::npos) continue;
    if (line[first] != '{')
      throw base::InputError({source, number, static_cast<long>(first) + 1},
                             line[first] == '['
                                 ? "expected one JSON object per line, found a list; convert it with jq -c '.[]'"
                                 : "expected one JSON object per line, beginning with '{'");
    Fields fields;
    flatten(parse_line(line, source, number), "", fields);
    for (const auto& [name, value] : fields) {
      const auto [at, is_new] = column_of.emplace(name, table.n_columns());
      if (is_new) table.add_column(name);
    }
    const std::size_t row = table.add_row(number);
    for (const auto& [name, value] : fields) table.set(row, column_of.at(name), value);
  }
  if (table.n_rows() == 0 || table.header.empty())
    throw base::InputError({source, 1}, "expected one JSON object per line, found none with a field");
  return table;
}

}  // namespace phaselaw::tables
