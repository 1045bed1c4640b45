// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/row_condition.h"

#include <algorithm>

#include "phaselaw/base/ascii.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"

namespace phaselaw::tables {

namespace {

constexpr std::string_view kOperatorChars = "=<>!~";

std::optional<double> number_or_count(std::string_view text) {
  base::Number number = base::parse_number(text);
  if (number.kind == base::NumberKind::not_a_number) number = base::parse_count(text);
  return number.kind == base::NumberKind::finite ? std::optional(number.value) : std::nullopt;
}

}  // namespace

bool matches_pattern(std::string_view text, std::string_view pattern) {
  std::size_t t = 0, p = 0, star = std::string_view::npos, from = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++t;
      ++p;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool Comparison::holds(const Table& table, std::size_t row) const {
  const auto cell = [&] { return table.text(row, at.column); };
  if (relation == Relation::like) return matches_pattern(cell(), value);
  if (relation == Relation::not_like) return !matches_pattern(cell(), value);
  std::optional<double> x;
  if (number || !numbers.empty()) {
    const base::Number read = table.number(row, at.column);
    if (read.kind == base::NumberKind::finite)
      x = read.value;
    else if (read.kind == base::NumberKind::not_a_number)
      x = number_or_count(cell());
    if (x) *x *= at.factor;
  }
  const auto listed_value = [&] {
    return (x && std::binary_search(numbers.begin(), numbers.end(), *x)) || values.contains(cell());
  };
  switch (relation) {
    case Relation::equal:
      return x && number ? *x == *number : cell() == value;
    case Relation::not_equal:
      return x && number ? *x != *number : cell() != value;
    case Relation::in:
      return listed_value();
    case Relation::not_in:
      return !listed_value();
    case Relation::less:
      return x && *x < *number;
    case Relation::at_most:
      return x && *x <= *number;
    case Relation::more:
      return x && *x > *number;
    default:
      return x && *x >= *number;
  }
}

// Joins wait on a stack until a weaker one, a closing bracket or the end follows, as operators of arithmetic do.
class RowConditionParser {
 public:
  RowConditionParser(const Table& table, const ColumnOfName& column_of, std::string_view flag, RowCondition& out)
      : text_(out.text_),
        flag_(flag),
        column_of_(column_of),
        out_(out),
        headings_(table.header.begin(), table.header.end()) {}

  void parse() {
    if (text_.size() > kLongestCondition)
      fail(fmt::format("expected at most {} characters, found {}", kLongestCondition, text_.size()), 0);
    while (true) {
      begin_part();
      while (skip_blanks() && text_[at_] == ')' && open_ > 0) close();
      if (at_ == text_.size()) break;
      if (take_word("and"))
        wait(RowCondition::Join::both);
      else if (take_word("or"))
        wait(RowCondition::Join::either);
      else
        fail(fmt::format("expected 'and', 'or' or the end, found '{}'; put a value with brackets or quotes in quotes",
                         text_.substr(at_, 1)),
             at_);
    }
    if (open_ > 0) fail("expected ')', found the end", text_.size());
    while (!waiting_.empty()) pop();
  }

 private:
  enum class Mark { bracket, negate, both, either };

  // Brackets and "not", and then one comparison.
  void begin_part() {
    while (skip_blanks()) {
      if (is_exact_column()) break;
      if (text_[at_] == '(') {
        waiting_.push_back(Mark::bracket);
        ++open_;
        ++at_;
      } else if (take_word("not")) {
        waiting_.push_back(Mark::negate);
      } else {
        break;
      }
    }
    comparison();
  }

  // Whether the text up to the next operator is a heading, whatever it begins with.
  bool is_exact_column() const {
    const std::size_t end = text_.find_first_of(kOperatorChars, at_);
    return end != std::string_view::npos && headings_.contains(base::trimmed(text_.substr(at_, end - at_)));
  }

  void comparison() {
    const std::size_t begin = at_;
    Comparison out;
    const std::string name = column_name(begin);
    if (take_word("not")) {
      if (!take_word("in")) fail("expected 'in' and a list in brackets after 'not'", at_);
      out.relation = Relation::not_in;
    } else if (take_word("in")) {
      out.relation = Relation::in;
    } else {
      out.relation = relation(begin);
    }
    try {
      out.at = column_of_(name);
    } catch (const base::InputError& error) {
      const std::string what = error.what();
      const std::string place = std::string(flag_) + ": ";  // the place is given once
      fail(what.starts_with(place) ? what.substr(place.size()) : what, begin);
    }
    if (out.relation == Relation::in || out.relation == Relation::not_in)
      list(out);
    else
      single(out);
    out_.comparisons_.push_back(std::move(out));
    out_.steps_.push_back({RowCondition::Join::comparison, out_.comparisons_.size() - 1});
  }

  // The column in quotes, or the text before the operator or the word "in".
  std::string column_name(std::size_t begin) {
    if (at_ < text_.size() && is_quote(text_[at_])) {
      const std::size_t close = text_.find(text_[at_], at_ + 1);
      if (close == std::string_view::npos) fail("expected a closing quote after the column", begin);
      std::string name(text_.substr(at_ + 1, close - at_ - 1));
      at_ = close + 1;
      skip_blanks();
      return name;
    }
    const std::size_t end = text_.find_first_of(kOperatorChars, at_);
    std::size_t list_at = end == std::string_view::npos || !is_exact_column() ? list_word(at_, end) : end;
    list_at = std::min(list_at, end);
    const std::string_view name =
        base::trimmed(text_.substr(at_, list_at == std::string_view::npos ? std::string_view::npos : list_at - at_));
    if (list_at == std::string_view::npos || name.empty())
      fail(fmt::format("expected column=value, column>=number or column in (a, b), found '{}'", text_.substr(begin)),
           begin);
    at_ = list_at;
    skip_blanks();
    return std::string(name);
  }

  // The place of the word "in", or of "not" before it, in front of a bracket: the one with a heading before it, and
  // otherwise the first.
  std::size_t list_word(std::size_t from, std::size_t end) const {
    const std::string_view within = text_.substr(0, end);
    std::size_t first = std::string_view::npos;
    for (std::size_t at = within.find(" in", from); at != std::string_view::npos; at = within.find(" in", at + 1)) {
      const std::size_t next = text_.find_first_not_of(" \t", at + 3);
      if (next == std::string_view::npos || text_[next] != '(') continue;
      const std::string_view before = text_.substr(from, at - from);
      const std::size_t name_end = base::trimmed(before).ends_with(" not") ? from + before.rfind(" not") : at;
      if (headings_.contains(base::trimmed(text_.substr(from, name_end - from)))) return name_end;
      if (first == std::string_view::npos) first = name_end;
    }
    return first;
  }

  Relation relation(std::size_t begin) {
    static constexpr std::pair<std::string_view, Relation> kRelations[] = {
        {"==", Relation::equal},    {"!=", Relation::not_equal}, {"<=", Relation::at_most},
        {">=", Relation::at_least}, {"!~", Relation::not_like},  {"=", Relation::equal},
        {"<", Relation::less},      {">", Relation::more},       {"~", Relation::like}};
    for (const auto& [sign, relation] : kRelations)
      if (text_.substr(at_).starts_with(sign)) {
        at_ += sign.size();
        sign_ = sign;
        return relation;
      }
    fail(fmt::format("expected column=value, column>=number or column in (a, b), found '{}'", text_.substr(begin)),
         begin);
  }

  void single(Comparison& out) {
    const std::size_t begin = at_;
    if (skip_blanks() && is_quote(text_[at_]))
      out.value = quoted();
    else
      out.value = plain_value(begin);
    out.number = number_or_count(out.value);
    const bool ordered = out.relation == Relation::less || out.relation == Relation::at_most ||
                         out.relation == Relation::more || out.relation == Relation::at_least;
    if (ordered && !out.number)
      fail(fmt::format("expected a number after {}, found '{}' in '{}'", sign_, out.value, text_), begin);
  }

  // Up to the next "and" or "or" after which a comparison follows, or a closing bracket that a part has opened.
  std::string plain_value(std::size_t begin) {
    std::size_t end = begin, depth = 0;
    for (; end < text_.size(); ++end) {
      const char c = text_[end];
      if (c == '(') ++depth;
      if (c == ')' && depth == 0 && open_ > 0) break;
      if (c == ')' && depth > 0) --depth;
      if (depth == 0 && base::is_blank(c) && comparison_follows(end)) break;
    }
    at_ = end;
    return std::string(base::trimmed(text_.substr(begin, end - begin)));
  }

  // Whether "and" or "or" is here, and then something with an operator before the next such word.
  bool comparison_follows(std::size_t at) const {
    const std::size_t begin = word_end(at);
    if (begin == 0) return false;
    for (std::size_t i = begin; i < text_.size(); ++i) {
      if (kOperatorChars.find(text_[i]) != std::string_view::npos) return true;
      if (i > begin && base::is_blank(text_[i]) && word_end(i) != 0) return list_word(begin, i) < i;
    }
    return list_word(begin, text_.size()) < text_.size();
  }

  // Behind the word "and" or "or" that follows blanks here; 0 if there is none.
  std::size_t word_end(std::size_t at) const {
    while (at < text_.size() && base::is_blank(text_[at])) ++at;
    for (const std::string_view word : {"and", "or", "AND", "OR"})
      if (text_.substr(at).starts_with(word) && at + word.size() < text_.size() &&
          (base::is_blank(text_[at + word.size()]) || text_[at + word.size()] == '('))
        return at + word.size();
    return 0;
  }

  void list(Comparison& out) {
    if (!skip_blanks() || text_[at_] != '(') fail("expected a list in brackets after 'in', such as (a, b)", at_);
    ++at_;
    while (true) {
      std::string value;
      if (skip_blanks() && is_quote(text_[at_])) {
        value = quoted();
        skip_blanks();
      } else {
        const std::size_t end = std::min(text_.find_first_of(",)", at_), text_.size());
        value = std::string(base::trimmed(text_.substr(at_, end - at_)));
        at_ = end;
      }
      if (const auto number = number_or_count(value)) out.numbers.push_back(*number);
      out.values.insert(std::move(value));
      if (at_ == text_.size()) fail("expected ',' or ')' in the list, found the end", at_);
      if (text_[at_] != ',' && text_[at_] != ')')
        fail(fmt::format("expected ',' or ')' in the list, found '{}'", text_.substr(at_, 1)), at_);
      if (text_[at_++] == ')') break;
    }
    std::sort(out.numbers.begin(), out.numbers.end());
  }

  std::string quoted() {
    const std::size_t close = text_.find(text_[at_], at_ + 1);
    if (close == std::string_view::npos) fail("expected a closing quote after the value", at_);
    std::string value(text_.substr(at_ + 1, close - at_ - 1));
    at_ = close + 1;
    return value;
  }

  void close() {
    while (waiting_.back() != Mark::bracket) pop();
    waiting_.pop_back();
    --open_;
    ++at_;
  }

  void wait(RowCondition::Join join) {
    const Mark mark = join == RowCondition::Join::both ? Mark::both : Mark::either;
    while (!waiting_.empty() && waiting_.back() != Mark::bracket && waiting_.back() <= mark) pop();
    waiting_.push_back(mark);
  }

  void pop() {
    const Mark mark = waiting_.back();
    waiting_.pop_back();
    out_.steps_.push_back({mark == Mark::negate ? RowCondition::Join::negate
                           : mark == Mark::both ? RowCondition::Join::both
                                                : RowCondition::Join::either,
                           0});
  }

  // The word in lower or upper case, with a blank, a bracket or the end behind it.
  bool take_word(std::string_view word) {
    skip_blanks();
    const std::size_t end = at_ + word.size();
    if (end > text_.size() || (end < text_.size() && !base::is_blank(text_[end]) && text_[end] != '(')) return false;
    for (std::size_t i = 0; i < word.size(); ++i)
      if ((text_[at_ + i] | 0x20) != word[i]) return false;
    at_ = end;
    return true;
  }
  static bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }
  // Whether anything follows.
  bool skip_blanks() {
    while (at_ < text_.size() && base::is_blank(text_[at_])) ++at_;
    return at_ < text_.size();
  }
  [[noreturn]] void fail(const std::string& what, std::size_t at) const {
    throw base::InputError({std::string(flag_), 1, static_cast<long>(at) + 1}, what);
  }

  std::string_view text_, flag_, sign_;
  const ColumnOfName& column_of_;
  RowCondition& out_;
  std::unordered_set<std::string_view> headings_;
  std::vector<Mark> waiting_;
  std::size_t at_ = 0, open_ = 0;
};

RowCondition::RowCondition(std::string_view text, const Table& table, const ColumnOfName& column_of,
                           std::string_view flag)
    : text_(text) {
  RowConditionParser(table, column_of, flag, *this).parse();
}

bool RowCondition::holds(const Table& table, std::size_t row) const {
  if (steps_.size() == 1) return comparisons_.front().holds(table, row);
  std::vector<bool> stack;
  for (const Step& step : steps_) {
    if (step.join == Join::comparison) {
      stack.push_back(comparisons_[step.comparison].holds(table, row));
      continue;
    }
    if (step.join == Join::negate) {
      stack.back() = !stack.back();
      continue;
    }
    const bool right = stack.back();
    stack.pop_back();
    stack.back() = step.join == Join::both ? stack.back() && right : stack.back() || right;
  }
  return stack.front();
}

}  // namespace phaselaw::tables
