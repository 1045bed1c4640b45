// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/computed_keys.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>

#include "phaselaw/base/arithmetic.h"
#include "phaselaw/base/ascii.h"
#include "phaselaw/sweep/exact_number.h"
#include "phaselaw/sweep/keys.h"

namespace phaselaw::sweep {

using base::Arithmetic;
using base::InputError;
using base::Value;

namespace {

constexpr std::array<const char*, 3> kComputedSections = {"model", "data", "training"};

// The key that a name in an expression of `section` means; null if there is none.
const Key* key_meant(const std::string& section, const std::string& name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) return find_key(section, name);
  const std::string other = name.substr(0, dot);
  const bool may = std::find(kComputedSections.begin(), kComputedSections.end(), other) != kComputedSections.end();
  return may ? find_key(other, name.substr(dot + 1)) : nullptr;
}

// Evaluates the expressions of one document, each once, those that another one reads before it.
class KeyComputer {
 public:
  KeyComputer(const Value& document, const std::set<std::string>& set_later, const std::function<std::string()>& point)
      : document_(document), set_later_(set_later), point_(point) {}

  ExactNumber value_of(const Key& key) {
    const std::string name = key.dotted();
    if (const auto done = done_.find(name); done != done_.end()) return done->second;
    const Value* text = given(key);
    if (const auto open = std::find(open_.begin(), open_.end(), name); open != open_.end()) {
      std::vector<std::string> cycle(open, open_.end());
      cycle.push_back(name);
      throw InputError(text->where(),
                       fmt::format("{} would be computed from itself: {}; give one of these keys a number", name,
                                   fmt::join(cycle, " <- ")));
    }
    open_.push_back(name);
    const ExactNumber value = evaluated(key, *text);
    open_.pop_back();
    done_.emplace(name, value);
    return value;
  }

  [[nodiscard]] const Value* given(const Key& key) const {
    const Value* section = document_.find(key.section);
    return section == nullptr || !section->is_table() ? nullptr : section->find(key.name);
  }

  // The number of a key of this kind; its domain is checked.
  [[nodiscard]] Value number_for(const Key& key, const Value& text, const ExactNumber& x) const {
    const auto fail = [&](const std::string& expected) {
      const std::string at = point_ ? point_() : "";
      throw InputError(text.where(), fmt::format("{} = \"{}\" is {}{}{}; expected {}", key.dotted(), text.text(),
                                                 x.to_string(), at.empty() ? "" : " at ", at, expected));
    };
    if (!std::isfinite(x.value())) fail("a finite number");
    if (key.kind == KeyKind::integer && !x.is_integer())
      fail(x.is_exact() ? "an integer; put round(...), floor(...) or ceil(...) around it"
                        : "an exact integer; put round(...) around it, or leave out the functions that round");
    if (!key.domain.contains(x.value()))
      fail(key.domain.beside(x.value()).of(key.kind == KeyKind::integer ? "an integer" : "a number"));
    Value out = key.kind == KeyKind::integer ? Value(x.integer()) : Value(x.value());
    out.set_where(text.where());
    return out;
  }

 private:
  ExactNumber evaluated(const Key& key, const Value& text) {
    std::vector<const Key*> read;
    const auto position_of = [&](const std::string& name) {
      read.push_back(&known(key, name));
      const Key* found = read.back();
      const auto first = static_cast<std::size_t>(std::find(read.begin(), read.end(), found) - read.begin());
      if (first + 1 < read.size()) read.pop_back();
      return first;
    };
    Arithmetic::Source source{text.where(), "key", "the name of a key"};
    if (source.start.column > 0) ++source.start.column;  // behind the quotation mark
    const Arithmetic expression(text.text(), source, position_of);
    std::vector<ExactNumber> inputs;
    for (const std::size_t at : expression.names()) inputs.push_back(operand(*read[at], text));
    std::vector<ExactNumber> stack;
    for (const auto& step : expression.steps()) {
      if (step.op == Arithmetic::Op::number || step.op == Arithmetic::Op::name) {
        stack.push_back(step.op == Arithmetic::Op::number ? ExactNumber::of_decimal(step.number) : inputs[step.index]);
        continue;
      }
      ExactNumber y;
      if (Arithmetic::is_binary(step.op)) {
        y = stack.back();
        stack.pop_back();
      }
      stack.back() = ExactNumber::apply(step.op, stack.back(), y);
    }
    return stack.back();
  }

