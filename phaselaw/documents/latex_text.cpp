// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/latex_text.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "phaselaw/base/ascii.h"

namespace phaselaw::documents {

namespace {

template <std::size_t n>
bool among(std::string_view word, const std::array<std::string_view, n>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Commands without words of their own: they and their argument are left out.
constexpr std::array<std::string_view, 19> kDropped = {
    "cite",   "citep",  "citet",   "footnote", "footnotemark", "label", "ref",   "cellcolor", "rowcolor", "color",
    "vspace", "hspace", "phantom", "hphantom", "vphantom",     "rule",  "tnote", "raisebox",  "citealp"};
// Commands that change the style of what follows.
constexpr std::array<std::string_view, 21> kStyles = {
    "bfseries",     "bf",         "it",   "itshape",  "em",        "centering", "small",
    "footnotesize", "scriptsize", "tiny", "boldmath", "rm",        "tt",        "sc",
    "displaystyle", "textstyle",  "left", "right",    "downarrow", "uparrow",   "raggedright"};

struct LatexReplacement {
  std::string_view command, words;
};
constexpr std::array<LatexReplacement, 17> kReplaced = {{{"pm", "±"},
                                                         {"textpm", "±"},
                                                         {"sim", "~"},
                                                         {"approx", "~"},
                                                         {"infty", "inf"},
                                                         {"%", "%"},
                                                         {"_", "_"},
                                                         {"&", "&"},
                                                         {"#", "#"},
                                                         {"$", "$"},
                                                         {",", " "},
                                                         {";", " "},
                                                         {":", " "},
                                                         {" ", " "},
                                                         {"\\", " "},
                                                         {"textendash", "-"},
                                                         {"textbackslash", "\\"}}};

// Behind "10^{9}" or "10^9" at this place, the exponent; empty if there is none.
std::string_view exponent_at(std::string_view text, std::size_t at, std::size_t& end) {
  if (text.substr(at, 3) != "10^") return {};
  std::size_t begin = at + 3;
  const bool group = begin < text.size() && text[begin] == '{';
  if (group) ++begin;
  end = begin;
  while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || (text[end] == '-' && end == begin && group)))
    ++end;
  const std::string_view digits = text.substr(begin, end - begin);
  if (digits.empty() || digits == "-") return {};
  if (!group) {  // only one digit is the exponent
    end = begin + 1;
    return digits.substr(0, 1);
  }
  if (end == text.size() || text[end] != '}') return {};
  ++end;
  return digits;
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(" \t\r\n", at), text.size());
}

// Copies the words of a cell, sign by sign.
class PlainWords {
 public:
  explicit PlainWords(std::string_view text) : text_(text) {}

