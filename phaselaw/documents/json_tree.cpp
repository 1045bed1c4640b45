// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/json_tree.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "phaselaw/base/ascii.h"

namespace phaselaw::documents {

namespace {

bool is_json_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
// Bytes that end the plain part of a string: the quote, the escape and control characters.
constexpr std::array<bool, 256> kEndsPlainJsonText = [] {
  std::array<bool, 256> ends{};
  for (std::size_t c = 0; c < 0x20; ++c) ends[c] = c != '\t';
  ends['"'] = ends['\\'] = true;
  return ends;
}();

bool is_json_word_byte(char c) {
  return base::is_digit(c) || base::is_letter(c) || c == '+' || c == '-' || c == '.' || c == '_';
}

// Digits with an optional fraction and exponent; at least one digit.
bool is_json_number_word(std::string_view word) {
  std::size_t at = word.starts_with('-') || word.starts_with('+') ? 1 : 0, digits = 0;
  const auto run = [&] {
    const std::size_t from = at;
    while (at < word.size() && base::is_digit(word[at])) ++at;
    return at - from;
  };
  digits = run();
  if (at < word.size() && word[at] == '.') ++at, digits += run();
  if (digits == 0) return false;
  if (at < word.size() && (word[at] == 'e' || word[at] == 'E')) {
    ++at;
    if (at < word.size() && (word[at] == '-' || word[at] == '+')) ++at;
    if (run() == 0) return false;
  }
  return at == word.size();
}

std::optional<JsonKind> json_kind_of_word(std::string_view word) {
  if (is_json_number_word(word)) return JsonKind::number;
  if (word == "null") return JsonKind::null;
  if (word == "true" || word == "false") return JsonKind::boolean;
  std::string_view bare = word;
  if (bare.starts_with('-') || bare.starts_with('+')) bare.remove_prefix(1);
  for (const std::string_view known : {"NaN", "nan", "Infinity", "inf", "infinity", "Inf"})
    if (bare == known) return JsonKind::number;
  return {};
}

void append_json_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&](std::uint32_t value) { out += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0 | (code >> 6U)), byte(0x80 | (code & 0x3fU));
  } else if (code < 0x10000) {
    byte(0xe0 | (code >> 12U)), byte(0x80 | ((code >> 6U) & 0x3fU)), byte(0x80 | (code & 0x3fU));
  } else {
    byte(0xf0 | (code >> 18U)), byte(0x80 | ((code >> 12U) & 0x3fU));
    byte(0x80 | ((code >> 6U) & 0x3fU)), byte(0x80 | (code & 0x3fU));
  }
}

constexpr std::uint32_t kNoJsonCharacter = 0xfffd;

// The four digits of \uXXXX at `at`; unset if they are not there.
std::optional<std::uint32_t> four_json_digits(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return {};
  std::uint32_t code = 0;
  for (const char c : text.substr(at, 4)) {
    const char low = static_cast<char>(c | 0x20);
    if (!base::is_digit(c) && (low < 'a' || low > 'f')) return {};
    code = code * 16 + static_cast<std::uint32_t>(base::is_digit(c) ? c - '0' : low - 'a' + 10);
  }
  return code;
}

// The character of \uXXXX. Its digits begin at `at`, which moves behind them; two such escapes may be one character.
std::uint32_t escaped_json_character(std::string_view text, std::size_t& at) {
  const auto code = four_json_digits(text, at);
  if (!code) return kNoJsonCharacter;
  at += 4;
  if (*code < 0xd800 || *code > 0xdfff) return *code;
  if (*code > 0xdbff || text.substr(at, 2) != "\\u") return kNoJsonCharacter;
  const auto low = four_json_digits(text, at + 2);
  if (!low || *low < 0xdc00 || *low > 0xdfff) return kNoJsonCharacter;
  at += 6;
  return 0x10000 + ((*code - 0xd800) << 10U) + (*low - 0xdc00);
}

}  // namespace

// Reads one value onto the tape.
class JsonParser {
 public:
  explicit JsonParser(JsonTree& tree)
      : tree_(tree), begin_(tree.text().data()), end_(begin_ + tree.text().size()), p_(begin_) {}

  std::optional<JsonFault> parse(std::size_t& place) {
    p_ = begin_ + place;
    const std::size_t size = tree_.tape_.size();
    if (!value()) {
      tree_.tape_.resize(size);
      return fault_;
    }
    tree_.roots_.push_back(static_cast<JsonTree::Node>(size));
    place = static_cast<std::size_t>(p_ - begin_);
    return {};
  }

 private:
  struct Frame {
    std::size_t node;
    std::uint32_t count;
    bool is_object;
  };

  bool value() {
    for (bool wants_value = true; wants_value;) {
      space();
      if (tree_.tape_.size() > std::numeric_limits<JsonTree::Node>::max() - 8)
        return refuse("expected fewer than 4,000,000,000 values");
      if (*p_ == '{' || *p_ == '[') {
        if (!open()) return false;
        if (!is_closed_at_once()) {
          if (stack_.back().is_object && !key()) return false;
          stack_.back().count = 1;
          continue;
        }
      } else if (!scalar()) {
        return false;
      }
      if (!after_value(wants_value)) return false;
    }
    return true;
  }

