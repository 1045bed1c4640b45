// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "phaselaw/base/ascii.h"
#include "phaselaw/documents/prose_table.h"
#include "phaselaw/documents/span_grid.h"

// Tables of HTML: <table> with rows of <td> and <th>. The heading is the rows of <thead> and the first rows of only
// <th>; without them, a first row without numbers. A table within a table is a fault.
namespace phaselaw::documents {

namespace {

struct Tag {
  std::string name;  // lower case, with "/" of an end tag
  std::string_view attributes;
  std::size_t end = 0;
};

// The tag that begins at `at` with "<"; without a name if it is none.
Tag tag_at(std::string_view text, std::size_t at) {
  Tag tag;
  constexpr std::size_t kLongest = 4000;
  if (text.substr(at).starts_with("<!--")) {
    const std::size_t end = text.find("-->", at);
    tag.name = "!";
    tag.end = end == std::string_view::npos ? text.size() : end + 3;
    return tag;
  }
  const std::size_t length = text.substr(at, kLongest).find('>');
  if (length == std::string_view::npos) return {{}, {}, at + 1};
  std::size_t i = at + 1;
  for (; i < at + length && text[i] != ' ' && text[i] != '\n' && text[i] != '\t' && text[i] != '\r'; ++i)
    tag.name += base::lower(text[i]);
  tag.attributes = text.substr(i, at + length - i);
  tag.end = at + length + 1;
  return tag;
}

std::size_t span_of(std::string_view attributes, std::string_view name) {
  const std::size_t at = attributes.find(name);
  if (at == std::string_view::npos) return 1;
  const std::size_t digit = attributes.find_first_not_of("= \"'", at + name.size());
  std::size_t value = 1;
  if (digit != std::string_view::npos)
    std::from_chars(attributes.data() + digit, attributes.data() + attributes.size(), value);
  constexpr std::size_t kMost = 1'000'000;
  return std::clamp<std::size_t>(value, 1, kMost);
}

struct Entity {
  std::string_view name, text;
};
constexpr std::array<Entity, 12> kEntities = {{{"amp", "&"},
                                               {"lt", "<"},
                                               {"gt", ">"},
                                               {"quot", "\""},
                                               {"nbsp", " "},
                                               {"plusmn", "±"},
                                               {"minus", "-"},
                                               {"ndash", "–"},
                                               {"mdash", "—"},
                                               {"times", "x"},
                                               {"#39", "'"},
                                               {"#177", "±"}}};

// The words of a cell without tags and entities: a part of the text if it has none.
std::string_view cell_words(std::string_view raw, ProseTable& table) {
  raw = without_marks(raw);
  if (raw.find_first_of("<&\r\n") == std::string_view::npos) return raw;
  std::string out;
  for (std::size_t i = 0; i < raw.size();) {
    if (raw[i] == '<') {
      const Tag tag = tag_at(raw, i);
      if (tag.name == "br" || tag.name == "br/") out += ' ';
      if (!tag.name.empty()) {
        i = tag.end;
        continue;
      }
    }
    constexpr std::size_t kLongest = 10;
    const std::size_t semicolon = raw[i] == '&' ? raw.substr(i, kLongest).find(';') : std::string_view::npos;
    if (semicolon != std::string_view::npos) {
      const std::string_view name = raw.substr(i + 1, semicolon - 1);
      const auto* entity =
          std::find_if(kEntities.begin(), kEntities.end(), [&](const Entity& e) { return e.name == name; });
      if (entity != kEntities.end()) {
        out += entity->text;
        i += semicolon + 1;
        continue;
      }
    }
    const char c = raw[i++];
    const bool blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!blank || (!out.empty() && out.back() != ' ')) out += blank ? ' ' : c;
  }
  return without_marks(table.copy(std::move(out)));
}

class HtmlReader {
 public:
  HtmlReader(std::string_view text, std::size_t at, long line, ProseTable& table)
      : text_(text), at_(at), counted_(at), line_(line), table_(table) {}

