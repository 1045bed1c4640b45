// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/dialect.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <unordered_map>

#include "phaselaw/documents/fixed_width.h"
#include "phaselaw/documents/number_parts.h"

namespace phaselaw::documents {

namespace {

constexpr std::size_t kSampleLines = 5, kSampleBytes = std::size_t{1} << 16, kSampleRecords = 400;
constexpr std::size_t kJudgedCells = 256;  // of a line
constexpr std::size_t kMostTitles = 20;

struct SampleRecord {
  long line = 0;
  std::size_t cells = 0, judged = 0, numbers = 0;
  std::string_view raw;
  std::vector<std::string> first;  // cells, shortened, to show a reading
};

// What one separator makes of the sample.
struct Survey {
  Separator separator = Separator::none;
  std::vector<CharacterRange> columns;
  std::vector<SampleRecord> records;
  std::size_t width = 0, start = 0;  // most frequent number of cells, and the first record that has it
  std::size_t not_empty = 0;         // cells that are not empty
  double consistent = 0;             // share of the records from there on that have it
  double numbers = 0;                // share of their cells, without the first record, that are numbers

  [[nodiscard]] bool has_text_heading() const {
    return start < records.size() && start + 1 < records.size() && records[start].numbers == 0;
  }
};

SampleRecord record_of(const RecordScanner& scanner) {
  SampleRecord record = {scanner.line(), scanner.cells().size(), 0, 0, scanner.raw(), {}};
  for (const std::string_view cell : scanner.cells()) {
    if (record.first.size() < 4) record.first.emplace_back(cell.substr(0, 20));
    if (cell.empty()) continue;
    if (++record.judged > kJudgedCells) break;
    record.numbers += could_be_number(cell);
  }
  return record;
}

// The most frequent number of cells, at least `least`; of two equally frequent ones the larger.
std::size_t usual_width(const std::vector<SampleRecord>& records, std::size_t least) {
  std::unordered_map<std::size_t, std::size_t> counts;
  std::size_t best = 0;
  for (const SampleRecord& record : records)
    if (record.cells >= least) ++counts[record.cells];
  for (const auto& [width, count] : counts)
    if (best == 0 || count > counts[best] || (count == counts[best] && width > best)) best = width;
  return best;
}

Survey survey(std::string_view sample, long line, bool whole, Separator separator,
              std::vector<CharacterRange> columns = {}) {
  Survey result;
  result.separator = separator;
  result.columns = std::move(columns);
  RecordScanner scanner(sample, separator, line, result.columns);
  while (result.records.size() < kSampleRecords && scanner.next()) {
    if (scanner.kind() != LineKind::record) continue;
    if (scanner.open_quote() != 0 && !whole) break;
    result.records.push_back(record_of(scanner));
  }
  std::vector<SampleRecord>& records = result.records;
  if (whole && separator != Separator::none && separator != Separator::positions)  // words below the table
    for (int i = 0; i < 5 && records.size() > 2 && records.back().cells == 1 && records.back().numbers == 0; ++i)
      records.pop_back();
  result.width = usual_width(records, separator == Separator::none ? 1 : 2);
  if (result.width == 0) return result;
  while (records[result.start].cells != result.width) ++result.start;
  std::size_t same = 0, judged = 0, numbers = 0;
  for (std::size_t r = result.start; r < records.size(); ++r) {
    same += records[r].cells == result.width;
    result.not_empty += records[r].judged;
    if (r == result.start && r + 1 < records.size()) continue;
    judged += std::min(records[r].judged, kJudgedCells);
    numbers += std::min(records[r].numbers, kJudgedCells);
  }
  result.consistent = static_cast<double>(same) / static_cast<double>(records.size() - result.start);
  result.numbers = judged == 0 ? 0 : static_cast<double>(numbers) / static_cast<double>(judged);
  return result;
}

bool separates_by_a_sign(Separator separator) {
  return separator == Separator::comma || separator == Separator::semicolon || separator == Separator::tab ||
         separator == Separator::bar;
}

// Otherwise the document is prose with a table inside.
bool has_few_titles(const Survey& s) {
  return s.start <= 3 || (s.start <= kMostTitles && 2 * s.start <= s.records.size());
}

bool is_good(const Survey& s) {
  if (s.width == 0 || s.consistent < 1 || s.numbers == 0 || !has_few_titles(s)) return false;
  if (s.separator != Separator::none) return true;
  // One column: a heading of words without a separator, and numbers only.
  return s.start == 0 && s.numbers == 1 && s.has_text_heading() &&
         s.records[0].raw.find_first_of(",;\t|") == std::string_view::npos;
}

// A table with faulty lines: most lines agree and most cells are numbers. The reader then names the first such line.
bool is_faulty(const Survey& s) {
  return s.width > 1 && has_few_titles(s) && s.numbers >= 0.5 && s.records.size() >= 3 &&
         s.consistent >= (separates_by_a_sign(s.separator) ? 0.6 : 0.9);
}

// Keeps those that `wanted` holds for, if it holds for any.
template <class Wanted>
void prefer(std::vector<const Survey*>& all, Wanted wanted) {
  if (std::any_of(all.begin(), all.end(), wanted)) std::erase_if(all, [&](const Survey* s) { return !wanted(s); });
}

std::string reading_of(const Survey& s) {
  const SampleRecord& record = s.records[s.start + (s.has_text_heading() ? 1 : 0)];
  return fmt::format("with separator '{}', line {} has {} cell{}: {}{}", words_of(s.separator), record.line,
                     record.cells, record.cells == 1 ? "" : "s", fmt::join(record.first, " | "),
                     record.first.size() < record.cells ? " | ..." : "");
}

// Tabs in every line separate the cells; the spaces between them are inside cells, as in 12 000 000. Otherwise spaces
// would have to separate as many words of the same heading.
void drop_spaces_between_tabs(std::vector<const Survey*>& good) {
  const auto tab =
      std::find_if(good.begin(), good.end(), [](const Survey* s) { return s->separator == Separator::tab; });
  if (tab == good.end()) return;
  const Survey& tabs = **tab;
  std::erase_if(good, [&](const Survey* s) {
    if (s->separator != Separator::blanks && s->separator != Separator::wide_blanks) return false;
    return s->start > tabs.start || s->numbers <= tabs.numbers || s->has_text_heading() != tabs.has_text_heading();
  });
}

const Survey& best_of(std::vector<const Survey*> good, const Document& document, const DocumentOptions& options) {
  double most = 0;
  drop_spaces_between_tabs(good);
  for (const Survey* s : good) most = std::max(most, s->numbers);
  prefer(good, [&](const Survey* s) { return s->numbers > most - 1e-9; });
  if (!options.names.empty()) {
    const auto names = static_cast<std::size_t>(std::count(options.names.begin(), options.names.end(), ',')) + 1;
    prefer(good, [&](const Survey* s) { return s->width == names; });
  }
  if (options.decimal == ",") prefer(good, [](const Survey* s) { return s->separator != Separator::comma; });
  prefer(good, [](const Survey* s) { return s->start == 0 && s->width > 1 && s->has_text_heading(); });
  if (most < 1) prefer(good, [](const Survey* s) { return separates_by_a_sign(s->separator); });
  const auto same_cells = [&](Separator a, Separator b) {  // of two that read the same cells, the first stays
    const auto find = [&](Separator x) {
      return std::find_if(good.begin(), good.end(), [&](const Survey* s) { return s->separator == x; });
    };
    if (const auto at = find(a), other = find(b);
        at != good.end() && other != good.end() &&
        ((*at)->width == (*other)->width || (*at)->not_empty == (*other)->not_empty))
      good.erase(other);
  };
  same_cells(Separator::tab, Separator::wide_blanks);
  same_cells(Separator::tab, Separator::blanks);
  same_cells(Separator::blanks, Separator::wide_blanks);
  if (good.size() > 1)
    throw base::InputError(
        {document.source, good[0]->records[good[0]->start].line},
        fmt::format("the separator is not clear: {}; {}; give a name for each column (--names step,loss), give the "
                    "decimal sign (--decimal ,), or save the table with tabs between its cells",
                    reading_of(*good[0]), reading_of(*good[1])));
  return *good.front();
}

// "sep=;", the first line that Excel writes and reads.
bool takes_excel_line(std::string_view text, Dialect& dialect) {
  std::string_view line = text.substr(dialect.begin);
  line = line.substr(0, std::min(line.find_first_of("\r\n"), line.size()));
  const std::string_view bare = line.starts_with('"') && line.ends_with('"') ? line.substr(1, line.size() - 2) : line;
  if (bare.size() != 5 || !(bare.starts_with("sep=") || bare.starts_with("Sep=") || bare.starts_with("SEP=")))
    return false;
  constexpr std::string_view kSigns = ",;\t|";
  const auto at = kSigns.find(bare[4]);
  if (at == std::string_view::npos) return false;
  dialect.separator = static_cast<Separator>(at);
  dialect.begin += line.size();
  if (text.substr(dialect.begin).starts_with("\r\n")) ++dialect.begin;
  dialect.begin = std::min(dialect.begin + 1, text.size());
  dialect.line = 2;
  return true;
}

// A document with a heading and no rows: one line of short words, separated by a sign.
void refuse_heading_alone(const std::vector<Survey>& all, const Document& document) {
  for (const Survey& s : all) {
    if (!separates_by_a_sign(s.separator) || s.records.size() != 1 || s.width < 2 || s.records[0].numbers > 0) continue;
    throw base::InputError({document.source, s.records[0].line},
                           fmt::format("expected rows of numbers below the heading ({}{}), found none; the run may not "
                                       "have written a row yet",
                                       fmt::join(s.records[0].first, ", "), s.width > 4 ? ", ..." : ""));
  }
}

Dialect dialect_of(const Survey& s, Dialect dialect) {
  dialect.separator = s.separator;
  dialect.columns = s.columns;
  dialect.width = s.width;
  dialect.first_line = s.records[s.start].line;
  if (s.start > 0 && (separates_by_a_sign(s.separator) || s.separator == Separator::blanks)) {
    const SampleRecord& above = s.records[s.start - 1];
    if (above.cells + 1 == s.width && above.numbers == 0 && s.records[s.start].numbers > 0)
      dialect.short_heading_line = above.line;
  }
  return dialect;
}

// sample_of cuts a line that is longer than allowed.
bool has_endless_line(std::string_view sample) {
  const std::size_t before = sample.find_last_of("\r\n", sample.size() - 2);
  return sample.size() - (before == std::string_view::npos ? 0 : before + 1) > RecordScanner::kLongestLine;
}

bool begins_like_json(std::string_view text) {
  if (text.starts_with('{')) return true;
  const auto next = text.find_first_not_of(" \t\r\n", 1);
  return text.starts_with('[') && next != std::string_view::npos &&
         std::string_view("[{\"-0123456789]").find(text[next]) != std::string_view::npos;
}

}  // namespace

std::string_view sample_of(std::string_view text) {
  constexpr std::size_t kLongest = RecordScanner::kLongestLine;
  std::size_t end = 0, lines = 0;
  while (end < text.size() && (lines < 2 || (lines < kSampleLines && end < kSampleBytes * 64) || end < kSampleBytes)) {
    const std::size_t next = text.substr(end, kLongest + 1).find_first_of("\r\n");
    if (next == std::string_view::npos) return text.substr(0, end + kLongest + 1);
    end += next;
    end += text.substr(end).starts_with("\r\n") ? 2 : 1;
    ++lines;
  }
  return text.substr(0, end);
}

std::optional<Dialect> choose_dialect(const Document& document, const DocumentOptions& options) {
  const std::string_view text = *document.text;
  Dialect dialect;
  if (text.starts_with("\xef\xbb\xbf")) dialect.begin = 3;
  const bool given = takes_excel_line(text, dialect);
  const std::string_view sample = sample_of(text.substr(dialect.begin));
  const bool whole = dialect.begin + sample.size() == text.size();
  const auto first = sample.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || begins_like_json(sample.substr(first)) ||
      sample.find('\0') != std::string_view::npos || has_endless_line(sample))
    return {};

