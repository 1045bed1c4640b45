// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/expression.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/tables/columns.h"

namespace phaselaw::laws {

namespace {

struct Function {
  std::string_view name;
  Op op;
  int arguments;
};
constexpr Function kFunctions[] = {
    {"exp", Op::exp, 1},   {"log", Op::log, 1}, {"ln", Op::log, 1},  {"sqrt", Op::sqrt, 1},
    {"pow", Op::power, 2}, {"min", Op::min, 2}, {"max", Op::max, 2}, {"lambert_w", Op::lambert_w, 1}};

const Function* find_function(std::string_view name) {
  for (const Function& function : kFunctions)
    if (function.name == name) return &function;
  return nullptr;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether a name looks like a misspelt column: long, with the same beginning and nearly the same length.
std::string misspelt_column(const std::string& name, const std::vector<std::string>& own) {
  std::vector<std::string> known = own;
  for (const tables::KnownColumn& column : tables::known_columns()) known.push_back(column.name);
  const std::string nearest = base::nearest_name(name, known);
  const bool alike = name.size() >= 5 && nearest.size() >= 5 && nearest.compare(0, 3, name, 0, 3) == 0 &&
                     name.size() + 1 >= nearest.size() && nearest.size() + 1 >= name.size() &&
                     std::none_of(name.begin(), name.end(), is_digit);
  return alike ? nearest : std::string();
}

}  // namespace

class ExpressionParser {
 public:
  ExpressionParser(std::string_view text, const std::vector<std::string>& table_columns, const std::string& where)
      : text_(text), table_columns_(table_columns), where_(where) {}

  Expression parse(bool needs_columns) {
    if (text_.size() > kMaxExpressionLength)
      fail(fmt::format("expected at most {} characters, found {}", kMaxExpressionLength, text_.size()));
    std::optional<int> value;
    while (!value) value = statement();
    out_.text_ = std::string(text_);
    out_.root_ = static_cast<std::size_t>(*value);
    for (const auto& definition : definitions_)
      if (!definition.used) fail(fmt::format("definition '{}' is not used; remove it", definition.name), 0);
    if (out_.columns_.empty() && needs_columns)
      fail("expected a column in the law (N, D, C, or a column's name), found none", 0);
    if (out_.parameters_.empty()) fail("expected a parameter in the law, found none", 0);
    return std::move(out_);
  }

 private:
  struct Definition {
    std::string name;
    int node;
    bool used = false;
  };
  struct Depth {
    explicit Depth(ExpressionParser& parser) : parser_(parser) {
      if (++parser_.depth_ > kMaxExpressionDepth)
        parser_.fail(fmt::format("expected at most {} levels of nesting, found more", kMaxExpressionDepth));
    }
    ~Depth() { --parser_.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    ExpressionParser& parser_;
  };

  // Parses a definition (which has no value) or the law itself.
  std::optional<int> statement() {
    skip_space();
    const std::size_t begin = at_;
    std::string name;
    if (is_letter(peek())) {
      name = read_name();
      skip_space();
      if (peek() == '=') {
        ++at_;
      } else {
        at_ = begin;
        name.clear();
      }
    }
    const int value = sum();
    skip_space();
    if (at_ == text_.size()) return value;
    if (peek() != ';') expected("an operator or the end");
    if (name.empty()) fail("expected a definition 'name = ...' before ';'", begin);
    ++at_;
    if (find_function(name) != nullptr || column_of(name) || parameter_known(name) || find_definition(name) != nullptr)
      fail(fmt::format("'{}' already has a meaning; choose another name", name), begin);
    definitions_.push_back({name, value});
    return std::nullopt;
  }

  int sum() {
    int left = product();
    for (skip_space(); peek() == '+' || peek() == '-'; skip_space())
      left = next() == '+' ? push({Op::add, left, product()}) : push({Op::subtract, left, product()});
    return left;
  }

  int product() {
    int left = signed_power();
    for (skip_space(); (peek() == '*' && peek(1) != '*') || peek() == '/'; skip_space())
      left = next() == '*' ? push({Op::multiply, left, signed_power()}) : push({Op::divide, left, signed_power()});
    return left;
  }

  int signed_power() {
    bool negative = false;
    for (skip_space(); peek() == '-' || peek() == '+'; skip_space()) negative ^= next() == '-';
    const int value = power();
    return negative ? push({Op::negate, value, -1}) : value;
  }

  int power() {
    const Depth level(*this);
    const int base = atom();
    skip_space();
    if (peek() == '^') {
      ++at_;
    } else if (peek() == '*' && peek(1) == '*') {
      at_ += 2;
    } else {
      return base;
    }
    return push({Op::power, base, signed_power()});
  }

  int atom() {
    skip_space();
    if (peek() == '(') {
      ++at_;
      const int value = sum();
      close();
      return value;
    }
    if (is_digit(peek()) || peek() == '.') return number();
    if (is_letter(peek())) return name_or_call();
    expected("a number, a name or '('");
  }

  int number() {
    Node node;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), node.number);
    if (error != std::errc() || !std::isfinite(node.number)) expected("a number within double precision");
    at_ = static_cast<std::size_t>(end - text_.data());
    return push(node);
  }

