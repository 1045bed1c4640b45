// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/value.h"

#include <algorithm>
#include <cmath>

#include <toml++/toml.h>
#include <nlohmann/json.hpp>

#include "phaselaw/base/files.h"
#include "phaselaw/base/json_builder.h"
#include "phaselaw/base/visible_text.h"

namespace phaselaw::base {

Value Value::table(std::initializer_list<std::pair<std::string, Value>> entries) {
  Value value;
  value.data_ = Table(entries.begin(), entries.end());
  return value;
}

std::string Value::kind() const {
  switch (data_.index()) {
    case 0:
      return "nothing";
    case 1:
      return fmt::format("the boolean {}", std::get<bool>(data_));
    case 2:
      return fmt::format("the integer {}", std::get<std::int64_t>(data_));
    case 3:
      return fmt::format("the number {}", std::get<double>(data_));
    case 4:
      return fmt::format("the text \"{}\"", std::get<std::string>(data_));
    case 5:
      return "a list";
    default:
      return "a table";
  }
}

namespace {

[[noreturn]] void wrong_kind(const Value& value, const char* expected) {
  throw InputError(value.where(), fmt::format("expected {}, found {}", expected, value.kind()));
}

}  // namespace

bool Value::boolean() const {
  if (!is_bool()) wrong_kind(*this, "true or false");
  return std::get<bool>(data_);
}

bool Value::is_whole_number() const {
  const auto* d = std::get_if<double>(&data_);
  return is_integer() || (d && std::abs(*d) < 9e15 && std::floor(*d) == *d);
}

std::int64_t Value::integer() const {
  if (!is_whole_number()) wrong_kind(*this, "an integer");
  return is_integer() ? std::get<std::int64_t>(data_) : static_cast<std::int64_t>(std::get<double>(data_));
}

double Value::number() const {
  if (is_integer()) return static_cast<double>(std::get<std::int64_t>(data_));
  if (const auto* d = std::get_if<double>(&data_)) return *d;
  wrong_kind(*this, "a number");
}

const std::string& Value::text() const {
  if (!is_text()) wrong_kind(*this, "text in quotes");
  return std::get<std::string>(data_);
}

const Value::List& Value::list() const {
  if (!is_list()) wrong_kind(*this, "a list [..]");
  return std::get<List>(data_);
}

const Value::Table& Value::entries() const {
  static const Table empty;
  if (is_null()) return empty;
  if (!is_table()) wrong_kind(*this, "a table");
  return std::get<Table>(data_);
}

const Value* Value::find(std::string_view key) const {
  for (const auto& [name, value] : entries())
    if (name == key) return &value;
  return nullptr;
}

const Value& Value::at(std::string_view key) const {
  if (const Value* value = find(key)) return *value;
  std::vector<std::string> known;
  for (const auto& entry : entries()) known.push_back(entry.first);
  throw InputError(where_, fmt::format("expected the key '{}'; found: {}", key, fmt::join(known, ", ")));
}

Value& Value::operator[](std::string_view key) {
  if (is_null()) data_ = Table{};
  PHASELAW_CHECK(is_table());
  auto& entries = std::get<Table>(data_);
  for (auto& [name, value] : entries)
    if (name == key) return value;
  entries.emplace_back(std::string(key), Value());
  return entries.back().second;
}

void Value::push_back(Value item) {
  if (is_null()) data_ = List{};
  PHASELAW_CHECK(is_list());
  std::get<List>(data_).push_back(std::move(item));
}

void Value::set(std::string_view dotted_path, Value value) {
  Value* node = this;
  for (std::size_t dot; (dot = dotted_path.find('.')) != std::string_view::npos; dotted_path.remove_prefix(dot + 1)) {
    node = &(*node)[dotted_path.substr(0, dot)];
    if (!node->is_null() && !node->is_table()) wrong_kind(*node, "a table");
  }
  (*node)[dotted_path] = std::move(value);
}

namespace {

Value from_toml(const toml::node& node, const std::string& source) {
  Value value;
  if (const auto* table = node.as_table()) {
    std::vector<std::pair<const toml::key*, const toml::node*>>
        children;  // the parser sorts by name, but the order of the file is kept
    for (const auto& [key, child] : *table) children.emplace_back(&key, &child);
    std::stable_sort(children.begin(), children.end(),
                     [](const auto& a, const auto& b) { return a.first->source().begin < b.first->source().begin; });
    Value::Table entries;
    entries.reserve(children.size());
    for (const auto& [key, child] : children) entries.emplace_back(std::string(key->str()), from_toml(*child, source));
    value = Value(std::move(entries));
  } else if (const auto* array = node.as_array()) {
    value = Value(Value::List{});
    for (const auto& child : *array) value.push_back(from_toml(child, source));
  } else if (const auto* text = node.as_string()) {
    value = Value(text->get());
  } else if (const auto* integer = node.as_integer()) {
    value = Value(integer->get());
  } else if (const auto* real = node.as_floating_point()) {
    value = Value(real->get());
  } else if (const auto* boolean = node.as_boolean()) {
    value = Value(boolean->get());
  } else {
    const auto at = node.source().begin;
    throw InputError({source, static_cast<long>(at.line), static_cast<long>(at.column)},
                     "expected a number, text, boolean, list or table; found a date or time");
  }
  value.set_where({source, static_cast<long>(node.source().begin.line), static_cast<long>(node.source().begin.column)});
  return value;
}

nlohmann::ordered_json as_json(const Value& value) {
  if (value.is_null()) return nullptr;
  if (value.is_bool()) return value.boolean();
  if (value.is_integer()) return value.integer();
  if (value.is_number()) return std::isfinite(value.number()) ? nlohmann::ordered_json(value.number()) : nullptr;
  if (value.is_text()) return value.text();
  if (value.is_list()) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& item : value.list()) list.push_back(as_json(item));
    return list;
  }
  nlohmann::ordered_json::object_t object;  // a list of pairs; the keys of a table are distinct
  for (const auto& [key, child] : value.entries()) object.push_back({key, as_json(child)});
  return object;
}

}  // namespace

