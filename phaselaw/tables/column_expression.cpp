// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/column_expression.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <utility>

#include "phaselaw/base/ascii.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::tables {

namespace {

using Op = ColumnExpression::Op;

constexpr std::pair<std::string_view, Op> kColumnFunctions[] = {
    {"ln", Op::log}, {"log", Op::log}, {"log2", Op::log2}, {"log10", Op::log10}, {"exp", Op::exp}, {"sqrt", Op::sqrt}};

std::optional<Op> column_function(std::string_view name) {
  for (const auto& [known, op] : kColumnFunctions)
    if (known == name) return op;
  return std::nullopt;
}

bool begins_name(char c) { return base::is_letter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80; }
bool continues_name(char c) { return begins_name(c) || base::is_digit(c) || c == '.'; }

// How strongly an operator binds; a call binds most, because only its bracket ends it.
int strength(Op op) {
  switch (op) {
    case Op::add:
    case Op::subtract:
      return 1;
    case Op::multiply:
    case Op::divide:
      return 2;
    case Op::negate:
      return 3;
    default:
      return 4;
  }
}

bool is_binary(Op op) {
  return op == Op::add || op == Op::subtract || op == Op::multiply || op == Op::divide || op == Op::power;
}

}  // namespace

bool looks_like_expression(std::string_view text) { return text.find_first_of("+-*/^()\"`") != std::string_view::npos; }

// Operators wait on a stack until a weaker one, a closing bracket or the end follows.
class ColumnExpressionParser {
 public:
  ColumnExpressionParser(std::string_view text, const std::function<std::size_t(const std::string&)>& column_at,
                         ColumnExpression& out)
      : text_(text), column_at_(column_at), out_(out) {}

  void parse() {
    if (text_.size() > kLongestColumnExpression)
      fail(fmt::format("expected at most {} characters, found {}", kLongestColumnExpression, text_.size()));
    bool operand = true;  // whether an operand must follow
    for (skip_space(); at_ < text_.size(); skip_space()) operand = operand ? read_operand() : read_operator();
    if (operand) fail("expected a number, a column or '(', found the end");
    while (!waiting_.empty()) {
      if (waiting_.back().bracket) fail("expected ')', found the end", waiting_.back().at);
      pop();
    }
    if (out_.columns_.empty()) fail("expected a column of the table, found only numbers", 0);
  }

 private:
  struct Waiting {
    bool bracket = false;  // an open bracket, of a call if `call`
    bool call = false;
    Op op = Op::add;
    std::size_t at = 0;
  };

  // Reads one part of an operand; returns whether the operand is still to come.
  bool read_operand() {
    const char c = text_[at_];
    if (c == '-' || c == '+') {
      if (c == '-') waiting_.push_back({false, false, Op::negate, at_});
      ++at_;
      return true;
    }
    if (c == '(') {
      waiting_.push_back({true, false, Op::add, at_++});
      return true;
    }
    if (c == '"' || c == '`') {
      const std::size_t close = text_.find(c, at_ + 1);
      if (close == std::string_view::npos) fail(fmt::format("expected a closing {} after the heading", c));
      read_column(std::string(text_.substr(at_ + 1, close - at_ - 1)), close + 1);
      return false;
    }
    if (base::is_digit(c) || c == '.') return read_number();
    if (!begins_name(c)) fail(fmt::format("expected a number, a column or '(', found '{}'", c));
    std::size_t end = at_;
    while (end < text_.size() && continues_name(text_[end])) ++end;
    const std::string name(text_.substr(at_, end - at_));
    std::size_t next = end;
    while (next < text_.size() && text_[next] == ' ') ++next;
    if (next == text_.size() || text_[next] != '(') {
      read_column(name, end);
      return false;
    }
    const auto op = column_function(name);
    if (!op) {
      std::vector<std::string> known;
      for (const auto& function : kColumnFunctions) known.emplace_back(function.first);
      fail(base::unknown_name("function", name, known));
    }
    waiting_.push_back({true, true, *op, at_});
    at_ = next + 1;
    return true;
  }

  bool read_number() {
    double number = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
    if (error != std::errc() || !std::isfinite(number)) fail("expected a number within double precision");
    const auto next = static_cast<std::size_t>(end - text_.data());
    if (next < text_.size() && continues_name(text_[next]))
      fail(fmt::format("expected an operator after the number, found '{}'; put a heading that begins with a digit in "
                       "double quotes",
                       text_[next]),
           next);
    at_ = next;
    push({Op::number, number, 0});
    return false;
  }

