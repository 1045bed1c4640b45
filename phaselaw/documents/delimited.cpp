// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/delimited.h"

#include <algorithm>
#include <array>

#include "phaselaw/documents/dialect.h"
#include "phaselaw/documents/heading.h"
#include "phaselaw/documents/number_parts.h"

namespace phaselaw::documents {

namespace {

constexpr std::size_t kFirstRecords = 50, kFirstCells = 100000, kMostWordsBelow = 5;

std::vector<std::string> cells_of(std::string_view line, Separator separator) {
  std::vector<std::string> cells;
  RecordScanner scanner(line, separator);
  if (scanner.next()) cells.assign(scanner.cells().begin(), scanner.cells().end());
  return cells;
}

// The cells of a comment line, without its sign; empty if they are not `width`. "#,loss" has an empty first cell.
std::vector<std::string> comment_cells(std::string_view raw, Separator separator, std::size_t width) {
  if (separator == Separator::positions) separator = Separator::wide_blanks;
  raw.remove_prefix(std::min(raw.find_first_not_of("#%/ \t"), raw.find('\t')) == std::string_view::npos
                        ? raw.size()
                        : std::min(raw.find_first_not_of("#%/ "), raw.size()));
  std::vector<std::string> cells = cells_of(raw, separator);
  if (cells.size() != width && raw.starts_with('\t'))
    cells = cells_of(raw.substr(std::min(raw.find_first_not_of(" \t"), raw.size())), separator);
  if (cells.size() != width) cells.clear();
  return cells;
}

bool is_all_empty(std::span<const std::string_view> cells) {
  return std::all_of(cells.begin(), cells.end(), [](std::string_view cell) { return cell.empty(); });
}

// A row of numbers, not a word or a title with a number.
bool is_all_numbers(std::span<const std::string_view> cells) {
  return cells.size() > 1 && !cells.front().empty() && std::all_of(cells.begin(), cells.end(), could_be_number);
}

class DelimitedReader {
 public:
  DelimitedReader(const Document& document, const DocumentOptions& options, Dialect dialect)
      : document_(document), options_(options), dialect_(std::move(dialect)), table_(document.source, document.text) {}

  std::optional<Reading> read() {
    if (dialect_.width > RecordScanner::kMostCells)
      throw base::InputError({document_.source, dialect_.first_line},
                             fmt::format("a line has more than the {} cells that are allowed; split the table",
                                         RecordScanner::kMostCells));
    const FirstLines first = first_lines();
    if (holds_named_values(first)) return {};
    heading_ = heading_of(first, dialect_.width, document_, options_);
    for (const std::string& name : heading_.names) table_.add_column(name);
    table_.reserve(expected_rows());
    RecordScanner scanner = lines();
    while (scanner.next()) take(scanner);
    take_words_below(true);
    if (table_.n_rows() == 0) refuse_no_rows();
    tidy_columns(table_, heading_.line, notes_);
    Reading reading{
        std::move(table_), "delimited text", "", "", std::string(words_of(dialect_.separator)), std::move(notes_), {}};
    if (dialect_.separator == Separator::none) reading.separator.clear();
    if (dialect_.separator == Separator::positions) reading.shape = "table of fixed width";
    for (Skipped& skipped : skipped_)
      if (skipped.count > 0) reading.skipped.push_back(std::move(skipped));
    return reading;
  }

 private:
  enum Reason { comments, above, rules, empty, repeated, cut, below, n_reasons };

  RecordScanner lines() const {
    return {std::string_view(*document_.text).substr(dialect_.begin), dialect_.separator, dialect_.line,
            dialect_.columns};
  }

