// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/value.h"

// Option structs describe themselves once, and everything else follows from that one description: reading TOML and
// JSON, the resolved configuration in run.json, the check of every value's domain, and the key reference in docs/.
//
//   struct Options {
//     std::int64_t n_layers = 2;
//     template <class Self, class Visit> static void fields(Self& self, Visit&& visit) {
//       visit("n_layers", self.n_layers, at_least(1), "depth: number of attention + MLP layers");
//     }
//   };
//
// Kinds of field: bool, std::int64_t, double, std::string, an enum with enum_names(), NumberOrWord, and lists of text.
namespace phaselaw::base {

struct Domain {
  double lo = -std::numeric_limits<double>::infinity();
  double hi = std::numeric_limits<double>::infinity();
  bool lo_open = false;
  bool hi_open = false;
  [[nodiscard]] bool contains(double x) const;  // never NaN or infinity
  [[nodiscard]] std::string to_string() const;  // ">= 1", "in (0, 1]", "finite"
  [[nodiscard]] std::string of(
      std::string_view article_noun) const;  // of("a number"): "a number >= 1", "a finite number"
};

[[nodiscard]] inline Domain anything() { return {}; }
[[nodiscard]] inline Domain at_least(double lo) { return {lo}; }
[[nodiscard]] inline Domain above(double lo) { return {lo, std::numeric_limits<double>::infinity(), true}; }
[[nodiscard]] inline Domain positive() { return {0.0, std::numeric_limits<double>::infinity(), true}; }
[[nodiscard]] inline Domain between(double lo, double hi) { return {lo, hi}; }
[[nodiscard]] inline Domain strictly_between(double lo, double hi) { return {lo, hi, true, true}; }
[[nodiscard]] inline Domain half_open(double lo, double hi) { return {lo, hi, false, true}; }  // lo <= x < hi

// A number, or one of a few words that let the library choose ("auto") or the theory prescribe ("good").
template <class T>
struct NumberOrWord {
  T value{};
  std::string word;  // empty: `value` holds
  std::vector<std::string> allowed;
  [[nodiscard]] bool is_word() const { return !word.empty(); }
  NumberOrWord& operator=(T number) {
    value = number;
    word.clear();
    return *this;
  }
};

// For an enum E, specialise: the names in TOML, JSON and Python.
template <class E>
using EnumNames = std::span<const std::pair<std::string_view, E>>;
// found by argument-dependent lookup: EnumNames<E> enum_names(E);

template <class E>
[[nodiscard]] std::string enum_to_text(E value) {
  for (const auto& [name, candidate] : enum_names(E{}))
    if (candidate == value) return std::string(name);
  return "?";
}

template <class E>
[[nodiscard]] E enum_from_text(const std::string& text, const Location& where, std::string_view kind) {
  std::vector<std::string> known;
  for (const auto& [name, candidate] : enum_names(E{})) {
    if (name == text) return candidate;
    known.emplace_back(name);
  }
  throw InputError(where, unknown_name(kind, text, known));
}

namespace detail {

void require_in_domain(double x, const Domain& domain, std::string_view key, const Location& where);
[[noreturn]] void wrong_field(const Value& value, std::string_view key, const std::string& expected);

inline void read(const Value& v, bool& out, const Domain&, std::string_view key) {
  if (!v.is_bool()) wrong_field(v, key, "true or false");
  out = v.boolean();
}
inline void read(const Value& v, std::string& out, const Domain&, std::string_view key) {
  if (!v.is_text()) wrong_field(v, key, "text in quotes");
  out = v.text();
}
inline void read(const Value& v, std::int64_t& out, const Domain& domain, std::string_view key) {
  if (!v.is_whole_number()) wrong_field(v, key, domain.of("an integer"));
  out = v.integer();
  require_in_domain(static_cast<double>(out), domain, key, v.where());
}
inline void read(const Value& v, double& out, const Domain& domain, std::string_view key) {
  if (!v.is_number()) wrong_field(v, key, domain.of("a number"));
  out = v.number();
  require_in_domain(out, domain, key, v.where());
}
inline void read(const Value& v, std::vector<std::string>& out, const Domain&, std::string_view key) {
  constexpr const char* kExpected = "a list of texts in quotes";
  if (!v.is_list()) wrong_field(v, key, kExpected);
  out.clear();
  for (const auto& item : v.list()) {
    if (!item.is_text()) wrong_field(item, key, kExpected);
    out.push_back(item.text());
  }
}
template <class T>
void read(const Value& v, NumberOrWord<T>& out, const Domain& domain, std::string_view key) {
  if (!v.is_text()) {
    out.word.clear();
    return read(v, out.value, domain, key);
  }
  for (const auto& word : out.allowed)
    if (word == v.text()) {
      out.word = word;
      return;
    }
  wrong_field(v, key, fmt::format("{} or \"{}\"", domain.of("a number"), fmt::join(out.allowed, "\" or \"")));
}
template <class E>
requires std::is_enum_v<E>
void read(const Value& v, E& out, const Domain&, std::string_view key) {
  std::vector<std::string_view> names;
  for (const auto& entry : enum_names(E{})) names.push_back(entry.first);
  if (!v.is_text()) wrong_field(v, key, fmt::format("\"{}\"", fmt::join(names, "\" or \"")));
  out = enum_from_text<E>(v.text(), v.where(), key);
}

inline Value write(bool x) { return Value(x); }
inline Value write(std::int64_t x) { return Value(x); }
inline Value write(double x) { return Value(x); }
inline Value write(const std::string& x) { return Value(x); }
inline Value write(const std::vector<std::string>& x) { return Value(x); }
template <class T>
Value write(const NumberOrWord<T>& x) {
  return x.is_word() ? Value(x.word) : Value(x.value);
}
template <class E>
requires std::is_enum_v<E> Value write(E x) { return Value(enum_to_text(x)); }

inline void check(double x, const Domain& domain, std::string_view key) { require_in_domain(x, domain, key, {}); }
inline void check(std::int64_t x, const Domain& domain, std::string_view key) {
  require_in_domain(static_cast<double>(x), domain, key, {});
}
template <class T>
void check(const NumberOrWord<T>& x, const Domain& domain, std::string_view key) {
  if (!x.is_word()) check(x.value, domain, key);
}
template <class Other>
void check(const Other&, const Domain&, std::string_view) {}

}  // namespace detail

// Sets the fields that the table names; everything else keeps its default. An unknown key is an InputError at its
// place with the nearest known name; so is a wrong type or a value outside its domain.
template <class S>
void read_fields(const Value& table, S& options, const std::string& section) {
  for (const auto& [key, value] : table.entries()) {
    bool known = false;
    std::vector<std::string> names;
    S::fields(options, [&, &key = key, &value = value](std::string_view name, auto& field, const Domain& domain,
                                                       std::string_view) {
      names.emplace_back(name);
      if (name != key) return;
      known = true;
      detail::read(value, field, domain, name);
    });
    if (!known) throw InputError(value.where(), unknown_name("key in [" + section + "]", key, names));
  }
}

// The struct as a table, every field given.
template <class S>
[[nodiscard]] Value write_fields(const S& options) {
  Value table = Value::table();
  S::fields(options, [&](std::string_view name, const auto& field, const Domain&, std::string_view) {
    table[name] = detail::write(field);
  });
  return table;
}

// Checks every field against its domain; InputError quoting field, value and constraint.
template <class S>
void check_fields(const S& options) {
  S::fields(options, [](std::string_view name, const auto& field, const Domain& domain, std::string_view) {
    detail::check(field, domain, name);
  });
}

}  // namespace phaselaw::base
