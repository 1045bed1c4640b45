// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/base/fields.h"

// Reads a document in which every field is required: a value with its path, so that an error names the field
// ("optimum.theta[3]") and what to do. Types of values follow the same rules as option structs (fields.h).
namespace phaselaw::base {

class FieldReader {
 public:
  // `remedy`: the end of every message, such as "write the file again with phaselaw fit --json".
  FieldReader(const Value& value, std::string remedy) : value_(value), remedy_(std::move(remedy)) {}

  [[noreturn]] void wrong(const std::string& expected) const;  // "field 'path': expected ...; remedy"
  [[noreturn]] void wrong_kind(const std::string& expected) const;
  [[nodiscard]] bool has(std::string_view key) const { return value_.is_table() && value_.find(key) != nullptr; }
  [[nodiscard]] FieldReader at(std::string_view key) const;  // InputError if it is missing
  // Substitutes another value for an existing one. `value` must outlive the reader.
  [[nodiscard]] FieldReader at_value(std::string_view key, const Value& value) const {
    return {value, at(key).path_, remedy_};
  }
  [[nodiscard]] std::vector<FieldReader> items() const;
  [[nodiscard]] std::vector<std::pair<std::string, FieldReader>> entries() const;
  [[nodiscard]] bool is_null() const { return value_.is_null(); }
  [[nodiscard]] const Value& value() const { return value_; }

  // A bool, std::int64_t, double, std::string, enum, optional, list or map, in its domain.
  template <class T>
  [[nodiscard]] T as(const Domain& domain = anything()) const {
    T out{};
    try {
      detail::read(value_, out, domain, fmt::format("field '{}'", path_));
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}; {}", error.what(), remedy_));
    }
    return out;
  }
  [[nodiscard]] double number() const { return as<double>(); }
  // A number; null in a file means that it is not finite.
  [[nodiscard]] double number_or(double unknown) const {
    return is_null() || (value_.is_number() && !std::isfinite(value_.number())) ? unknown : number();
  }
  [[nodiscard]] const std::string& text() const;
  [[nodiscard]] std::int64_t count() const { return as<std::int64_t>(at_least(0)); }
  [[nodiscard]] int small_count() const { return static_cast<int>(as<std::int64_t>(between(0, 2147483647))); }
  [[nodiscard]] bool boolean() const { return as<bool>(); }

  // An option struct written by write_fields(); a field added since then keeps its default.
  template <class S>
  void read_into(S& options) const {
    if (!value_.is_table()) wrong_kind("a table");
    S::fields(options, [&](std::string_view name, auto& field, const Domain& domain, std::string_view) {
      if (has(name)) field = at(name).template as<std::remove_reference_t<decltype(field)>>(domain);
    });
  }

 private:
  FieldReader(const Value& value, std::string path, std::string remedy)
      : value_(value), path_(std::move(path)), remedy_(std::move(remedy)) {}
  const Value& value_;
  std::string path_, remedy_;
};

}  // namespace phaselaw::base