  // The key that an expression reads. Errors get the place of the name from the parser.
  [[nodiscard]] const Key& known(const Key& reader, const std::string& name) const {
    const Key* key = key_meant(reader.section, name);
    if (key == nullptr) throw InputError(unknown_operand(reader.section, name));
    if (!key->is_numeric()) throw InputError(fmt::format("the key {} holds no number", key->dotted()));
    if (set_later_.contains(key->dotted()))
      throw InputError(
          fmt::format("the ladder sets {} from grid.n_params after this; use keys that it does not set, or "
                      "list the sizes in the grid",
                      key->dotted()));
    return *key;
  }

  [[nodiscard]] static std::string unknown_operand(const std::string& section, const std::string& name) {
    if (name.find('.') != std::string::npos) return unknown_key(name);
    for (const char* other : kComputedSections)
      if (const Key* key = find_key(other, name))
        return fmt::format("unknown key '{}' in [{}]; did you mean '{}'?", name, section, key->dotted());
    std::vector<std::string> numeric;
    for (const Key& key : all_keys())
      if (key.section == section && key.is_numeric()) numeric.push_back(key.name);
    return base::unknown_name("key in [" + section + "]", name, numeric);
  }

  ExactNumber operand(const Key& key, const Value& reader) {
    const Value* value = given(key);
    if (key.section == "data" && key.name == "n_data" && one_pass())
      throw InputError(reader.where(),
                       "data.n_data follows from one_pass, so nothing can be computed from it; write "
                       "training.batch * training.steps");
    if (value == nullptr && stands_for_another(key))
      throw InputError(reader.where(),
                       fmt::format("{0} is not given, and its default {1} stands for another value; give "
                                   "{0} a number",
                                   key.dotted(), base::to_json(key.default_value, -1)));
    const Value& found = value == nullptr ? key.default_value : *value;
    if (found.is_text() && is_expression(key.section, key.name, found)) {
      const ExactNumber number = value_of(key);
      (void)number_for(key, found, number);
      return number;
    }
    if (!found.is_number())
      throw InputError(value == nullptr ? reader.where() : value->where(),
                       fmt::format("{}: expected a number, from which {} = \"{}\" can be computed; found {}",
                                   key.dotted(), open_.back(), reader.text(), found.kind()));
    const bool small = found.is_integer() && std::abs(found.number()) < base::kLargestExactInteger;
    return small ? ExactNumber(found.integer()) : ExactNumber::of_decimal(found.number());
  }

  // "auto", or a 0 that the help explains: "0: n_heads".
  [[nodiscard]] static bool stands_for_another(const Key& key) {
    return key.default_value.is_text() || (key.default_value.is_number() && key.default_value.number() == 0 &&
                                           key.help.find("; 0: ") != std::string::npos);
  }
  [[nodiscard]] bool one_pass() const {
    const Value* value = given(*find_key("data", "one_pass"));
    return value != nullptr && value->is_bool() && value->boolean();
  }

  const Value& document_;
  const std::set<std::string>& set_later_;
  const std::function<std::string()>& point_;
  std::map<std::string, ExactNumber> done_;
  std::vector<std::string> open_;  // the keys that wait for the present one
};

}  // namespace

bool is_expression(const std::string& section, const std::string& name, const Value& value) {
  if (!value.is_text()) return false;
  const Key* key = find_key(section, name);
  if (key == nullptr || !key->is_numeric()) return false;
  const std::string& text = value.text();
  if (std::find(key->words.begin(), key->words.end(), text) != key->words.end()) return false;
  return base::looks_like_expression(text) || key_meant(section, std::string(base::trimmed(text))) != nullptr;
}

ComputedKeys compute_keys(const Value& document, const std::set<std::string>& set_later,
                          const std::function<std::string()>& point) {
  ComputedKeys out{document};
  KeyComputer computer(document, set_later, point);
  for (const char* section : kComputedSections) {
    const Value* table = document.find(section);
    if (table == nullptr || !table->is_table()) continue;
    for (const auto& [name, value] : table->entries()) {
      if (!is_expression(section, name, value)) continue;
      const Key& key = *find_key(section, name);
      if (set_later.contains(key.dotted()))
        throw InputError(
            value.where(),
            fmt::format("{} is computed here, but the ladder sets it from grid.n_params; remove one of them",
                        key.dotted()));
      Value number = computer.number_for(key, value, computer.value_of(key));
      out.document[section][name] = number;
      out.values.emplace_back(key.dotted(), std::move(number));
    }
  }
  return out;
}

}  // namespace phaselaw::sweep
