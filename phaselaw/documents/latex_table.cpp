// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "phaselaw/documents/latex_text.h"
#include "phaselaw/documents/prose_table.h"
#include "phaselaw/documents/span_grid.h"

// Tables of LaTeX: \begin{tabular}{..} rows \end{tabular}, and its relatives. The heading is above the first rule that
// follows a row.
namespace phaselaw::documents {

namespace {

struct Environment {
  std::string_view name;
  int arguments = 1;  // in braces
};
constexpr std::array<Environment, 9> kEnvironments = {{{"tabular", 1},
                                                       {"tabular*", 2},
                                                       {"tabularx", 2},
                                                       {"tabulary", 2},
                                                       {"longtable", 1},
                                                       {"longtabu", 1},
                                                       {"tabu", 1},
                                                       {"supertabular", 1},
                                                       {"tblr", 1}}};

constexpr std::array<std::string_view, 8> kRules = {"midrule", "hline",      "specialrule", "Xhline",
                                                    "hlineB",  "thickhline", "hdashline",   "arrayrulecolor"};
constexpr std::array<std::string_view, 14> kDecorations = {
    "toprule", "bottomrule", "cmidrule", "cline",         "addlinespace", "noalign",   "endfoot",
    "label",   "caption",    "rowcolor", "morecmidrules", "cdashline",    "pagebreak", "endlastfoot"};
constexpr std::array<std::string_view, 2> kHeads = {"endfirsthead", "endhead"};

template <std::size_t n>
bool is_one_of(std::string_view name, const std::array<std::string_view, n>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Reads one environment from behind its arguments.
class LatexReader {
 public:
  LatexReader(std::string_view text, std::size_t at, long line, ProseTable& table)
      : text_(text), at_(at), begin_(at), line_(line), row_line_(line), table_(table) {}

  // The place behind \end{...}.
  std::size_t read() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\') {
        if (command()) return at_;
      } else if (c == '%') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == '&' && depth_ == 0 && inner_ == 0) {
        end_cell();
        begin_ = ++at_;
      } else {
        if (c == '{') ++depth_;
        if (c == '}' && depth_ > 0) --depth_;
        if (c == '\n') ++line_;
        ++at_;
      }
    }
    table_.fail(table_.line, "the environment of this table has no \\end, or its braces are not balanced");
    return at_;
  }
  [[nodiscard]] long line() const { return line_; }

 private:
  bool command() {  // true at the end of the environment
    const std::string_view name = command_at(text_, at_);
    const std::size_t start = at_;
    at_ = std::min(at_ + 1 + std::max<std::size_t>(name.size(), 1), text_.size());
    if (name == "\n") ++line_;
    if (name == "begin") {
      ++inner_;
    } else if (name == "end") {
      if (inner_ > 0) {
        --inner_;
        return false;
      }
      if (depth_ > 0) return false;
      end_row(start);
      at_ = after_group(text_, at_);
      finish();
      return true;
    } else if ((name == "\\" || name == "tabularnewline") && depth_ == 0 && inner_ == 0) {
      end_row(start);
      if (at_ < text_.size() && text_[at_] == '*') ++at_;
      if (at_ < text_.size() && text_[at_] == '[') at_ = std::max(at_, after_group(text_, at_));
      begin_ = at_;
    }
    return false;
  }

  void end_cell() { pieces_.push_back(text_.substr(begin_, at_ - begin_)); }

  void end_row(std::size_t end) {
    pieces_.push_back(text_.substr(begin_, end - begin_));
    pieces_.front() = without_rules(pieces_.front());
    const bool empty = pieces_.size() == 1 && without_blanks(pieces_.front()).empty();
    if (!empty) {
      grid_.begin_row(row_line_ + first_line_);
      for (const std::string_view piece : pieces_) grid_.add(latex_cell(piece, table_));
    }
    pieces_.clear();
    row_line_ = line_;
  }

  // The first cell of a row without the rules in front of it, which are noted.
  std::string_view without_rules(std::string_view text) {
    first_line_ = 0;
    for (std::size_t i = 0;;) {
      while (i < text.size() && (std::string_view(" \t\r\n%").find(text[i]) != std::string_view::npos)) {
        if (text[i] == '%') i = std::min(text.find('\n', i), text.size() - 1);
        if (text[i] == '\n') ++first_line_;
        ++i;
      }
      const std::string_view name = command_at(text, i);
      const bool rule = is_one_of(name, kRules);
      const bool head = is_one_of(name, kHeads) || name == "endfoot" || name == "endlastfoot";
      if (!rule && !head && !is_one_of(name, kDecorations)) return text.substr(i);
      i += 1 + name.size();
      if (rule && rule_ == 0) rule_ = grid_.n_rows();
      if (head) end_part(name);
      i = after_arguments(text, i);
    }
  }

  static std::size_t after_arguments(std::string_view text, std::size_t at) {
    while (at < text.size()) {
      if (text[at] == '(') {
        at = std::min(text.find(')', at), text.size() - 1) + 1;
      } else if (text[at] == '[' || text[at] == '{') {
        at = after_group(text, at);
      } else {
        break;
      }
    }
    return at;
  }

  // The parts of a longtable that are printed again on each page are in it once.
  void end_part(std::string_view name) {
    const bool repeated = name != "endfirsthead" && (head_ > 0 || name != "endhead");
    const std::size_t kept = head_ > 0 ? head_ : rule_;
    if (repeated && kept > 0)
      grid_.drop_rows_from(kept);
    else if (!repeated)
      head_ = rule_ = grid_.n_rows();
  }

  void finish() {
    const bool ruled = rule_ > 0 && rule_ < grid_.n_rows();
    std::size_t heading =
        ruled ? (head_ > 0 ? rule_ : heading_rows(grid_, rule_)) : std::min<std::size_t>(grid_.n_rows(), 1);
    if (!ruled && heading == 1) {
      const auto first = grid_.row(0);
      if (std::all_of(first.begin(), first.end(), [](const SpanCell& c) { return looks_numeric(c.text); })) heading = 0;
    }
    grid_.lay_out(table_, heading);
    for (std::string& name : table_.header) name = plain_heading(name);
  }

  std::string_view text_;
  std::size_t at_, begin_;
  long line_, row_line_, first_line_ = 0;
  ProseTable& table_;
  SpanGrid grid_{true};
  std::vector<std::string_view> pieces_;
  std::size_t depth_ = 0, inner_ = 0, rule_ = 0, head_ = 0;
};

