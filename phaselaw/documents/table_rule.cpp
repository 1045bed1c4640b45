// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/table_rule.h"

#include <algorithm>

#include "phaselaw/documents/prose_table.h"

namespace phaselaw::documents {

namespace {

enum class RuleSign { none, blank, dash, doubled_dash, colon, bar, joint };

struct BoxSign {
  RuleSign sign = RuleSign::none;
  std::size_t bytes = 0;
};

// U+2500 to U+257F, three bytes each in UTF-8.
BoxSign box_sign(std::string_view text) {
  if (text.size() < 3 || text[0] != '\xE2' || (text[1] != '\x94' && text[1] != '\x95')) return {};
  const auto low = static_cast<unsigned char>(text[2]);
  if (low < 0x80 || low > 0xBF) return {};
  const unsigned code = (text[1] == '\x94' ? 0x2500U : 0x2540U) + (low - 0x80U);
  switch (code) {
    case 0x2500:
    case 0x2501:
    case 0x2504:
    case 0x2505:
    case 0x2508:
    case 0x2509:
    case 0x254C:
    case 0x254D:
    case 0x2574:
    case 0x2576:
    case 0x2578:
    case 0x257A:
    case 0x257C:
    case 0x257E:
      return {RuleSign::dash, 3};
    case 0x2550:
      return {RuleSign::doubled_dash, 3};
    case 0x2502:
    case 0x2503:
    case 0x2506:
    case 0x2507:
    case 0x250A:
    case 0x250B:
    case 0x254E:
    case 0x254F:
    case 0x2551:
      return {RuleSign::bar, 3};
    default:
      return {RuleSign::joint, 3};
  }
}

RuleSign ascii_sign(char c) {
  switch (c) {
    case ' ':
    case '\t':
      return RuleSign::blank;
    case '-':
      return RuleSign::dash;
    case '=':
      return RuleSign::doubled_dash;
    case ':':
      return RuleSign::colon;
    case '|':
      return RuleSign::bar;
    case '+':
      return RuleSign::joint;
    default:
      return RuleSign::none;
  }
}

// The rule sign at the beginning of a text; box characters have three bytes.
BoxSign rule_sign(std::string_view text) {
  if (text[0] == '\xE2') return box_sign(text);
  return {ascii_sign(text[0]), 1};
}

// Bytes of the bar at this place; 0 if there is none.
std::size_t bar_bytes(std::string_view text, bool box) {
  if (!box) return text[0] == '|' ? 1 : 0;
  if (text[0] != '\xE2') return 0;
  const BoxSign sign = box_sign(text);
  return sign.sign == RuleSign::bar ? sign.bytes : 0;
}

bool is_escaped(std::string_view text, std::size_t at) {
  std::size_t slashes = 0;
  while (slashes < at && text[at - slashes - 1] == '\\') ++slashes;
  return slashes % 2 == 1;
}

}  // namespace

std::optional<TableRule> table_rule(std::string_view line) {
  line = without_blanks(line);
  if (line.empty()) return {};
  TableRule rule;
  std::size_t run = 0, joints = 0;
  bool blank = false;
  for (std::size_t i = 0; i < line.size();) {
    const BoxSign at = rule_sign(line.substr(i));
    switch (at.sign) {
      case RuleSign::none:
        return {};
      case RuleSign::blank:
        blank = true;
        break;
      case RuleSign::dash:
      case RuleSign::doubled_dash:
        if (run > 0 && blank) return {};  // columns between blanks are another syntax
        if (run++ == 0) ++rule.segments;
        rule.longest = std::max(rule.longest, run);
        rule.doubled = rule.doubled || at.sign == RuleSign::doubled_dash;
        blank = false;
        break;
      case RuleSign::colon:
        rule.aligned = true;
        break;
      case RuleSign::bar:
      case RuleSign::joint:
        ++joints;
        if (i == 0) {
          rule.bar_first = at.sign == RuleSign::bar;
          rule.framed = at.sign == RuleSign::joint;
        } else if (i + at.bytes < line.size()) {
          rule.plus = rule.plus || at.sign == RuleSign::joint;
        }
        run = 0;
        blank = false;
        break;
    }
    rule.box = rule.box || at.bytes == 3;
    i += at.bytes;
  }
  if (joints == 0 || rule.segments == 0) return {};
  return rule;
}

bool has_bar(std::string_view line, bool box) {
  if (!box) return line.find('|') != std::string_view::npos;
  for (std::size_t i = line.find('\xE2'); i != std::string_view::npos; i = line.find('\xE2', i + 1))
    if (bar_bytes(line.substr(i), box) > 0) return true;
  return false;
}

bool begins_with_bar(std::string_view line, bool box) {
  line = without_blanks(line);
  return !line.empty() && bar_bytes(line, box) > 0;
}

void bar_row(std::string_view line, bool box, bool escapes, bool outer_bars, BarRow& row) {
  row.cells.clear();
  row.bar_first = false;
  line = outer_bars ? without_blanks(line) : line;
  std::size_t begin = 0, last_bar_end = 0;
  const char lead = box ? '\xE2' : '|';
  for (std::size_t i = line.find(lead); i != std::string_view::npos; i = line.find(lead, i)) {
    const std::size_t bytes = bar_bytes(line.substr(i), box);
    if (bytes == 0 || (escapes && is_escaped(line, i))) {
      ++i;
      continue;
    }
    if (outer_bars && i == 0)
      row.bar_first = true;
    else
      row.cells.push_back(without_blanks(line.substr(begin, i - begin)));
    begin = i += bytes;
    last_bar_end = begin;
  }
  row.bar_last = outer_bars && last_bar_end == line.size() && last_bar_end > 0;
  if (!row.bar_last || row.cells.empty()) row.cells.push_back(without_blanks(line.substr(begin)));
}

}  // namespace phaselaw::documents
