// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/record_scanner.h"

#include <algorithm>

#include "phaselaw/base/ascii.h"
#include "phaselaw/base/csv.h"

namespace phaselaw::documents {

namespace {

char character_of(Separator separator) {
  switch (separator) {
    case Separator::comma:
      return ',';
    case Separator::semicolon:
      return ';';
    case Separator::tab:
      return '\t';
    case Separator::bar:
      return '|';
    default:
      return '\0';
  }
}

// ---, ===, +---+, |---|
bool is_rule_line(std::string_view line) {
  if (line.find("---") == std::string_view::npos && line.find("===") == std::string_view::npos) return false;
  return line.find_first_not_of("-=+| \t:") == std::string_view::npos;
}

// The content of a quoted cell, with "" and \" as one quote.
std::string unescape_quotes(std::string_view content) {
  std::string out;
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (i + 1 < content.size() && content[i + 1] == '"' && (content[i] == '"' || content[i] == '\\')) ++i;
    out += content[i];
  }
  return out;
}

}  // namespace

std::string_view words_of(Separator separator) {
  switch (separator) {
    case Separator::comma:
      return "comma";
    case Separator::semicolon:
      return "semicolon";
    case Separator::tab:
      return "tab";
    case Separator::bar:
      return "vertical bar";
    case Separator::wide_blanks:
      return "two or more spaces";
    case Separator::blanks:
      return "runs of spaces";
    case Separator::positions:
      return "fixed width";
    case Separator::none:
      return "none";
  }
  return "";
}

RecordScanner::RecordScanner(std::string_view text, Separator separator, long line,
                             std::span<const CharacterRange> columns)
    : text_(text), separator_(separator), columns_(columns), line_(line), next_line_(line) {}

std::size_t RecordScanner::end_of_line(std::size_t from) const {
  while (from < text_.size() && text_[from] != '\n' && text_[from] != '\r') ++from;
  return from;
}

void RecordScanner::pass_line_end() {
  if (at_ >= text_.size()) return;
  if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
  ++at_;
  ++next_line_;
}

bool RecordScanner::next() {
  after_blank_ = false;
  for (;;) {
    begin_ = at_;
    line_ = next_line_;
    while (at_ < text_.size() && (text_[at_] == ' ' || (text_[at_] == '\t' && separator_ != Separator::tab))) ++at_;
    if (at_ >= text_.size()) {
      begin_ = end_ = text_.size();
      return false;
    }
    if (!at_line_end()) break;
    pass_line_end();
    after_blank_ = true;
  }
  cells_.clear();
  if (!unescaped_.empty()) unescaped_.clear();
  classify();
  if (kind_ != LineKind::record) {
    at_ = end_;
  } else if (separator_ == Separator::positions) {
    split_positions();
  } else if (separator_ == Separator::none) {
    end_ = at_ = end_of_line(begin_);
    cells_.push_back(base::trimmed(raw()));
  } else if (const char character = character_of(separator_); character != '\0') {
    split_separated(character);
  } else {
    split_blanks(separator_ == Separator::wide_blanks);
  }
  end_ = at_;
  pass_line_end();
  return true;
}

void RecordScanner::classify() {
  const char first = text_[at_];
  kind_ = LineKind::record;
  if (first == '#' || first == '%' || (first == '/' && text_.substr(at_).starts_with("//"))) {
    kind_ = LineKind::comment;
    end_ = end_of_line(at_);
  } else if (first == '-' || first == '=' || first == '+' || first == '|') {
    end_ = end_of_line(at_);
    if (is_rule_line(text_.substr(at_, end_ - at_))) kind_ = LineKind::rule;
  }
}