namespace {

// The parser limits the nesting of lists and inline tables itself, but not the length of dotted keys, each part of which
// is a table.
void refuse_long_keys(std::string_view text, const std::string& source) {
  std::size_t dots = 0;
  long line = 1;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (quote != 0) {
      i += c == '\\' && quote == '"' ? 1 : 0;
      if (c == quote || c == '\n') quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      i = std::min(text.find('\n', i), text.size()) - 1;
    } else if (c == '.') {
      if (++dots > kDeepestNesting)
        throw InputError({source, line, 0},
                         fmt::format("expected at most {} parts in a dotted key, found more", kDeepestNesting));
    } else if (std::string_view("=,[]{}\n").find(c) != std::string_view::npos) {
      dots = 0;
    }
  }
}

}  // namespace

Value parse_toml(const std::string& text, const std::string& source_name) {
  constexpr std::size_t kLongestToml = std::size_t{1} << 20;  // of a parser that needs 100 times as much memory
  if (text.size() > kLongestToml)
    throw InputError({source_name},
                     fmt::format("expected at most {} bytes of TOML, found {}; check that this is the file "
                                 "of an experiment or a study",
                                 kLongestToml, text.size()));
  refuse_long_keys(text, source_name);
  try {
    return from_toml(toml::parse(text, source_name), source_name);
  } catch (const toml::parse_error& error) {
    const auto at = error.source().begin;
    throw InputError({source_name, static_cast<long>(at.line), static_cast<long>(at.column)},
                     fmt::format("not valid TOML: {}", error.description()));
  }
}

Value read_toml(const std::string& path) {
  Value document = parse_toml(read_text(path), path);
  if (document.entries().empty())
    throw InputError({path}, "holds no keys; expected sections such as [model], [data] and [training]");
  return document;
}

Value parse_json(const std::string& text, const std::string& source_name) {
  JsonBuilder builder(source_name);
  if (nlohmann::json::sax_parse(text, &builder)) return builder.take();
  if (!builder.out_of_range().empty())
    throw InputError({source_name}, fmt::format("a number too large for a double; write null or a smaller number ({})",
                                                builder.out_of_range()));
  const std::string before = text.substr(0, builder.byte() > 0 ? builder.byte() - 1 : 0);
  const long line = 1 + static_cast<long>(std::count(before.begin(), before.end(), '\n'));
  const auto newline = before.rfind('\n');
  const std::size_t column = newline == std::string::npos ? before.size() : before.size() - newline - 1;
  throw InputError({source_name, line, static_cast<long>(column) + 1},
                   fmt::format("not valid JSON: {}", builder.problem()));
}

Value read_json(const std::string& path) { return parse_json(read_text(path), path); }

std::string to_json(const Value& value, int indent) {
  return visible_json(as_json(value).dump(indent, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace phaselaw::base