  std::string words() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      std::size_t end = 0;
      if (c == '\\') {
        command();
      } else if (c == '%') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (const bool begins = at_ == 0 || text_[at_ - 1] < '0' || text_[at_ - 1] > '9';
                 begins && !exponent_at(text_, at_, end).empty()) {
        out_ += "1e";
        out_ += exponent_at(text_, at_, end);
        at_ = end;
      } else {
        if (c == '~' || c == '\n' || c == '\r' || c == '\t')
          out_ += ' ';
        else if (c != '{' && c != '}' && c != '$')
          out_ += c;
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  void command() {
    const std::string_view name = command_at(text_, at_);
    const std::size_t begin = at_;
    at_ += 1 + name.size();
    if (name == "times" || name == "cdot") return product(begin);
    if (name == "(" || name == ")" || name == "!" || name == "/" || name.empty()) return;
    const auto same = [&](const LatexReplacement& r) { return r.command == name; };
    if (const auto* word = std::find_if(kReplaced.begin(), kReplaced.end(), same); word != kReplaced.end()) {
      out_ += word->words;
      return;
    }
    if (among(name, kDropped)) {
      at_ = after_group(text_, after_group(text_, at_));
      return;
    }
    if (name == "textcolor" || name == "colorbox") at_ = after_group(text_, at_);
    const bool argument = at_ < text_.size() && text_[at_] == '{';
    if (!argument && !among(name, kStyles)) out_ += name;  // \alpha is alpha
  }
  void product(std::size_t begin) {
    std::size_t end = 0;
    const std::size_t next = skip_blanks(text_, at_);
    const std::string_view exponent = exponent_at(text_, next, end);
    while (out_.ends_with(' ')) out_.pop_back();
    if (exponent.empty() || begin == 0) {
      out_ += "x";
      return;
    }
    out_ += 'e';
    out_ += exponent;
    at_ = end;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

// Commands of style and colour in front of the words of a cell.
std::string_view without_front(std::string_view text) {
  while (true) {
    text = without_blanks(text);
    if (text.starts_with('%')) {
      text = text.substr(std::min(text.find('\n'), text.size()));
      continue;
    }
    const std::string_view name = command_at(text, 0);
    if (name.empty()) return text;
    std::size_t end = 1 + name.size();
    if (name == "cellcolor" || name == "rowcolor" || name == "color")
      end = after_group(text, after_group(text, end));
    else if (!among(name, kStyles))
      return text;
    text = text.substr(std::min(end, text.size()));
  }
}

// The words inside {...}, \command{...} or $...$, if that is the whole cell.
std::string_view unwrapped(std::string_view text) {
  std::size_t begin = 0;
  if (const std::string_view name = command_at(text, 0); !name.empty()) {
    if (!base::is_letter(name[0]) || among(name, kDropped)) return text;
    begin = 1 + name.size();
    if (name == "textcolor" || name == "colorbox") begin = after_group(text, begin);
    if (text.substr(begin).starts_with('[')) begin = after_group(text, begin);
  }
  if (begin >= text.size() || text[begin] != '{') return text;
  if (after_group(text, begin) != text.size() || !text.ends_with('}')) return text;
  return text.substr(begin + 1, text.size() - begin - 2);
}

std::string_view plain_words(std::string_view cell, ProseTable& table) {
  constexpr int kDeepest = 8;
  for (int i = 0; i < kDeepest; ++i) {
    const std::string_view inner = without_marks(unwrapped(without_front(cell)));
    if (inner.size() == cell.size()) break;
    cell = inner;
  }
  if (cell.find_first_of("\\{}$%~^\n\r") == std::string_view::npos) return cell;
  std::string words;
  for (const char c : PlainWords(cell).words())
    if (c != ' ' || (!words.empty() && words.back() != ' ')) words += c;
  while (words.ends_with(' ')) words.pop_back();
  return without_marks(table.copy(std::move(words)));
}

std::size_t whole_number(std::string_view text) {
  const auto number = base::parse_integer(without_blanks(text));
  constexpr std::int64_t kMost = 1'000'000;
  return number && *number > 0 ? static_cast<std::size_t>(std::min(*number, kMost)) : 1;
}

}  // namespace

std::size_t after_group(std::string_view text, std::size_t at) {
  const std::size_t begin = skip_blanks(text, at);
  if (begin >= text.size() || (text[begin] != '{' && text[begin] != '[')) return std::min(at, text.size());
  const char last = text[begin] == '{' ? '}' : ']';
  std::size_t depth = 0;
  for (std::size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}') {
      if (depth > 0) --depth;
      if (depth == 0 && last == '}') return i + 1;
    } else if (text[i] == ']' && last == ']' && depth == 0) {
      return i + 1;
    }
  }
  return text.size();
}

std::string_view command_at(std::string_view text, std::size_t at) {
  if (at + 1 >= text.size() || text[at] != '\\') return {};
  std::size_t end = at + 1;
  while (end < text.size() && base::is_letter(text[end])) ++end;
  if (end == at + 1) ++end;
  return text.substr(at + 1, end - at - 1);
}

SpanCell latex_cell(std::string_view cell, ProseTable& table) {
  SpanCell out;
  constexpr int kDeepest = 3;
  for (int i = 0; i < kDeepest; ++i) {
    cell = without_front(cell);
    const std::string_view name = command_at(cell, 0);
    if (name != "multicolumn" && name != "multirow") break;
    std::size_t begin = 1 + name.size();
    if (cell.substr(begin).starts_with('[')) begin = after_group(cell, begin);
    const std::size_t end = after_group(cell, begin);
    if (end - begin < 2) break;
    (name == "multicolumn" ? out.columns : out.rows) = whole_number(cell.substr(begin + 1, end - begin - 2));
    begin = skip_blanks(cell, end);
    if (cell.substr(begin).starts_with('[')) begin = after_group(cell, begin);
    begin = cell.substr(begin).starts_with('*') ? begin + 1 : after_group(cell, begin);
    if (cell.substr(begin).starts_with('[')) begin = after_group(cell, begin);
    cell = cell.substr(begin);
  }
  out.text = plain_words(cell, table);
  return out;
}

}  // namespace phaselaw::documents