  void read_column(const std::string& name, std::size_t end) {
    std::size_t column = 0;
    try {
      column = column_at_(name);
    } catch (const base::InputError& error) {
      fail(error.what());
    }
    const auto [at, is_new] = index_.try_emplace(column, out_.columns_.size());
    if (is_new) out_.columns_.push_back(column);
    push({Op::column, 0, at->second});
    at_ = end;
  }

  // Returns whether an operand must follow.
  bool read_operator() {
    const char c = text_[at_];
    if (c == ')') {
      while (!waiting_.empty() && !waiting_.back().bracket) pop();
      if (waiting_.empty()) fail("expected an operator or the end, found ')' without its '('");
      const Waiting open = waiting_.back();
      waiting_.pop_back();
      if (open.call) push({open.op, 0, 0});
      ++at_;
      return false;
    }
    Op op = Op::add;
    std::size_t length = 1;
    if (c == '^' || (c == '*' && at_ + 1 < text_.size() && text_[at_ + 1] == '*')) {
      op = Op::power;
      length = c == '^' ? 1 : 2;
    } else if (c == '+' || c == '-') {
      op = c == '+' ? Op::add : Op::subtract;
    } else if (c == '*' || c == '/') {
      op = c == '*' ? Op::multiply : Op::divide;
    } else {
      fail(
          fmt::format("expected an operator or the end, found '{}'; put a heading with spaces or signs in double "
                      "quotes, such as 1-\"Top 1\"",
                      c));
    }
    while (!waiting_.empty() && !waiting_.back().bracket &&
           (strength(waiting_.back().op) > strength(op) ||
            (strength(waiting_.back().op) == strength(op) && op != Op::power)))
      pop();
    waiting_.push_back({false, false, op, at_});
    at_ += length;
    return true;
  }

  void pop() {
    const Op op = waiting_.back().op;
    waiting_.pop_back();
    push({op, 0, 0});
  }

  void push(const ColumnExpression::Step& step) {
    if (step.op == Op::number || step.op == Op::column)
      out_.stack_size_ = std::max(out_.stack_size_, ++depth_);
    else if (is_binary(step.op))
      --depth_;
    out_.steps_.push_back(step);
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  [[noreturn]] void fail(const std::string& what) const { fail(what, at_); }
  [[noreturn]] static void fail(const std::string& what, std::size_t at) {
    throw base::InputError({"--col", 1, static_cast<long>(at) + 1}, what);
  }

  std::string_view text_;
  const std::function<std::size_t(const std::string&)>& column_at_;
  ColumnExpression& out_;
  std::unordered_map<std::size_t, std::size_t> index_;  // position of a column to its place in out_.columns_
  std::vector<Waiting> waiting_;
  std::size_t at_ = 0, depth_ = 0;
};

ColumnExpression::ColumnExpression(std::string_view text,
                                   const std::function<std::size_t(const std::string&)>& column_at) {
  ColumnExpressionParser(text, column_at, *this).parse();
}

double ColumnExpression::value(std::span<const double> inputs, std::span<double> stack) const {
  std::size_t top = 0;  // one above the last value
  for (const Step& step : steps_) {
    if (step.op == Op::number || step.op == Op::column) {
      stack[top++] = step.op == Op::number ? step.number : inputs[step.index];
      continue;
    }
    if (is_binary(step.op)) --top;
    double& x = stack[top - 1];
    const double y = top < stack.size() ? stack[top] : 0;
    switch (step.op) {
      case Op::negate:
        x = -x;
        break;
      case Op::add:
        x += y;
        break;
      case Op::subtract:
        x -= y;
        break;
      case Op::multiply:
        x *= y;
        break;
      case Op::divide:
        x /= y;
        break;
      case Op::power:
        x = std::pow(x, y);
        break;
      case Op::log:
        x = std::log(x);
        break;
      case Op::log2:
        x = std::log2(x);
        break;
      case Op::log10:
        x = std::log10(x);
        break;
      case Op::exp:
        x = std::exp(x);
        break;
      default:
        x = std::sqrt(x);
    }
  }
  return stack[0];
}

}  // namespace phaselaw::tables
