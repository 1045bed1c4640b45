// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/arithmetic.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <utility>

#include "phaselaw/base/ascii.h"

namespace phaselaw::base {

namespace {

using Op = Arithmetic::Op;

constexpr std::pair<std::string_view, Op> kArithmeticFunctions[] = {
    {"ln", Op::log},    {"log", Op::log},     {"log2", Op::log2},   {"log10", Op::log10}, {"exp", Op::exp},
    {"sqrt", Op::sqrt}, {"round", Op::round}, {"floor", Op::floor}, {"ceil", Op::ceil}};

std::optional<Op> arithmetic_function(std::string_view name) {
  for (const auto& [known, op] : kArithmeticFunctions)
    if (known == name) return op;
  return std::nullopt;
}

bool begins_name(char c) { return is_letter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80; }
bool continues_name(char c) { return begins_name(c) || is_digit(c) || c == '.'; }

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

}  // namespace

bool Arithmetic::is_binary(Op op) {
  return op == Op::add || op == Op::subtract || op == Op::multiply || op == Op::divide || op == Op::power;
}

bool looks_like_expression(std::string_view text) { return text.find_first_of("+-*/^()\"`") != std::string_view::npos; }

// Operators wait on a stack until a weaker one, a closing bracket or the end follows.
class ArithmeticParser {
 public:
  ArithmeticParser(std::string_view text, const Arithmetic::Source& source,
                   const std::function<std::size_t(const std::string&)>& position_of, Arithmetic& out)
      : text_(text), source_(source), position_of_(position_of), out_(out) {}

  void parse() {
    if (text_.size() > kLongestArithmetic)
      fail(fmt::format("expected at most {} characters, found {}", kLongestArithmetic, text_.size()));
    bool operand = true;  // whether an operand must follow
    for (skip_space(); at_ < text_.size(); skip_space()) operand = operand ? read_operand() : read_operator();
    if (operand) fail(fmt::format("expected a number, a {} or '(', found the end", source_.noun));
    while (!waiting_.empty()) {
      if (waiting_.back().bracket) fail("expected ')', found the end", waiting_.back().at);
      pop();
    }
    if (out_.names_.empty()) fail(fmt::format("expected {}, found only numbers", source_.known_as), 0);
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
      if (close == std::string_view::npos) fail(fmt::format("expected a closing {} after the {}", c, source_.noun));
      read_name(std::string(text_.substr(at_ + 1, close - at_ - 1)), close + 1);
      return false;
    }
    if (is_digit(c) || c == '.') return read_number();
    if (!begins_name(c)) fail(fmt::format("expected a number, a {} or '(', found '{}'", source_.noun, c));
    std::size_t end = at_;
    while (end < text_.size() && continues_name(text_[end])) ++end;
    const std::string name(text_.substr(at_, end - at_));
    std::size_t next = end;
    while (next < text_.size() && text_[next] == ' ') ++next;
    if (next == text_.size() || text_[next] != '(') {
      read_name(name, end);
      return false;
    }
    const auto op = arithmetic_function(name);
    if (!op) {
      std::vector<std::string> known;
      for (const auto& function : kArithmeticFunctions) known.emplace_back(function.first);
      fail(unknown_name("function", name, known));
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
      fail(fmt::format("expected an operator after the number, found '{}'{}", text_[next],
                       source_.quoting.empty() ? "" : "; put a heading that begins with a digit in double quotes"),
           next);
    at_ = next;
    push({Op::number, number, 0});
    return false;
  }

  void read_name(const std::string& name, std::size_t end) {
    std::size_t position = 0;
    try {
      position = position_of_(name);
    } catch (const InputError& error) {
      fail(error.what());
    }
    const auto [at, is_new] = index_.try_emplace(position, out_.names_.size());
    if (is_new) out_.names_.push_back(position);
    push({Op::name, 0, at->second});
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
      fail(fmt::format("expected an operator or the end, found '{}'{}", c,
                       source_.quoting.empty() ? "" : "; " + source_.quoting));
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

  void push(const Arithmetic::Step& step) {
    if (step.op == Op::number || step.op == Op::name)
      out_.stack_size_ = std::max(out_.stack_size_, ++depth_);
    else if (Arithmetic::is_binary(step.op))
      --depth_;
    out_.steps_.push_back(step);
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  [[noreturn]] void fail(const std::string& what) const { fail(what, at_); }
  [[noreturn]] void fail(const std::string& what, std::size_t at) const {
    Location where = source_.start;
    if (where.column > 0) where.column += static_cast<long>(at);
    throw InputError(where, what);
  }

  std::string_view text_;
  const Arithmetic::Source& source_;
  const std::function<std::size_t(const std::string&)>& position_of_;
  Arithmetic& out_;
  std::unordered_map<std::size_t, std::size_t> index_;  // position of a name to its place in out_.names_
  std::vector<Waiting> waiting_;
  std::size_t at_ = 0, depth_ = 0;
};

Arithmetic::Arithmetic(std::string_view text, const Source& source,
                       const std::function<std::size_t(const std::string&)>& position_of) {
  ArithmeticParser(text, source, position_of, *this).parse();
}

double Arithmetic::apply(Op op, double x, double y) {
  switch (op) {
    case Op::negate:
      return -x;
    case Op::add:
      return x + y;
    case Op::subtract:
      return x - y;
    case Op::multiply:
      return x * y;
    case Op::divide:
      return x / y;
    case Op::power:
      return std::pow(x, y);
    case Op::log:
      return std::log(x);
    case Op::log2:
      return std::log2(x);
    case Op::log10:
      return std::log10(x);
    case Op::exp:
      return std::exp(x);
    case Op::round:
      return std::round(x);
    case Op::floor:
      return std::floor(x);
    case Op::ceil:
      return std::ceil(x);
    default:
      return std::sqrt(x);
  }
}

double Arithmetic::value(std::span<const double> inputs, std::span<double> stack) const {
  std::size_t top = 0;  // one above the last value
  for (const Step& step : steps_) {
    if (step.op == Op::number || step.op == Op::name) {
      stack[top++] = step.op == Op::number ? step.number : inputs[step.index];
      continue;
    }
    if (is_binary(step.op)) --top;
    double& x = stack[top - 1];
    x = apply(step.op, x, top < stack.size() ? stack[top] : 0);
  }
  return stack[0];
}

}  // namespace phaselaw::base