  // The place behind </table>.
  std::size_t read() {
    at_ = tag_at(text_, at_).end;
    for (at_ = text_.find('<', at_); at_ != std::string_view::npos; at_ = text_.find('<', at_)) {
      const Tag tag = tag_at(text_, at_);
      const std::size_t start = std::exchange(at_, tag.end);
      if (tag.name == "table") table_.fail(line_at(start), "a table within a table; keep only one of them");
      const bool cell = tag.name == "td" || tag.name == "th";
      const bool row = tag.name == "tr" || tag.name == "/tr" || tag.name == "/table" || tag.name == "tbody" ||
                       tag.name == "thead" || tag.name == "/thead";
      if (cell || row || tag.name == "/td" || tag.name == "/th") end_cell(start);
      if (tag.name == "tr") begin_row(start);
      if (tag.name == "thead") in_head_ = true;
      if (tag.name == "/thead" || tag.name == "tbody") in_head_ = false;
      if (cell) begin_cell(tag, start);
      if (tag.name == "/table") return finish();
    }
    at_ = text_.size();
    table_.fail(table_.line, "the <table> has no </table>");
    return at_;
  }
  long line_at(std::size_t place) {
    line_ += std::count(text_.begin() + static_cast<long>(counted_), text_.begin() + static_cast<long>(place), '\n');
    counted_ = place;
    return line_;
  }

 private:
  void begin_row(std::size_t start) {
    grid_.begin_row(line_at(start));
    is_heading_.push_back(1);
  }
  void begin_cell(const Tag& tag, std::size_t start) {
    if (grid_.n_rows() == 0) begin_row(start);
    if (tag.name == "td" && !in_head_) is_heading_.back() = 0;
    cell_.columns = span_of(tag.attributes, "colspan");
    cell_.rows = span_of(tag.attributes, "rowspan");
    open_ = true;
    begin_ = tag.end;
  }
  void end_cell(std::size_t end) {
    if (!open_) return;
    open_ = false;
    cell_.text = cell_words(text_.substr(begin_, end - begin_), table_);
    grid_.add(cell_);
  }
  std::size_t finish() {
    std::size_t heading = 0;
    while (heading < grid_.n_rows() && is_heading_[heading] != 0) ++heading;
    if (heading == 0 && grid_.n_rows() > 0) {
      const auto first = grid_.row(0);
      heading =
          std::none_of(first.begin(), first.end(), [](const SpanCell& c) { return looks_numeric(c.text); }) ? 1 : 0;
    }
    grid_.lay_out(table_, heading);
    for (std::string& name : table_.header) name = plain_heading(name);
    return at_;
  }

  std::string_view text_;
  std::size_t at_, counted_, begin_ = 0;
  long line_;
  ProseTable& table_;
  SpanGrid grid_{false};
  SpanCell cell_;
  bool open_ = false, in_head_ = false;
  std::vector<char> is_heading_;
};

}  // namespace

void find_html_tables(std::string_view text, std::vector<ProseTable>& found) {
  long line = 1;
  std::size_t counted = 0;
  const std::size_t most = found.size() + kMostTables;
  for (std::size_t at = text.find('<'); at != std::string_view::npos && found.size() < most; at = text.find('<', at)) {
    const std::string_view begin = text.substr(at, 6);
    const char after = at + 6 < text.size() ? text[at + 6] : '\0';
    if ((begin != "<table" && begin != "<TABLE") || (after != '>' && after != ' ' && after != '\n' && after != '\r')) {
      ++at;
      continue;
    }
    ProseTable table;
    table.syntax = "table of HTML";
    table.begin = at;
    line += std::count(text.begin() + static_cast<long>(counted), text.begin() + static_cast<long>(at), '\n');
    table.line = table.first_line = line;
    HtmlReader reader(text, at, line, table);
    at = table.end = reader.read();
    table.last_line = reader.line_at(at);
    line = table.last_line;
    counted = at;
    found.push_back(std::move(table));
  }
}

}  // namespace phaselaw::documents
