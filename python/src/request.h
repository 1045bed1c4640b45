// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "phaselaw/tables/measured_table.h"
#include "value.h"

// Keyword arguments: python/phaselaw gathers them into a dict, in which every key of the call stands.
namespace phaselaw::python {

class Request {
 public:
  explicit Request(nb::handle table) : value_(from_python(table, "")) {}

  [[nodiscard]] std::string text(std::string_view key) const { return value_.at(key).text(); }
  [[nodiscard]] double number(std::string_view key) const { return value_.at(key).number(); }
  [[nodiscard]] std::int64_t integer(std::string_view key) const { return value_.at(key).integer(); }
  [[nodiscard]] int count(std::string_view key, std::int64_t least) const {
    const std::int64_t n = integer(key);
    if (n < least || n > 2147483647)
      throw base::InputError({std::string(key)}, fmt::format("expected an integer >= {}, found {}", least, n));
    return static_cast<int>(n);
  }
  [[nodiscard]] bool flag(std::string_view key) const { return value_.at(key).boolean(); }
  [[nodiscard]] bool given(std::string_view key) const { return !value_.at(key).is_null(); }
  [[nodiscard]] const base::Value& at(std::string_view key) const { return value_.at(key); }
  [[nodiscard]] const base::Value& all() const { return value_; }

  [[nodiscard]] std::optional<double> maybe(std::string_view key) const {
    return given(key) ? std::optional<double>(number(key)) : std::nullopt;
  }
  [[nodiscard]] std::vector<double> numbers(std::string_view key) const {
    std::vector<double> list;
    for (const auto& item : value_.at(key).list()) list.push_back(item.number());
    return list;
  }
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const {
    std::vector<std::string> list;
    for (const auto& item : value_.at(key).list()) list.push_back(item.text());
    return list;
  }
  [[nodiscard]] std::map<std::string, double> named_numbers(std::string_view key) const {
    std::map<std::string, double> named;
    for (const auto& [name, item] : value_.at(key).entries()) named[name] = item.number();
    return named;
  }
  [[nodiscard]] std::map<std::string, std::string> named_texts(std::string_view key) const {
    std::map<std::string, std::string> named;
    for (const auto& [name, item] : value_.at(key).entries()) named[name] = item.text();
    return named;
  }

  // threads, None: one a core.
  [[nodiscard]] int threads() const {
    return given("threads") ? count("threads", 1) : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  }
  [[nodiscard]] std::uint64_t seed() const {
    const std::int64_t seed = integer("seed");
    if (seed < 0) throw base::InputError({"seed"}, fmt::format("expected an integer >= 0, found {}", seed));
    return static_cast<std::uint64_t>(seed);
  }
  // columns, scale, where, last.
  [[nodiscard]] tables::ReadOptions read_options() const {
    tables::ReadOptions options;
    options.columns = named_texts("columns");
    options.scale = named_numbers("scale");
    options.where = texts("where");
    options.last = flag("last");
    return options;
  }

 private:
  base::Value value_;
};

}  // namespace phaselaw::python