bool is_comment(std::string_view text, std::size_t at) {
  constexpr std::size_t kLooked = 1000;
  const std::size_t from = at > kLooked ? at - kLooked : 0;
  const std::string_view before = text.substr(from, at - from);
  const std::size_t begin = before.find_last_of("\r\n");
  const std::size_t percent = before.find('%', begin == std::string_view::npos ? 0 : begin);
  return percent != std::string_view::npos && (percent == 0 || before[percent - 1] != '\\');
}

}  // namespace

void find_latex_tables(std::string_view text, std::vector<ProseTable>& found) {
  constexpr std::string_view kBegin = "\\begin{";
  long line = 1;
  std::size_t counted = 0;
  const std::size_t most = found.size() + kMostTables;
  for (std::size_t at = text.find(kBegin); at != std::string_view::npos && found.size() < most;
       at = text.find(kBegin, at)) {
    const std::size_t start = at;
    at += kBegin.size();
    constexpr std::size_t kLongest = 20;
    const std::string_view name = text.substr(at, text.substr(at, kLongest).find('}'));
    const auto same = [&](const Environment& e) { return e.name == name; };
    const auto* environment = std::find_if(kEnvironments.begin(), kEnvironments.end(), same);
    if (environment == kEnvironments.end() || is_comment(text, start)) continue;
    at += name.size() + 1;
    if (at < text.size() && text[at] == '[') at = after_group(text, at);
    for (int k = 0; k < environment->arguments; ++k) at = after_group(text, at);
    ProseTable table;
    table.syntax = "table of LaTeX";
    table.begin = start;
    line += std::count(text.begin() + static_cast<long>(counted), text.begin() + static_cast<long>(start), '\n');
    table.line = table.first_line = line;
    line += std::count(text.begin() + static_cast<long>(start), text.begin() + static_cast<long>(at), '\n');
    LatexReader reader(text, at, line, table);
    at = reader.read();
    line = table.last_line = reader.line();
    counted = table.end = at;
    found.push_back(std::move(table));
  }
}

}  // namespace phaselaw::documents