  // Behind a value: a comma and the next key, or the ends of arrays and objects.
  bool after_value(bool& wants_value) {
    while (!stack_.empty()) {
      space();
      Frame& frame = stack_.back();
      if (*p_ == ',') {
        ++p_;
        ++frame.count;
        space();
        return !frame.is_object || key();
      }
      if (*p_ != (frame.is_object ? '}' : ']'))
        return fail(frame.is_object ? "expected ',' or '}'" : "expected ',' or ']'");
      close();
    }
    wants_value = false;
    return true;
  }

  bool open() {
    if (stack_.size() == JsonTree::kDeepest)
      return refuse(fmt::format("expected at most {} levels of arrays and objects", JsonTree::kDeepest));
    const bool is_object = *p_ == '{';
    stack_.push_back({tree_.tape_.size(), 0, is_object});
    push(is_object ? JsonKind::object : JsonKind::array, p_, 0);
    tree_.tape_.push_back(0);
    ++p_;
    return true;
  }

  bool is_closed_at_once() {
    space();
    if (*p_ != (stack_.back().is_object ? '}' : ']')) return false;
    close();
    return true;
  }

  void close() {
    const Frame frame = stack_.back();
    stack_.pop_back();
    push(JsonKind::close, p_++, 1);
    tree_.tape_[frame.node + 1] = (std::uint64_t{frame.count} << 32U) | tree_.tape_.size();
  }

  bool key() {
    if (*p_ != '"') return fail("expected a key in double quotes");
    if (!string()) return false;
    space();
    if (*p_ != ':') return fail("expected ':' after the key");
    ++p_;
    return true;
  }

  bool string() {
    const char* from = ++p_;
    bool escaped = false;
    for (;;) {
      while (!kEndsPlainJsonText[static_cast<unsigned char>(*p_)]) ++p_;
      if (*p_ == '"') break;
      if (*p_ != '\\') return fail("expected a closing quote on the same line");
      escaped = true;
      if (++p_ == end_) return fail("expected a closing quote");
      if (*p_ != '\n' && *p_ != '\r') ++p_;
    }
    push(JsonKind::text, from, static_cast<std::size_t>(p_ - from), escaped);
    ++p_;
    return true;
  }

  bool scalar() {
    if (*p_ == '"') return string();
    const char* from = p_;
    while (is_json_word_byte(*p_)) ++p_;
    const std::string_view word(from, static_cast<std::size_t>(p_ - from));
    const auto kind = json_kind_of_word(word);
    if (!kind) {
      if (from + word.size() != end_ || word.empty()) p_ = from;
      return fail("expected a value");
    }
    push(*kind, from, word.size());
    return true;
  }

  void push(JsonKind kind, const char* at, std::size_t length, bool escaped = false) {
    tree_.tape_.push_back((static_cast<std::uint64_t>(kind) << JsonTree::kKindShift) |
                          (escaped ? JsonTree::kEscaped : 0) |
                          (std::min<std::uint64_t>(length, JsonTree::kLongest) << JsonTree::kPlaceBits) |
                          static_cast<std::uint64_t>(at - begin_));
  }

  void space() {
    while (is_json_space(*p_)) ++p_;
  }

  bool fail(std::string expected) {
    fault_ = {static_cast<std::size_t>(p_ - begin_), std::move(expected), 0, !stack_.empty(), false};
    if (fault_.is_open) fault_.opened = tree_.place(static_cast<JsonTree::Node>(stack_.back().node));
    return false;
  }

  bool refuse(std::string expected) {
    fail(std::move(expected));
    fault_.final = true;
    return false;
  }

  JsonTree& tree_;
  const char *begin_, *end_, *p_;
  std::vector<Frame> stack_;
  JsonFault fault_;
};

std::optional<JsonFault> JsonTree::parse(std::size_t& place) { return JsonParser(*this).parse(place); }

std::string_view JsonTree::raw(Node n) const {
  const std::string_view all(*text_);
  const std::size_t from = place(n);
  if (!is_scalar(n)) return all.substr(from, place(last(n)) + 1 - from);
  const std::size_t length = (tape_[n] >> kPlaceBits) & kLongest;
  if (length < kLongest) return all.substr(from, length);
  std::size_t end = from;
  if (kind(n) == JsonKind::text)
    while (all[end] != '"') end += all[end] == '\\' ? 2 : 1;
  else
    while (is_json_word_byte((*text_)[end])) ++end;
  return all.substr(from, end - from);
}

std::string JsonTree::unescaped(Node n) const {
  const std::string_view text = raw(n);
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      out += text[at++];
      continue;
    }
    const char c = text[at + 1];
    at += 2;
    constexpr std::string_view kLetters = "bfnrt", kMeanings = "\b\f\n\r\t";
    if (const auto letter = kLetters.find(c); letter != std::string_view::npos)
      out += kMeanings[letter];
    else if (c == 'u')
      append_json_utf8(out, escaped_json_character(text, at));
    else
      out += c;
  }
  return out;
}

}  // namespace phaselaw::documents