  FirstLines first_lines() const {
    FirstLines first;
    RecordScanner scanner = lines();
    std::size_t cells = 0;
    while (first.records.size() < kFirstRecords && (cells < kFirstCells || first.records.size() < 5) &&
           scanner.next()) {
      if (scanner.kind() == LineKind::comment && first.records.empty()) {
        first.comment = comment_cells(scanner.raw(), dialect_.separator, dialect_.width);
        first.comment_line = scanner.line();
        continue;
      }
      if (scanner.kind() != LineKind::record) continue;
      if (scanner.line() < dialect_.first_line) {
        first.above = fmt::format(" (and line {} has {} cell{})", scanner.line(), scanner.cells().size(),
                                  scanner.cells().size() == 1 ? "" : "s");
        if (scanner.line() == dialect_.short_heading_line && scanner.cells().size() + 1 == dialect_.width)
          first.short_heading.assign(scanner.cells().begin(), scanner.cells().end());
        continue;
      }
      if (scanner.cells().size() != dialect_.width || is_all_empty(scanner.cells())) continue;
      first.records.emplace_back(scanner.cells().begin(), scanner.cells().end());
      first.lines.push_back(scanner.line());
      cells += scanner.cells().size();
    }
    if (first.records.empty()) refuse_no_rows();
    if (first.comment_line + 1 != first.lines.front()) first.comment.clear();
    return first;
  }

  // "step 100 loss 3.1", "step: 100 loss: 3.1": lines of a log, in which the same words stand before numbers.
  static bool holds_named_values(const FirstLines& first) {
    const auto& records = first.records;
    const std::vector<std::string>& words = records.front();
    std::size_t names = 0;
    for (std::size_t c = 0; c + 1 < words.size() && records.size() > 1; ++c) {
      if (std::all_of(records.begin(), records.end(), [&](const auto& record) { return record[c].ends_with(':'); }))
        return true;
      if (words[c].empty() || could_be_number(words[c]) ||
          std::any_of(records.begin(), records.end(), [&](const auto& record) { return record[c] != words[c]; }))
        continue;
      const bool named = std::all_of(records.begin(), records.end(),
                                     [&](const auto& record) { return could_be_number(record[c + 1]); });
      if (named && c == 0) return true;
      names += named;
    }
    return names > 1;
  }

  std::size_t expected_rows() const {
    const std::string_view text = std::string_view(*document_.text).substr(dialect_.begin);
    const std::string_view sample = sample_of(text);
    const auto ends = static_cast<double>(std::count(sample.begin(), sample.end(), '\n')) + 1;
    return static_cast<std::size_t>(static_cast<double>(text.size()) / static_cast<double>(sample.size()) * ends *
                                    1.05);
  }

  void skip(Reason reason, const RecordScanner& scanner) { skipped_[reason].add(scanner.line(), scanner.raw()); }

  void take(const RecordScanner& scanner) {
    if (scanner.open_quote() != 0)
      throw base::InputError({document_.source, scanner.line(), scanner.open_quote()},
                             "expected a closing quote before the end of the document, found none; close or remove the "
                             "quote that opens here");
    if (scanner.raw().size() > RecordScanner::kLongestLine)
      throw base::InputError({document_.source, scanner.line()},
                             fmt::format("a line has {} bytes, which is more than the {} that are allowed; look for a "
                                         "quote that is not closed",
                                         scanner.raw().size(), RecordScanner::kLongestLine));
    if (scanner.kind() == LineKind::comment) {
      if (scanner.line() != heading_.line) skip(comments, scanner);
    } else if (scanner.kind() == LineKind::rule) {
      skip(rules, scanner);
    } else if (scanner.line() < dialect_.first_line) {
      if (is_all_numbers(scanner.cells()))
        throw base::InputError(
            {document_.source, scanner.line()},
            fmt::format("the line has {} numbers, but the table that begins at line {} has {} cells in "
                        "a line; keep one table in the document, or put # in front of this line to "
                        "leave it out",
                        scanner.cells().size(), dialect_.first_line, dialect_.width));
      if (scanner.line() != dialect_.short_heading_line || !heading_.first_is_row || !options_.names.empty())
        skip(above, scanner);
    } else if (scanner.cells().size() != dialect_.width) {
      take_other_width(scanner);
    } else {
      take_row(scanner);
    }
  }

  void take_row(const RecordScanner& scanner) {
    const auto cells = scanner.cells();
    if (cells.front().empty() && is_all_empty(cells)) return skip(empty, scanner);
    if (!heading_.first_is_row && scanner.line() == heading_.line) return;
    if (cells.front() == heading_.names.front() &&
        std::equal(cells.begin(), cells.end(), heading_.names.begin(), heading_.names.end()))
      return skip(repeated, scanner);
    take_words_below(false);
    if (scanner.after_blank_line()) refuse_second_table(scanner);
    table_.add_row(scanner.line(), cells);
  }

