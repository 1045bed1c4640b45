// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/errors.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "phaselaw/base/visible_text.h"

namespace phaselaw::base {

std::string to_string(const Location& where) {
  if (where.line <= 0) return where.source;
  if (where.column <= 0) return fmt::format("{}:{}", where.source, where.line);
  return fmt::format("{}:{}:{}", where.source, where.line, where.column);
}

namespace {

// A message that quotes a very long input, without its middle: the place and the advice remain.
std::string shortened(const std::string& text) {
  constexpr std::size_t kLongest = 4000, kFirst = 2400, kLast = 1200;
  if (text.size() <= kLongest) return text;
  const auto character = [&](std::size_t at) {  // where the character of this byte begins
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80) --at;
    return at;
  };
  return text.substr(0, character(kFirst)) + " ... " + text.substr(character(text.size() - kLast));
}

}  // namespace

InputError::InputError(const std::string& message) : std::runtime_error(shortened(one_line(message))) {}

InputError::InputError(const Location& where, const std::string& what)
    : InputError(where.source.empty() ? what : to_string(where) + ": " + what) {}

namespace {

// Edit distance in which swapping two neighbours is one edit (optimal string alignment), cost |a| |b|.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> above2, above(b.size() + 1), row(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], above2[j - 2] + 1);
    }
    above2 = above;
    above = row;
  }
  return above[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view found, const std::vector<std::string>& known) {
  std::string best;
  constexpr std::size_t kLongestName = 256;  // a longer one is no misspelling of a name
  if (found.size() > kLongestName) return best;
  std::size_t best_distance = std::max<std::size_t>(found.size() / 2, 1) + 1;
  for (const auto& name : known) {
    if (name.size() > kLongestName) continue;
    const std::size_t distance = edit_distance(found, name);
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

std::string unknown_name(std::string_view kind, std::string_view found, const std::vector<std::string>& known) {
  const std::string guess = nearest_name(found, known);
  std::string text = fmt::format("unknown {} '{}'", kind, found);
  if (!guess.empty()) text += fmt::format("; did you mean '{}'?", guess);
  constexpr std::size_t kMostListed = 60;  // a table may have 100,000 columns
  const std::vector<std::string> listed(known.begin(),
                                        known.begin() + static_cast<long>(std::min(known.size(), kMostListed)));
  return text + fmt::format("{} known: {}{}", guess.empty() ? ";" : "", fmt::join(listed, ", "),
                            known.size() > kMostListed ? fmt::format(" and {} more", known.size() - kMostListed) : "");
}

void check_failed(const char* file, int line, const char* condition, const std::string& values) {
  std::fprintf(
      stderr, "phaselaw: internal error at %s:%d: expected %s%s%s. Please report it with the command that caused it.\n",
      file, line, condition, values.empty() ? "" : "; found ", one_line(values).c_str());
  std::abort();
}

}  // namespace phaselaw::base
