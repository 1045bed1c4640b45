// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/training_log.h"

#include <algorithm>
#include <cstring>
#include <string>

#include <fmt/format.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/log_grammar.h"
#include "phaselaw/documents/log_rows.h"

namespace phaselaw::documents {

namespace {

constexpr std::size_t kLongestLine = std::size_t{16} << 20;
constexpr std::size_t kSample = std::size_t{256} << 10;

// Calls visit(line, number) for each line that is not empty; a carriage return ends a line too, as in `Table::place`.
template <class Visit>
void for_each_line(std::string_view text, const Visit& visit) {
  long number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const void* end_of_line = std::memchr(text.data() + begin, '\n', text.size() - begin);
    std::size_t end = end_of_line == nullptr
                          ? text.size()
                          : static_cast<std::size_t>(static_cast<const char*>(end_of_line) - text.data());
    const std::size_t next = end + 1;
    if (end > begin && end < text.size() && text[end - 1] == '\r') --end;
    while (begin <= end) {
      const void* carriage = begin == end ? nullptr : std::memchr(text.data() + begin, '\r', end - begin);
      const std::size_t stop =
          carriage == nullptr ? end : static_cast<std::size_t>(static_cast<const char*>(carriage) - text.data());
      ++number;
      if (stop > begin) visit(text.substr(begin, stop - begin), number);
      begin = stop + 1;
    }
    begin = next;
  }
}

// The beginning, the middle and the end of a text, in whole lines; the beginning has at least kFewLines unless they are
// very long.
std::string sample_of(std::string_view text) {
  constexpr std::size_t kFewLines = 8;
  std::size_t start = std::min(kSample, text.size()), lines = 0;
  for (std::size_t i = 0; i < std::min(2 * kLongestLine, text.size()) && lines < kFewLines; ++i)
    if (text[i] == '\n' || text[i] == '\r') {
      ++lines;
      start = std::max(start, i + 1);
    }
  if (text.size() <= start + 2 * kSample) return std::string(text);
  std::string sample(text.substr(0, text.substr(0, start).find_last_of("\r\n") + 1));
  for (const std::size_t begin : {start + (text.size() - start) / 2 - kSample / 2, text.size() - kSample}) {
    std::string_view piece = text.substr(begin, kSample);
    piece.remove_prefix(std::min(piece.find_first_of("\r\n"), piece.size() - 1) + 1);
    if (begin + kSample < text.size()) piece = piece.substr(0, piece.find_last_of("\r\n") + 1);
    sample.append(piece).push_back('\n');
  }
  return sample;
}

// A log of lines with ever new names would be a table of mostly empty cells.
void require_dense(const LogGrammar& grammar, const std::string& source) {
  constexpr std::size_t kMost = std::size_t{1} << 26, kShare = 50;
  std::size_t columns = 0, filled = 0;
  for (std::uint32_t id = 0; id < grammar.names.size(); ++id) {
    columns += grammar.names[id].counted > 0 ? 1 : 0;
    filled += grammar.names[id].counted;
  }
  const std::size_t cells = columns * grammar.records;
  if (cells <= kMost || filled > cells / kShare) return;
  throw base::InputError(
      {source},
      fmt::format("the log has {} lines with a counter and {} different names, and a line has {} of them on "
                  "average, so nearly all of the table would be empty; keep the lines of interest, for example "
                  "with: grep loss LOG",
                  grammar.records, columns, (filled + grammar.records / 2) / grammar.records));
}

LogGrammar learnt(std::string_view text, const std::string& source, LogCounting counting) {
  LogGrammar grammar(source, counting);
  LogScanner scanner;
  for_each_line(text, [&](std::string_view line, long number) {
    if (line.size() > kLongestLine)
      throw base::InputError({source, number},
                             fmt::format("the line has {} bytes, which is more than the {} that are allowed; "
                                         "remove it from the log",
                                         line.size(), kLongestLine));
    grammar.learn(scanner.scan(line), number);
  });
  grammar.conclude();
  return grammar;
}

// Lines of JSON, or one JSON document.
bool is_json(std::string_view sample) {
  std::size_t lines = 0, json = 0;
  for_each_line(sample, [&](std::string_view line, long) {
    const auto first = line.find_first_not_of(" \t");
    if (first == line.npos) return;
    ++lines;
    const char c = line[first];
    const auto next = line.find_first_not_of(" \t", first + 1);
    const char after = next == line.npos ? '\n' : line[next];
    if (c == '}' || c == ']' || c == '"') ++json;
    if ((c == '{' || c == '[') && (after == '"' || after == '\n' || after == '{' || after == '[' || after == '}'))
      ++json;
  });
  return lines > 0 && json * 10 >= lines * 9;
}

// Lines such as "params=70M tokens=1.4B loss=3.4": a row for each, if a name tells runs apart and a name is a loss.
bool is_list_of_runs(const LogGrammar& grammar) {
  constexpr std::size_t kFew = 3;
  if (grammar.valued < kFew || grammar.valued * 10 < grammar.lines * 9) return false;
  bool size = false, measure = false;
  for (std::uint32_t id = 0; id < grammar.names.size(); ++id) {
    if (grammar.names[id].alone * 10 < grammar.valued * 9) continue;
    size = size || is_size_name(grammar.names[id].text);
    measure = measure || grammar.names[id].loss_like;
  }
  return size && measure;
}

// Whether the sample has enough records of this grammar, or lines of values under counters that move.
bool is_log(const LogGrammar& grammar) {
  constexpr std::size_t kFew = 5;
  if (grammar.counting() == LogCounting::each_line) return is_list_of_runs(grammar);
  if (grammar.axis < 0) return false;
  if (grammar.counting() == LogCounting::leading_number && grammar.joined_records * 2 < grammar.records) return false;
  std::size_t often = 0, measures = 0;
  for (std::uint32_t id = 0; id < grammar.names.size(); ++id) {
    const LogName& name = grammar.names[id];
    if (name.counter != LogCounter::none && name.counter != LogCounter::other) continue;
    often = std::max<std::size_t>(often, std::max(name.counted, name.alone));
    if (name.loss_like) measures += name.counted;
  }
  const std::size_t records = std::max(grammar.records, grammar.valued);
  if (records < 2 || (often < 2 && measures < 2)) return false;
  return records >= kFew || records * 5 >= grammar.lines;
}

// "name: value" lines without anything that counts.
void require_counter(const LogGrammar& grammar, const std::string& source) {
  constexpr std::size_t kFew = 5, kListed = 8;
  if (grammar.valued < kFew || grammar.valued * 2 < grammar.lines) return;
  bool measures = false;
  std::vector<std::string> names;
  for (std::uint32_t id = 0; id < grammar.names.size(); ++id) {
    const LogName& name = grammar.names[id];
    if (name.alone * 2 < grammar.lines) continue;
    measures = measures || name.loss_like;
    if (names.size() < kListed) names.push_back(name.text);
  }
  if (!measures) return;
  throw base::InputError(
      {source}, fmt::format("{} of {} lines hold values with the names {}, but none of them counts: expected a number "
                            "after step, iter, iteration, epoch or update that moves from line to line, or a number at "
                            "the beginning of each line; number the lines, for example with: nl -ba -s ' ' LOG",
                            grammar.valued, grammar.lines, fmt::join(names, ", ")));
}

}  // namespace

std::optional<Reading> read_log(const Document& document, const DocumentOptions&) {
  const std::string_view text = *document.text;
  const std::string sample = sample_of(text);
  if (is_json(sample)) return {};
  for (const LogCounting counting :
       {LogCounting::named, LogCounting::leading_number, LogCounting::each_line, LogCounting::other_names}) {
    const LogGrammar first = learnt(sample, document.source, counting);
    if (!is_log(first) || (counting == LogCounting::named && first.lead_counts())) continue;
    LogGrammar grammar = learnt(text, document.source, counting);
    if (grammar.axis < 0 && counting != LogCounting::each_line) continue;
    require_dense(grammar, document.source);
    LogRows rows(grammar, document);
    LogScanner scanner;
    for_each_line(text, [&](std::string_view line, long number) { rows.add(scanner.scan(line), line, number); });
    Reading reading = rows.finish();
    if (counting == LogCounting::each_line)
      reading.notes.push_back("no number counts steps, so each line is a row of its own");
    return reading;
  }
  require_counter(learnt(sample, document.source, LogCounting::named), document.source);
  return {};
}

}  // namespace phaselaw::documents