  std::vector<Survey> all;
  all.reserve(8);  // `good` points into it
  for (const Separator separator : {Separator::comma, Separator::semicolon, Separator::tab, Separator::bar,
                                    Separator::wide_blanks, Separator::blanks, Separator::none})
    if (!given || separator == dialect.separator) all.push_back(survey(sample, dialect.line, whole, separator));
  std::vector<const Survey*> good;
  for (const Survey& s : all)
    if (is_good(s)) good.push_back(&s);
  const auto has_columns = [](const Survey* s) { return s->separator != Separator::none; };
  if (!given && std::none_of(good.begin(), good.end(), has_columns))
    if (auto columns = fixed_columns(sample, dialect.line); !columns.empty()) {
      all.push_back(survey(sample, dialect.line, whole, Separator::positions, std::move(columns)));
      if (is_good(all.back())) return dialect_of(all.back(), dialect);
    }
  if (!good.empty()) return dialect_of(best_of(good, document, options), dialect);
  refuse_heading_alone(all, document);
  const Survey* faulty = nullptr;
  for (const Survey& s : all)
    if (is_faulty(s) && (faulty == nullptr || s.consistent * s.numbers > faulty->consistent * faulty->numbers))
      faulty = &s;
  if (faulty == nullptr) return {};
  return dialect_of(*faulty, dialect);
}

}  // namespace phaselaw::documents
