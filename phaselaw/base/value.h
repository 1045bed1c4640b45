// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "phaselaw/base/errors.h"

// One document tree for everything that is read (TOML, JSON) and written (JSON): a value and its place. Tables keep the
// order of their keys. Numbers are numbers; unknown, NaN and infinity are null in JSON.
namespace phaselaw::base {

class Value {
 public:
  using List = std::vector<Value>;
  using Table = std::vector<std::pair<std::string, Value>>;

  Value() = default;  // null
  // Assigned, not constructed: in libstdc++ 12 the copy constructor of a variant destroys an alternative that does not
  // exist when memory runs out in it.
  Value(const Value& other) : where_(other.where_) { data_ = other.data_; }
  Value(Value&&) = default;
  Value& operator=(const Value&) = default;
  Value& operator=(Value&&) = default;
  ~Value() = default;
  Value(bool b) : data_(b) {}
  template <class I, std::enable_if_t<std::is_integral_v<I> && !std::is_same_v<I, bool>, int> = 0>
  Value(I i) : data_(static_cast<std::int64_t>(i)) {}
  Value(double d) : data_(d) {}
  Value(const std::optional<double>& x) : Value(x ? Value(*x) : Value()) {}  // null if there is no place
  Value(std::string s) : data_(std::move(s)) {}
  Value(std::string_view s) : data_(std::string(s)) {}
  Value(const char* s) : data_(std::string(s)) {}
  Value(List list) : data_(std::move(list)) {}
  explicit Value(Table table) : data_(std::move(table)) {}  // each key once
  template <class T>
  explicit Value(const std::vector<T>& list) : data_(List(list.begin(), list.end())) {}
  [[nodiscard]] static Value table(std::initializer_list<std::pair<std::string, Value>> entries = {});

  [[nodiscard]] bool is_null() const { return data_.index() == 0; }
  [[nodiscard]] bool is_bool() const { return std::holds_alternative<bool>(data_); }
  [[nodiscard]] bool is_integer() const { return std::holds_alternative<std::int64_t>(data_); }
  [[nodiscard]] bool is_number() const { return is_integer() || std::holds_alternative<double>(data_); }
  [[nodiscard]] bool is_whole_number() const;  // integers, and reals such as 1e6, which may be used for counts
  [[nodiscard]] bool is_text() const { return std::holds_alternative<std::string>(data_); }
  [[nodiscard]] bool is_list() const { return std::holds_alternative<List>(data_); }
  [[nodiscard]] bool is_table() const { return std::holds_alternative<Table>(data_); }

  // Typed access; InputError at `where()` says what was expected and what was found.
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] double number() const;  // integers too
  [[nodiscard]] const std::string& text() const;
  [[nodiscard]] const List& list() const;
  [[nodiscard]] const Table& entries() const;

  // "an integer", "text", ... for messages.
  [[nodiscard]] std::string kind() const;

  // Tables: a null pointer if the key is absent; [] creates the key (and turns null into a table).
  [[nodiscard]] const Value* find(std::string_view key) const;
  [[nodiscard]] const Value& at(std::string_view key) const;  // InputError if absent
  Value& operator[](std::string_view key);
  void push_back(Value item);  // turns null into a list

  // Dotted path: set("data.n_data", 64) creates the tables on the way.
  void set(std::string_view dotted_path, Value value);

  [[nodiscard]] const Location& where() const { return where_; }
  void set_where(Location where) { where_ = std::move(where); }

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Table> data_;
  Location where_;
};

// Largest nesting of documents, tables in tables or lists in lists. Deeper ones are refused, because a value is destroyed
// and written level by level.
inline constexpr std::size_t kDeepestNesting = 1000;

// TOML 1.0 with the place of every value; JSON values know only their file. A syntax error is an InputError at
// file:line:column. A JSON number beyond 64-bit integers is read as a double; an object with a key twice is refused.
// Cost: linear.
[[nodiscard]] Value parse_toml(const std::string& text, const std::string& source_name);
[[nodiscard]] Value read_toml(const std::string& path);
[[nodiscard]] Value parse_json(const std::string& text, const std::string& source_name);
[[nodiscard]] Value read_json(const std::string& path);

// JSON text; doubles round-trip; indent < 0 writes one line.
[[nodiscard]] std::string to_json(const Value& value, int indent = 2);

}  // namespace phaselaw::base
