// SPDX-License-Identifier: Apache-2.0
// The signs of a line: quotes, colons, equal signs and brackets of every kind.
#include "phaselaw/documents/log_line.h"
#include "phaselaw/documents/log_names.h"

namespace phaselaw::documents {

void LogScanner::take_quoted(char quote) {
  bool& unclosed = unclosed_[quote == '"' ? 0 : 1];
  const bool in_word = i_ > 0 && quote == '\'' && after_log_word(s_, i_ - 1) == i_;  // don't
  if (const std::size_t more = after_log_word(s_, i_ + 1); in_word && has_name() && name_end_ == i_ && more > i_ + 1) {
    name_end_ = i_ = more;
    return;
  }
  std::size_t end = i_;
  if (!unclosed && !in_word) {
    do {
      end = s_.find(quote, end + 1);
    } while (end != s_.npos && s_[end - 1] == '\\');
    if (end == s_.npos) unclosed = true;
  }
  if (unclosed || in_word) {
    hard_break();
    ++i_;
    return;
  }
  const std::string_view content = s_.substr(i_ + 1, end - i_ - 1);
  const std::size_t begin = i_ + 1, next = after_log_blanks(s_, end + 1);
  if (next < s_.size() && (s_[next] == ':' || s_[next] == '=')) {
    hard_break();
    if (!content.empty()) {
      name_begin_ = begin;
      name_end_ = end;
      words_ = 1;
      quoted_ = true;
    }
    i_ = end + 1;
    return;
  }
  i_ = end + 1;
  if (!has_name() || join_ == '\0') {
    hard_break();
    return;
  }
  const LogToken token = log_number(content, 0);
  const bool number = (token.kind == LogNumber::value && token.end == content.size()) || is_not_finite_word(content);
  emit({.value = is_absent_value(content)   ? std::string_view()
                 : number && token.end != 0 ? token.value
                                            : content,
        .unit = number ? token.unit : std::string_view(),
        .written = content,
        .number = number,
        .whole = number && token.whole});
}

void LogScanner::take_joiner(char sign) {
  const bool run = i_ + 1 < s_.size() && s_[i_ + 1] == '=';
  if (!has_name() || (sign == '=' && run)) {
    if (sign == '=') count_bar('=', run ? 3 : 1);
    hard_break();
  } else {
    join_ = sign;
    used_joins_ = true;
  }
  soft_ = false;
  ++i_;
}

void LogScanner::take_open(char sign) {
  const std::size_t inside = after_log_blanks(s_, i_ + 1);
  if (sign == '[' && i_ == first_ && take_epoch_and_batch(inside)) return;
  if (sign == '[' && out_.leading_fraction && i_ + 1 < s_.size() &&
      std::string_view("=>.#-").find(s_[i_ + 1]) != s_.npos)
    out_.drawn_bar = true;
  if (sign == '{') {
    if (depth_.size() == kDeepest) {
      out_.cut = true;
      return;
    }
    depth_.push_back(prefix_.size());
    if (has_name() && join_ != '\0') prefix_.append(name().substr(0, kLongestName)).push_back('.');
    name_begin_ = kNone;
    hard_break();
    ++i_;
    return;
  }
  const std::size_t close = s_.substr(i_, kGroup + 2).find(sign == '[' ? ']' : ')');
  const std::string_view group = close == s_.npos ? std::string_view() : s_.substr(i_ + 1, close - 1);
  if (sign == '[' && has_name() && begins_log_number(s_, inside) && !group.empty()) {
    const bool single = join_ != '\0' && group.find(',') == group.npos;                 // lr=[1e-05]
    if (single || (!quoted_ && log_name(clean(name())).counter != LogCounter::none)) {  // Epoch [3/10]
      ++i_;
      return;
    }
  }
  if (sign == '(' && !group.empty()) {
    const bool digits = group.find_first_of("0123456789") != group.npos,
               pairs = group.find_first_of(":=") != group.npos;
    if (after_value_ && !pairs && begins_log_number(s_, inside)) {
      out_.groups_left_out = true;
      i_ += close + 1;
      return;
    }
    const std::size_t after = after_log_blanks(s_, i_ + close + 1);
    const bool named = after < s_.size() && (s_[after] == ':' || s_[after] == '=');
    if (has_name() && join_ == '\0' && (!digits || named) && !pairs) {  // time per iteration (ms):
      i_ += close + 1;
      name_end_ = i_;
      ++words_;
      return;
    }
  }
  hard_break();
  ++i_;
}

// "[1,  2000] loss: 2.1" at the beginning of a line: an epoch and a place in it.
bool LogScanner::take_epoch_and_batch(std::size_t inside) {
  const LogToken epoch = log_number(s_, inside);
  if (epoch.kind != LogNumber::value || !epoch.whole || epoch.end >= s_.size() || s_[epoch.end] != ',') return false;
  const std::size_t second = after_log_blanks(s_, epoch.end + 1);
  const LogToken batch = log_number(s_, second);
  if (second == epoch.end + 1 || batch.kind != LogNumber::value || !batch.whole) return false;
  const std::size_t close = after_log_blanks(s_, batch.end);
  if (close >= s_.size() || s_[close] != ']') return false;
  hard_break();
  out_.pairs.push_back({.name = "epoch", .value = epoch.value, .written = epoch.value, .number = true, .whole = true});
  out_.pairs.push_back({.name = "batch", .value = batch.value, .written = batch.value, .number = true, .whole = true});
  out_.bracket_pair = true;
  i_ = close + 1;
  return true;
}

void LogScanner::take_close(char sign) {
  hard_break();
  if (sign == '}' && !depth_.empty()) {
    prefix_.resize(depth_.back());
    depth_.pop_back();
  }
  ++i_;
}

}  // namespace phaselaw::documents