  // Words in all cells, below a blank line and a row of numbers.
  void refuse_second_table(const RecordScanner& scanner) const {
    const auto cells = scanner.cells();
    if (table_.n_rows() == 0 || std::any_of(cells.begin(), cells.end(), could_be_number)) return;
    std::size_t numbers = 0;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const std::string_view previous = table_.view(table_.n_rows() - 1, c);
      numbers += !previous.empty() && could_be_number(previous);
    }
    if (2 * numbers < cells.size()) return;
    throw base::InputError(
        {document_.source, scanner.line()},
        fmt::format("words below a blank line ('{}') look like the heading of a second table; keep one "
                    "table in the document, or put # in front of the lines of the other",
                    cells.front()));
  }

  // Words below the table, or a faulty line: decided by what follows.
  void take_other_width(const RecordScanner& scanner) {
    const auto cells = scanner.cells();
    // A line that is not aligned with columns of fixed width comes as one cell.
    const std::vector<std::string> split =
        cells_of(scanner.raw(), dialect_.separator == Separator::positions ? Separator::blanks : dialect_.separator);
    const bool any_number = std::any_of(split.begin(), split.end(), could_be_number);
    const bool words = !is_all_numbers(cells) &&
                       ((cells.size() == 1 && !any_number) || scanner.after_blank_line() || !words_below_.empty());
    if (words && words_below_.size() < kMostWordsBelow && (!any_number || words_below_.size() < 2)) {
      words_below_.push_back({scanner.line(), scanner.raw(), cells.size()});
      return;
    }
    if (!scanner.is_terminated() && cells.size() < dialect_.width && words_below_.empty() && table_.n_rows() > 0) {
      skip(cut, scanner);
      return;
    }
    take_words_below(false);
    refuse_width(scanner.line(), scanner.raw(), cells.size());
  }

  struct WordsBelow {
    long line = 0;
    std::string_view raw;
    std::size_t cells = 0;
  };

  void take_words_below(bool at_end) {
    if (words_below_.empty()) return;
    if (!at_end) refuse_width(words_below_[0].line, words_below_[0].raw, words_below_[0].cells);
    for (const WordsBelow& words : words_below_) skipped_[below].add(words.line, words.raw);
    words_below_.clear();
  }

  [[noreturn]] void refuse_no_rows() const {
    throw base::InputError({document_.source, dialect_.first_line},
                           "expected rows below the heading, found none; the run may not have written a row yet");
  }

  [[noreturn]] void refuse_width(long line, std::string_view raw, std::size_t found) const {
    constexpr std::size_t kShownBytes = 60;
    throw base::InputError(
        {document_.source, line},
        fmt::format(
            "expected {} cells (separator: {}){}, found {} in '{}{}'; correct the line, or put # in front of it "
            "to leave it out",
            dialect_.width, words_of(dialect_.separator),
            heading_.line > 0 ? fmt::format(" as in the heading at line {}", heading_.line) : "", found,
            raw.substr(0, kShownBytes), raw.size() > kShownBytes ? "..." : ""));
  }

  const Document& document_;
  const DocumentOptions& options_;
  Dialect dialect_;
  Heading heading_;
  Table table_;
  std::vector<std::string> notes_;
  std::vector<WordsBelow> words_below_;
  std::array<Skipped, n_reasons> skipped_ = {
      Skipped{"comment lines"},        Skipped{"lines above the table"},
      Skipped{"lines of dashes"},      Skipped{"rows without a value"},
      Skipped{"repeated headings"},    Skipped{"rows that were cut at the end of the document"},
      Skipped{"lines below the table"}};
};

}  // namespace

std::optional<Reading> read_delimited(const Document& document, const DocumentOptions& options) {
  auto dialect = choose_dialect(document, options);
  if (!dialect) return {};
  auto reading = DelimitedReader(document, options, *std::move(dialect)).read();
  if (!reading) return {};
  reading->compression = document.compression;
  reading->encoding = document.encoding;
  return reading;
}

}  // namespace phaselaw::documents
