// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/fixed_width.h"

#include <algorithm>

#include "phaselaw/documents/number_parts.h"

namespace phaselaw::documents {

namespace {

constexpr std::size_t kWidest = 4096;  // characters; wider lines are not aligned for people

struct AlignedLines {
  std::vector<std::string_view> records;
  std::string_view rule;  // the first rule, if it has gaps
  bool too_wide = false;
};

AlignedLines aligned_lines(std::string_view sample, long line) {
  AlignedLines lines;
  RecordScanner scanner(sample, Separator::none, line);
  while (scanner.next()) {
    if (scanner.raw().size() > kWidest || scanner.raw().find('\t') != std::string_view::npos) lines.too_wide = true;
    if (scanner.kind() == LineKind::record) lines.records.push_back(scanner.raw());
    if (scanner.kind() == LineKind::rule && lines.rule.empty() &&
        scanner.raw().find_first_not_of("-= ") == std::string_view::npos)
      lines.rule = scanner.raw();
  }
  return lines;
}

// Whether each character position holds a character other than a blank in any line; grows `used` as needed.
void mark_used(std::string_view line, std::vector<bool>& used) {
  std::size_t character = 0;
  for (const char c : line) {
    if ((static_cast<unsigned char>(c) & 0xc0U) == 0x80) continue;
    if (character == used.size()) used.push_back(false);
    if (c != ' ') used[character] = true;
    ++character;
  }
}

std::vector<CharacterRange> runs_of(const std::vector<bool>& used) {
  std::vector<CharacterRange> runs;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    if (i == 0 || !used[i - 1]) runs.push_back({i, i});
    runs.back().end = i + 1;
  }
  return runs;
}

// A heading of two words above one column of narrow cells leaves a run that is empty below the heading; it belongs to
// its neighbour at a distance of one blank.
std::vector<CharacterRange> merged(const std::vector<CharacterRange>& runs, const std::vector<bool>& used_below) {
  const auto is_used = [&](const CharacterRange& run) {
    const auto at = [&](std::size_t i) {
      return used_below.begin() + static_cast<long>(std::min(i, used_below.size()));
    };
    return std::find(at(run.begin), at(run.end), true) != at(run.end);
  };
  std::vector<CharacterRange> out;
  bool last_used = true;
  for (const CharacterRange& run : runs) {
    const bool used = is_used(run);
    if (!out.empty() && run.begin == out.back().end + 1 && (!used || !last_used)) {
      out.back().end = run.end;
      last_used = last_used || used;
      continue;
    }
    out.push_back(run);
    last_used = used;
  }
  return out;
}

// Whether the first line is a heading of words, some column below holds numbers only, and half of all cells are numbers.
// Lines with text between the columns, as a title has, do not count, but most lines must be aligned.
bool holds_numbers(std::string_view sample, long line, const std::vector<CharacterRange>& columns) {
  std::vector<std::size_t> cells(columns.size()), numbers(columns.size());
  RecordScanner scanner(sample, Separator::positions, line, columns);
  bool heading = true;
  std::size_t aligned = 0, others = 0;
  while (scanner.next()) {
    if (scanner.kind() != LineKind::record) continue;
    if (scanner.cells().size() != columns.size()) {
      ++others;
      continue;
    }
    ++aligned;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const std::string_view cell = scanner.cells()[c];
      if (cell.empty()) continue;
      const bool number = could_be_number(cell);
      if (heading && number) return false;
      cells[c] += !heading;
      numbers[c] += !heading && number;
    }
    heading = false;
  }
  std::size_t all = 0, good = 0;
  bool any = false;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    all += cells[c];
    good += numbers[c];
    any = any || (cells[c] > 0 && numbers[c] == cells[c]);
  }
  return any && 2 * good >= all && aligned > others;
}

}  // namespace

std::vector<CharacterRange> fixed_columns(std::string_view sample, long line) {
  const AlignedLines lines = aligned_lines(sample, line);
  if (lines.too_wide || lines.records.size() < 3) return {};
  std::vector<CharacterRange> columns;
  if (lines.rule.find("- -") != std::string_view::npos || lines.rule.find("-  ") != std::string_view::npos ||
      lines.rule.find("= =") != std::string_view::npos || lines.rule.find("=  ") != std::string_view::npos) {
    std::vector<bool> used;
    mark_used(lines.rule, used);
    columns = runs_of(used);
  } else {
    std::vector<bool> used, used_below;
    for (std::size_t i = 0; i < lines.records.size(); ++i) {
      mark_used(lines.records[i], used);
      if (i > 0) mark_used(lines.records[i], used_below);
    }
    columns = merged(runs_of(used), used_below);
  }
  if (columns.size() < 2 || !holds_numbers(sample, line, columns)) return {};
  return columns;
}

}  // namespace phaselaw::documents
