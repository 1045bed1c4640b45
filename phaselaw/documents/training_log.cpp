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

// Calls visit(line, number) for each line; a carriage return ends a line too, as in `Table::place`.
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
      visit(text.substr(begin, stop - begin), ++number);
      begin = stop + 1;
    }
    begin = next;
  }
}

// The beginning, the middle and the end of a text, in whole lines.
std::string sample_of(std::string_view text) {
  if (text.size() <= 3 * kSample) return std::string(text);
  std::string sample;
  for (const std::size_t begin : {std::size_t{0}, text.size() / 2, text.size() - kSample}) {
    std::string_view piece = text.substr(begin, kSample);
    if (begin > 0) piece.remove_prefix(std::min(piece.find('\n'), piece.size() - 1) + 1);
    if (begin + kSample < text.size()) piece = piece.substr(0, piece.rfind('\n') + 1);
    sample += piece;
    if (!sample.empty() && sample.back() != '\n') sample += '\n';
  }
  return sample;
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

// Whether the sample has enough records of this grammar, or lines of values under counters that move.
bool is_log(const LogGrammar& grammar) {
  constexpr std::size_t kFew = 5;
  if (grammar.axis < 0) return false;
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
  for (const LogCounting counting : {LogCounting::named, LogCounting::other_names, LogCounting::leading_number}) {
    if (!is_log(learnt(sample, document.source, counting))) continue;
    LogGrammar grammar = learnt(text, document.source, counting);
    if (grammar.axis < 0) continue;
    LogRows rows(grammar, document);
    LogScanner scanner;
    for_each_line(text, [&](std::string_view line, long number) { rows.add(scanner.scan(line), line, number); });
    return rows.finish();
  }
  require_counter(learnt(sample, document.source, LogCounting::named), document.source);
  return {};
}

}  // namespace phaselaw::documents
