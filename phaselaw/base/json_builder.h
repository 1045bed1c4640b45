// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "phaselaw/base/value.h"

namespace phaselaw::base {

// Receives the events of a JSON parser and builds a Value without recursion. An object with a key twice and nesting
// beyond kDeepestNesting are refused. Cost: linear.
class JsonBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit JsonBuilder(std::string source) : source_(std::move(source)) {}
  [[nodiscard]] Value take() { return std::move(root_); }
  // Where the text stopped being JSON: the number of bytes read, and the library's words about it and about a number.
  [[nodiscard]] std::size_t byte() const { return byte_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] const std::string& out_of_range() const { return out_of_range_; }

  bool null() override { return add({}); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(static_cast<std::int64_t>(value)); }
  bool number_unsigned(number_unsigned_t value) override;
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& value) override;
  bool parse_error(std::size_t byte, const std::string&, const nlohmann::detail::exception& error) override;

 private:
  struct Level {
    bool is_table = false;
    Value::Table table;
    Value::List list;
    std::unordered_set<std::string> keys;
  };
  bool add(Value value);
  bool open(bool is_table);
  bool close();

  std::string source_, problem_, out_of_range_;
  std::size_t byte_ = 0;
  std::vector<Level> levels_;
  Value root_;
};

}  // namespace phaselaw::base
