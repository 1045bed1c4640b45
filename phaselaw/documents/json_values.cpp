// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/json_values.h"

#include <algorithm>

#include "phaselaw/base/errors.h"

namespace phaselaw::documents {

namespace {

constexpr std::string_view kJsonBlank(" \t\r\n\0", 5);

// The first byte from `at` on that is not blank; '\0' at the end.
char solid_json_byte(std::string_view text, std::size_t& at) {
  at = std::min(text.find_first_not_of(kJsonBlank, at), text.size());
  return at < text.size() ? text[at] : '\0';
}

bool begins_with_json_word(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return text.starts_with(word); });
}

// Whether a first value with a fault was meant as JSON, rather than as a line such as "[12:30] step 1" or a Python
// dictionary.
bool is_meant_as_json(std::string_view text, std::size_t begin, const JsonFault& fault) {
  if (fault.final) return true;
  if (begins_with_json_word(text.substr(fault.place), {"'", "None", "True", "False"})) return false;
  std::size_t at = begin + 1;
  const char inner = solid_json_byte(text, at);
  if (text[begin] == '{' || inner == '"' || inner == '{') {
    if (inner == '{') solid_json_byte(text, ++at);
    return text[at] == '"';
  }
  constexpr std::size_t kSample = 4096;
  const std::string_view before = text.substr(begin, std::min(fault.place - begin, kSample));
  return std::count(before.begin(), before.end(), ',') >= 2;
}

std::string json_found_at(std::string_view text, std::size_t place) {
  if (place >= text.size()) return "the end of the document";
  const char c = text[place];
  if (c == '\n' || c == '\r') return "the end of the line";
  if (static_cast<unsigned char>(c) < 0x20) return fmt::format("a byte with the value {}", static_cast<int>(c));
  constexpr std::size_t kShown = 12;
  std::size_t end = place + 1;
  while (end < text.size() && end - place < kShown &&
         (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || static_cast<unsigned char>(text[end]) >= 0x80))
    ++end;
  return fmt::format("'{}'", text.substr(place, end - place));
}

[[noreturn]] void throw_json_fault(const Document& document, const JsonFault& fault) {
  const std::string_view text(*document.text);
  JsonLines lines(text);
  std::string within, advice;
  if (fault.is_open) {
    const char* kind = text[fault.opened] == '{' ? "object" : "array";
    const base::Location opened = lines.location("", fault.opened);
    within = fmt::format(" in the {} that begins at line {}, column {}", kind, opened.line, opened.column);
  }
  if (fault.final)
    throw base::InputError(lines.location(document.source, fault.place),
                           fault.expected + "; write the values that matter to a smaller document");
  if (fault.place >= text.size())
    advice = "; the document is not complete, so write it again or complete it";
  else if (text[fault.place] == '}' || text[fault.place] == ']')
    advice = "; remove the comma before it if there is one";
  else
    advice = "; correct or remove this record";
  throw base::InputError(
      lines.location(document.source, fault.place),
      fmt::format("{}, found {}{}{}", fault.expected, json_found_at(text, fault.place), within, advice));
}

// Whether only a last value is cut off: nothing but the rest of one word follows the fault.
bool is_cut_off_json(std::string_view text, const JsonFault& fault) {
  if (fault.final) return false;
  std::size_t at = fault.place;
  while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '-')) ++at;
  return solid_json_byte(text, at) == '\0';
}

Skipped& skipped_json_for(Reading& reading, const std::string& reason) {
  for (Skipped& skipped : reading.skipped)
    if (skipped.reason == reason) return skipped;
  reading.skipped.emplace_back().reason = reason;
  return reading.skipped.back();
}

std::string_view rest_of_line(std::string_view text, std::size_t at) {
  return text.substr(at, std::min(text.find_first_of("\r\n", at), text.size()) - at);
}

}  // namespace

JsonLines::JsonLines(std::string_view text) : text_(text), has_returns_(text.find('\r') != std::string_view::npos) {}

long JsonLines::line_of(std::size_t place) {
  place = std::min(place, text_.size());
  const auto is_end = [&](std::size_t i) {
    return text_[i] == '\n' || (text_[i] == '\r' && (i + 1 == text_.size() || text_[i + 1] != '\n'));
  };
  const auto ends = [&](std::size_t from, std::size_t to) {
    if (!has_returns_)
      return static_cast<long>(
          std::count(text_.begin() + static_cast<long>(from), text_.begin() + static_cast<long>(to), '\n'));
    long n = 0;
    for (std::size_t i = from; i < to; ++i) n += is_end(i) ? 1 : 0;
    return n;
  };
  line_ += place >= at_ ? ends(at_, place) : -ends(place, at_);
  at_ = place;
  return line_;
}

base::Location JsonLines::location(const std::string& source, std::size_t place) {
  place = std::min(place, text_.size());
  const std::size_t end = place == 0 ? std::string_view::npos : text_.find_last_of("\r\n", place - 1);
  return {source, line_of(place), static_cast<long>(place - (end == std::string_view::npos ? 0 : end + 1)) + 1};
}

bool read_json_values(const Document& document, JsonTree& tree, Reading& reading) {
  const std::string_view text(*document.text);
  JsonLines lines(text);
  constexpr std::size_t kSample = 8;  // lines of other text that are allowed in any document
  std::size_t at = text.starts_with("\xef\xbb\xbf") ? 3 : 0, others = 0;
  for (char c = solid_json_byte(text, at); at < text.size(); c = solid_json_byte(text, at)) {
    const std::size_t begin = at;
    if (c != '{' && c != '[') {
      if (tree.roots().empty() || (++others > kSample && others > tree.roots().size())) return false;
      skipped_json_for(reading, "lines that are no JSON").add(lines.line_of(at), rest_of_line(text, at));
      at += rest_of_line(text, at).size();
      continue;
    }
    if (const auto fault = tree.parse(at)) {
      if (tree.roots().empty() && !is_meant_as_json(text, begin, *fault)) return false;
      if (tree.roots().empty() || !is_cut_off_json(text, *fault)) throw_json_fault(document, *fault);
      const long line = lines.line_of(begin);
      reading.notes.push_back(fmt::format("The last record, at line {}, is cut off and was left out.", line));
      skipped_json_for(reading, "records that are cut off").add(line, rest_of_line(text, begin));
      break;
    }
    at = std::min(text.find_first_not_of(" \t", at), text.size());
    if (at < text.size() && text[at] == ',') ++at;
    if (at == text.size() || kJsonBlank.find(text[at]) != std::string_view::npos || text[at] == '{' || text[at] == '[')
      continue;
    if (tree.roots().size() == 1 && tree.is_list(tree.roots().front())) return false;
    throw base::InputError(lines.location(document.source, at),
                           fmt::format("expected the end of the line after a value, found {}; remove what follows it",
                                       json_found_at(text, at)));
  }
  return !tree.roots().empty();
}

}  // namespace phaselaw::documents