  int name_or_call() {
    const std::size_t begin = at_;
    const std::string name = read_name();
    skip_space();
    if (peek() == '(') return call(name, begin);
    if (find_function(name) != nullptr) fail(fmt::format("expected '(' after the function {}", name), at_);
    if (Definition* definition = find_definition(name)) {
      definition->used = true;
      return definition->node;
    }
    if (const auto column = column_of(name)) {
      if (*column == "loss" && name == "L")
        fail("L is the loss, which the law predicts; write n_layers for the depth, or loss for a loss as an input",
             begin);
      return push({Op::column, -1, -1, index_in(out_.columns_, *column)});
    }
    if (const std::string nearest = misspelt_column(name, table_columns_); !nearest.empty())
      fail(
          fmt::format(
              "unknown column '{}'; did you mean '{}'? (if it is a parameter, choose a name less similar to the column)",
              name, nearest),
          begin);
    const std::size_t index = index_in(out_.parameters_, name);
    if (out_.parameters_.size() > kMaxExpressionParameters)
      fail(fmt::format("expected at most {} parameters, found more", kMaxExpressionParameters), begin);
    return push({Op::parameter, -1, -1, index});
  }

  int call(const std::string& name, std::size_t begin) {
    const Function* function = find_function(name);
    if (function == nullptr) {
      std::vector<std::string> known;
      for (const Function& f : kFunctions) known.emplace_back(f.name);
      fail(base::unknown_name("function", name, known), begin);
    }
    ++at_;
    const int first = sum();
    int second = -1;
    if (function->arguments == 2) {
      skip_space();
      if (peek() != ',') expected("',' and a second argument");
      ++at_;
      second = sum();
    }
    close();
    return push({function->op, first, second});
  }

  void close() {
    skip_space();
    if (peek() != ')') expected("an operator or ')'");
    ++at_;
  }

  int push(const Node& node) {
    auto& nodes = out_.nodes_;
    const auto same = std::find(nodes.begin(), nodes.end(), node);
    if (same != nodes.end()) return static_cast<int>(same - nodes.begin());
    nodes.push_back(node);
    return static_cast<int>(nodes.size() - 1);
  }

  static std::size_t index_in(std::vector<std::string>& names, const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    names.push_back(name);
    return names.size() - 1;
  }

  std::optional<std::string> column_of(const std::string& name) const {
    const std::string canonical = tables::canonical_column(name);
    if (std::find(table_columns_.begin(), table_columns_.end(), name) != table_columns_.end()) return canonical;
    const auto& known = tables::known_columns();
    const bool is_known = std::any_of(known.begin(), known.end(),
                                      [&](const tables::KnownColumn& column) { return column.name == canonical; });
    return is_known ? std::optional(canonical) : std::nullopt;
  }

  bool parameter_known(const std::string& name) const {
    return std::find(out_.parameters_.begin(), out_.parameters_.end(), name) != out_.parameters_.end();
  }
  Definition* find_definition(const std::string& name) {
    for (Definition& definition : definitions_)
      if (definition.name == name) return &definition;
    return nullptr;
  }

  std::string read_name() {
    const std::size_t begin = at_;
    while (is_letter(peek()) || is_digit(peek()) || peek() == '.') ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }
  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  char next() { return text_[at_++]; }

  [[noreturn]] void expected(const std::string& what) const {
    fail(fmt::format("expected {}, found {}", what,
                     at_ >= text_.size() ? std::string("the end")
                     : peek() >= ' ' && peek() <= '~'
                         ? fmt::format("'{}'", peek())
                         : fmt::format("the byte {:#04x}", static_cast<unsigned char>(peek()))));
  }
  [[noreturn]] void fail(const std::string& what) const { fail(what, at_); }
  [[noreturn]] void fail(const std::string& what, std::size_t at) const {
    throw base::InputError({where_, 1, static_cast<long>(at) + 1}, what);
  }

  std::string_view text_;
  const std::vector<std::string>& table_columns_;
  const std::string& where_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::vector<Definition> definitions_;
  Expression out_;
};

Expression Expression::parse(std::string_view text, const std::vector<std::string>& table_columns,
                             const std::string& where) {
  return ExpressionParser(text, table_columns, where).parse(true);
}

Expression Expression::parse_quantity(std::string_view text, const std::vector<std::string>& table_columns,
                                      const std::string& where) {
  return ExpressionParser(text, table_columns, where).parse(false);
}

std::vector<bool> Expression::affine_parameters(const std::vector<bool>& excluded) const {
  enum Kind { independent, affine, curved };
  std::vector<bool> chosen(parameters_.size(), false);
  std::vector<Kind> kind(nodes_.size());
  const auto still_affine = [&] {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const Node& node = nodes_[i];
      const Kind a = node.left >= 0 ? kind[static_cast<std::size_t>(node.left)] : independent;
      const Kind b = node.right >= 0 ? kind[static_cast<std::size_t>(node.right)] : independent;
      const Kind most = std::max(a, b);
      switch (node.op) {
        case Op::parameter:
          kind[i] = chosen[node.index] ? affine : independent;
          break;
        case Op::add:
        case Op::subtract:
        case Op::negate:
          kind[i] = most;
          break;
        case Op::multiply:
          kind[i] = a == affine && b == affine ? curved : most;
          break;
        case Op::divide:
          kind[i] = b == independent ? a : curved;
          break;
        default:
          kind[i] = most == independent ? independent : curved;
      }
    }
    return kind[root_] != curved;
  };
  for (std::size_t p = 0; p < chosen.size(); ++p) {
    if (!excluded.empty() && excluded[p]) continue;
    chosen[p] = true;
    if (!still_affine()) chosen[p] = false;
  }
  return chosen;
}

}  // namespace phaselaw::laws
