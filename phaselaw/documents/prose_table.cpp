// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/prose_table.h"

#include <algorithm>
#include <array>
#include <utility>

#include "phaselaw/base/ascii.h"

namespace phaselaw::documents {

namespace {

// [x](url) is x; empty if the text is no link.
std::string_view link_words(std::string_view text) {
  if (!text.starts_with('[') || !text.ends_with(')')) return {};
  const std::size_t middle = text.find("](");
  if (middle == std::string_view::npos || text.find("](", middle + 1) != std::string_view::npos) return {};
  return text.substr(1, middle - 1);
}

constexpr std::array<std::string_view, 6> kStyleTags = {"b", "strong", "i", "em", "code", "u"};

// <b>x</b> is x; empty if no such pair is around the text.
std::string_view tagged_words(std::string_view text) {
  if (!text.starts_with('<') || !text.ends_with('>')) return {};
  for (const std::string_view tag : kStyleTags) {
    const std::size_t open = tag.size() + 2, close = tag.size() + 3;
    if (text.size() <= open + close || text.substr(1, tag.size()) != tag || text[open - 1] != '>') continue;
    const std::string_view end = text.substr(text.size() - close);
    if (!end.starts_with("</") || end.substr(2, tag.size()) != tag) continue;
    const std::string_view inner = text.substr(open, text.size() - open - close);
    if (inner.find('<') == std::string_view::npos) return inner;
  }
  return {};
}

std::string_view unmarked_once(std::string_view text) {
  for (const std::string_view mark : {"***", "**", "*", "__", "``", "`", "$"})
    if (text.size() > 2 * mark.size() && text.starts_with(mark) && text.ends_with(mark)) {
      const std::string_view inner = text.substr(mark.size(), text.size() - 2 * mark.size());
      const bool formula = mark == "$" && inner.find('\\') != std::string_view::npos;
      if (inner.find(mark) == std::string_view::npos && !formula) return inner;
    }
  if (const std::string_view link = link_words(text); !link.empty()) return link;
  if (const std::string_view words = tagged_words(text); !words.empty()) return words;
  return text;
}

// The end of a footnote [^1] or of a tag <br> that begins at `at`; `at` if none does.
std::size_t after_remark(std::string_view text, std::size_t at) {
  const bool tag =
      text[at] == '<' && at + 1 < text.size() && (text[at + 1] == '/' || (text[at + 1] >= 'a' && text[at + 1] <= 'z'));
  if (!tag && text.substr(at, 2) != "[^") return at;
  constexpr std::size_t kLongest = 40;
  const std::size_t end = text.substr(at, kLongest).find(tag ? '>' : ']');
  return end == std::string_view::npos ? at : at + end + 1;
}

// The end of a mark at this place of a heading that is left out; `at` if there is none.
std::size_t after_mark(std::string_view text, std::size_t at) {
  for (const std::string_view mark : {"**", "`", "$", "↓", "↑", "⬇", "⬆"})
    if (text.substr(at).starts_with(mark)) return at + mark.size();
  return at;
}

}  // namespace

void ProseTable::skip(const std::string& reason, long number, std::string_view text) {
  auto at = std::find_if(skipped.begin(), skipped.end(), [&](const Skipped& s) { return s.reason == reason; });
  if (at == skipped.end()) at = skipped.insert(skipped.end(), Skipped{.reason = reason});
  at->add(number, text);
}

void ProseTable::fail(long number, std::string text) {
  if (!fault_text.empty()) return;
  fault.line = number;
  fault_text = std::move(text);
}

std::string_view without_blanks(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view without_marks(std::string_view cell) {
  cell = without_blanks(cell);
  if (cell.empty() || std::string_view("*_`$[<-\xE2").find(cell.front()) == std::string_view::npos) return cell;
  constexpr int kDeepest = 6;
  for (int i = 0; i < kDeepest; ++i) {
    const std::string_view inner = without_blanks(unmarked_once(cell));
    if (inner.size() == cell.size()) break;
    cell = inner;
  }
  if (cell == "--" || cell == "---") return cell.substr(0, 1);
  if (cell == "–" || cell == "—") return {};
  return cell;
}

std::string plain_heading(std::string_view heading) {
  heading = without_marks(heading);
  std::string out;
  for (std::size_t i = 0; i < heading.size();) {
    const std::size_t remark = after_remark(heading, i), mark = after_mark(heading, i);
    if (remark != i && heading[i] == '<') out += ' ';
    if (remark != i || mark != i) {
      i = std::max(remark, mark);
      continue;
    }
    if (heading[i] == '[') {  // a link between other words
      constexpr std::size_t kLongest = 400;
      const std::string_view rest = heading.substr(i, kLongest);
      const std::size_t middle = rest.find("](");
      const std::size_t end = middle == std::string_view::npos ? middle : rest.find(')', middle);
      if (end != std::string_view::npos) {
        out += rest.substr(1, middle - 1);
        i += end + 1;
        continue;
      }
    }
    const bool escape = heading[i] == '\\' && i + 1 < heading.size() &&
                        std::string_view("|*_`#").find(heading[i + 1]) != std::string_view::npos;
    if (escape) ++i;
    out += heading[i++];
  }
  std::string words;
  for (const char c : out) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank)
      words += c;
    else if (!words.empty() && words.back() != ' ')
      words += ' ';
  }
  while (words.ends_with(' ')) words.pop_back();
  if (words.ends_with(" ()")) words.resize(words.size() - 3);  // what an arrow leaves
  return words;
}

bool looks_numeric(std::string_view cell) {
  cell = without_marks(cell);
  const std::size_t first = cell.find_first_not_of("+-~$*.<> ");
  if (first != std::string_view::npos && base::is_digit(cell[first])) return true;
  const base::NumberKind kind = base::parse_number(cell).kind;
  return kind == base::NumberKind::not_finite;
}

void join_heading(std::string& heading, std::string_view more) {
  if (more.empty() || heading == more) return;
  if (!heading.empty()) heading += ' ';
  heading += more;
}

}  // namespace phaselaw::documents