// At a quote: takes the cell and the blanks behind it, and stops at what follows. False: the cell does not end with the
// quote, so that it is text with quotes in it; nothing is taken.
bool RecordScanner::quoted_cell() {
  const std::size_t quote = at_;
  long lines = 0;
  bool escaped = false;
  std::size_t i = quote + 1;
  for (;; ++i) {
    if (i >= text_.size()) {
      const std::size_t before = text_.substr(0, quote).find_last_of("\r\n");
      open_quote_ = static_cast<long>(quote - (before == std::string_view::npos ? 0 : before + 1)) + 1;
      cells_.push_back(text_.substr(quote));
      at_ = text_.size();
      return true;
    }
    const char c = text_[i];
    if (c == '"') {
      if (i + 1 >= text_.size() || text_[i + 1] != '"') break;
      escaped = true;
      ++i;
    } else if (c == '\\' && i + 1 < text_.size() && text_[i + 1] == '"') {
      escaped = true;
      ++i;
    } else if (c == '\n' || (c == '\r' && (i + 1 >= text_.size() || text_[i + 1] != '\n'))) {
      ++lines;
    }
  }
  std::size_t after = i + 1;
  const bool blanks_separate = character_of(separator_) == '\0';
  while (after < text_.size() && base::is_blank(text_[after]) && (separator_ != Separator::tab || text_[after] == ' '))
    ++after;
  const bool ends = after >= text_.size() || text_[after] == '\n' || text_[after] == '\r' ||
                    (blanks_separate ? after > i + 1 : text_[after] == character_of(separator_));
  if (!ends) return false;
  const std::string_view content = text_.substr(quote + 1, i - quote - 1);
  cells_.push_back(
      base::csv_unguarded(escaped ? std::string_view(unescaped_.emplace_back(unescape_quotes(content))) : content));
  next_line_ += lines;
  at_ = after;
  return true;
}

void RecordScanner::split_separated(char separator) {
  const char* const text = text_.data();
  const std::size_t size = text_.size();
  std::size_t at = begin_;
  for (;;) {
    while (at < size && (text[at] == ' ' || (text[at] == '\t' && separator != '\t'))) ++at;
    at_ = at;
    if (at >= size || text[at] != '"' || !quoted_cell()) {
      const std::size_t begin = at;
      while (at < size && text[at] != separator && text[at] != '\n' && text[at] != '\r') ++at;
      std::size_t end = at;
      while (end > begin && base::is_blank(text[end - 1])) --end;
      cells_.push_back(base::csv_unguarded({text + begin, end - begin}));
    } else {
      at = at_;
    }
    if (at >= size || text[at] != separator) break;
    ++at;
    if (cells_.size() == kMostCells) {
      const std::size_t begin = at;
      at = end_of_line(at);
      cells_.emplace_back(text + begin, at - begin);
      break;
    }
  }
  at_ = at;
}

void RecordScanner::split_blanks(bool wide) {
  for (;;) {
    while (at_ < text_.size() && base::is_blank(text_[at_])) ++at_;
    if (at_line_end()) return;
    if (text_[at_] == '"' && quoted_cell()) continue;
    const std::size_t begin = at_;
    if (cells_.size() == kMostCells) at_ = end_of_line(at_);
    for (; !at_line_end(); ++at_)
      if (base::is_blank(text_[at_]) &&
          (!wide || text_[at_] == '\t' || (at_ + 1 < text_.size() && base::is_blank(text_[at_ + 1]))))
        break;
    cells_.push_back(base::trimmed(text_.substr(begin, at_ - begin)));
  }
}

void RecordScanner::split_positions() {
  at_ = end_of_line(begin_);
  end_ = at_;
  const std::string_view line = raw();
  std::size_t byte = 0, character = 0;
  const auto go_to = [&](std::size_t wanted) {
    while (byte < line.size() && character < wanted) {
      ++byte;
      while (byte < line.size() && (static_cast<unsigned char>(line[byte]) & 0xc0U) == 0x80) ++byte;
      ++character;
    }
    return byte;
  };
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const std::size_t gap = byte, begin = go_to(columns_[c].begin);
    if (line.substr(gap, begin - gap).find_first_not_of(' ') != std::string_view::npos) {
      cells_.assign(1, base::trimmed(line));
      return;
    }
    const std::size_t end = c + 1 == columns_.size() ? line.size() : go_to(columns_[c].end);
    cells_.push_back(base::trimmed(line.substr(begin, end - begin)));
  }
}

}  // namespace phaselaw::documents
