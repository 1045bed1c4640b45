// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/value.h"

// Option structs describe themselves once. This description gives the reading of TOML and JSON, the resolved
// configuration in run.json, the check of every value's domain, and the key reference in docs/.
//
//   struct Options {
//     std::int64_t n_layers = 2;
//     template <class Self, class Visit> static void fields(Self& self, Visit&& visit) {
//       visit("n_layers", self.n_layers, at_least(1), "depth: number of attention + MLP layers");
//     }
//   };
//
// Types of fields: bool, std::int64_t, double, std::string, an enum with enum_names(), NumberOrWord, an optional of
// these, lists of text or numbers, and maps from names to text or numbers. A struct may visit the fields of another one
// as its own. The same description gives the flags of the program (fields_text.h) and the keyword arguments of Python.
namespace phaselaw::base {

struct Domain {
  double lo = -std::numeric_limits<double>::infinity();
  double hi = std::numeric_limits<double>::infinity();
  bool lo_open = false;
  bool hi_open = false;
  std::string_view unit = "";  // "FLOP", "tokens", "bytes"; empty if there is none
  bool hi_is_limit = false;    // hi is a limit of the program and no property of the quantity
  [[nodiscard]] Domain in(std::string_view its_unit) const {
    Domain domain = *this;
    domain.unit = its_unit;
    return domain;
  }
  // At most `most`, which messages mention only if a number is larger.
  [[nodiscard]] Domain up_to(double most) const {
    Domain domain = *this;
    domain.hi = most;
    domain.hi_is_limit = true;
    return domain;
  }
  [[nodiscard]] bool contains(double x) const;  // never NaN or infinity
  [[nodiscard]] std::string to_string() const;  // ">= 1", "in (0, 1]", "finite"
  // The same for a message about x, which is not in it: without a limit of the program, unless x exceeds it.
  [[nodiscard]] Domain beside(double x) const;
  [[nodiscard]] std::string of(
      std::string_view article_noun) const;  // of("a number"): "a number >= 1", "a finite number"
  // minimum, maximum, exclusive_minimum, exclusive_maximum (null where there is no bound), unit.
  [[nodiscard]] Value to_value() const;
};

[[nodiscard]] inline Domain anything() { return {}; }
[[nodiscard]] inline Domain at_least(double lo) { return {lo}; }
[[nodiscard]] inline Domain above(double lo) { return {lo, std::numeric_limits<double>::infinity(), true}; }
[[nodiscard]] inline Domain positive() { return {0.0, std::numeric_limits<double>::infinity(), true}; }
[[nodiscard]] inline Domain between(double lo, double hi) { return {lo, hi}; }
[[nodiscard]] inline Domain strictly_between(double lo, double hi) { return {lo, hi, true, true}; }
[[nodiscard]] inline Domain half_open(double lo, double hi) { return {lo, hi, false, true}; }  // lo <= x < hi

// Integers up to here are the same numbers as doubles, in JSON and in Python, and no other integer is rounded to them.
inline constexpr double kLargestExactInteger = 9007199254740991.0;  // 2^53 - 1
[[nodiscard]] inline Domain seeds() { return at_least(0).up_to(kLargestExactInteger); }
// Numbers of worker threads, where 0 stands for all cores. More threads than this could not be started.
[[nodiscard]] inline Domain thread_counts() { return at_least(0).up_to(4096); }
// Amounts of compute, tokens or parameters: > 0, and so small that their products and powers are still numbers.
[[nodiscard]] inline Domain amounts() { return positive().up_to(1e40); }
// Times in seconds, up to 30 years, which clocks can add to the present.
[[nodiscard]] inline Domain durations(double least = 0) { return at_least(least).up_to(1e9); }
// Numbers of bootstrap resamples, of which each is kept.
[[nodiscard]] inline Domain resample_counts(double least = 2) { return at_least(least).up_to(1e6); }

// A number, or one of a few words: the library chooses ("auto"), or the theory prescribes ("good").
template <class T>
struct NumberOrWord {
  T value{};
  std::string word;  // empty if `value` is used
  std::vector<std::string> allowed;
  // Constructors, because GCC 12 destroys members of an aggregate twice when memory runs out in its list of words.
  NumberOrWord() = default;
  NumberOrWord(T number, std::string its_word, std::vector<std::string> its_allowed)
      : value(number), word(std::move(its_word)), allowed(std::move(its_allowed)) {}
  [[nodiscard]] bool is_word() const { return !word.empty(); }
  NumberOrWord& operator=(T number) {
    value = number;
    word.clear();
    return *this;
  }
};

// Specialise for an enum E: the names in TOML, JSON and Python.
template <class E>
using EnumNames = std::span<const std::pair<std::string_view, E>>;
// found by argument-dependent lookup: EnumNames<E> enum_names(E);

// The name of an enumerator in files, flags, JSON and messages.
template <class E>
[[nodiscard]] std::string_view enum_name(E value) {
  for (const auto& [name, candidate] : enum_names(E{}))
    if (candidate == value) return name;
  return "?";
}
template <class E>
[[nodiscard]] std::string enum_to_text(E value) {
  return std::string(enum_name(value));
}
template <class E>
[[nodiscard]] std::vector<std::string> enum_words() {
  std::vector<std::string> words;
  for (const auto& entry : enum_names(E{})) words.emplace_back(entry.first);
  return words;
}

template <class E>
[[nodiscard]] E enum_from_text(const std::string& text, const Location& where, std::string_view kind) {
  for (const auto& [name, candidate] : enum_names(E{}))
    if (name == text) return candidate;
  throw InputError(where, unknown_name(kind, text, enum_words<E>()));
}

namespace detail {

void require_in_domain(double x, const Domain& domain, std::string_view key, const Location& where);
[[noreturn]] void wrong_field(const Value& value, std::string_view key, const std::string& expected);

// A type of a higher layer that reads and writes itself, as sweep::Settings does. It also has flag_shape() and
// read_flags(texts), for fields_text.h.
template <class T>
concept SelfReading = requires(T x, const Value& value) {
  x.read(value, std::string_view());
  x.to_value();
};

inline void read(const Value& v, bool& out, const Domain&, std::string_view key) {
  if (!v.is_bool()) wrong_field(v, key, "true or false");
  out = v.boolean();
}
inline void read(const Value& v, std::string& out, const Domain&, std::string_view key) {
  if (!v.is_text()) wrong_field(v, key, "text in quotes");
  out = v.text();
}
inline void read(const Value& v, std::int64_t& out, const Domain& domain, std::string_view key) {
  if (!v.is_whole_number()) wrong_field(v, key, domain.beside(0).of("an integer"));
  out = v.integer();
  require_in_domain(static_cast<double>(out), domain, key, v.where());
}
inline void read(const Value& v, double& out, const Domain& domain, std::string_view key) {
  if (!v.is_number()) wrong_field(v, key, domain.beside(0).of("a number"));
  out = v.number();
  require_in_domain(out, domain, key, v.where());
}
template <SelfReading T>
void read(const Value& v, T& out, const Domain&, std::string_view key) {
  out.read(v, key);
}
template <class T>
void read(const Value& v, std::vector<T>& out, const Domain& domain, std::string_view key) {
  constexpr const char* kExpected = std::is_same_v<T, std::string> ? "a list of quoted texts" : "a list of numbers";
  if (!v.is_list()) wrong_field(v, key, kExpected);
  out.clear();
  for (const auto& item : v.list()) {
    if (std::is_same_v<T, std::string> ? !item.is_text() : !item.is_number()) wrong_field(item, key, kExpected);
    read(item, out.emplace_back(), domain, key);
  }
}
template <class T>
void read(const Value& v, std::map<std::string, T>& out, const Domain& domain, std::string_view key) {
  if (!v.is_table())
    wrong_field(v, key, std::is_same_v<T, std::string> ? "a table of names and texts" : "a table of names and numbers");
  out.clear();
  for (const auto& [name, item] : v.entries()) read(item, out[name], domain, fmt::format("{}.{}", key, name));
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
  wrong_field(v, key, fmt::format("{} or \"{}\"", domain.beside(0).of("a number"), fmt::join(out.allowed, "\" or \"")));
}
template <class E>
requires std::is_enum_v<E>
void read(const Value& v, E& out, const Domain&, std::string_view key) {
  std::vector<std::string_view> names;
  for (const auto& entry : enum_names(E{})) names.push_back(entry.first);
  if (!v.is_text()) wrong_field(v, key, fmt::format("\"{}\"", fmt::join(names, "\" or \"")));
  out = enum_from_text<E>(v.text(), v.where(), key);
}
template <class T>
void read(const Value& v, std::optional<T>& out, const Domain& domain, std::string_view key) {
  if (v.is_null())
    out.reset();
  else
    read(v, out.emplace(), domain, key);
}

inline Value write(bool x) { return Value(x); }
inline Value write(std::int64_t x) { return Value(x); }
inline Value write(double x) { return Value(x); }
inline Value write(const std::string& x) { return Value(x); }
template <class T>
Value write(const std::vector<T>& x) {
  return x.empty() ? Value(Value::List{}) : Value(x);
}
template <class T>
Value write(const std::map<std::string, T>& x) {
  Value table = Value::table();
  for (const auto& [name, value] : x) table[name] = Value(value);
  return table;
}
template <class T>
Value write(const NumberOrWord<T>& x) {
  return x.is_word() ? Value(x.word) : Value(x.value);
}
template <SelfReading T>
Value write(const T& x) {
  return x.to_value();
}
template <class E>
requires std::is_enum_v<E> Value write(E x) { return Value(enum_to_text(x)); }
template <class T>
Value write(const std::optional<T>& x) {
  return x ? write(*x) : Value();
}

inline void check(double x, const Domain& domain, std::string_view key) { require_in_domain(x, domain, key, {}); }
inline void check(std::int64_t x, const Domain& domain, std::string_view key) {
  require_in_domain(static_cast<double>(x), domain, key, {});
}
template <class T>
void check(const NumberOrWord<T>& x, const Domain& domain, std::string_view key) {
  if (!x.is_word()) check(x.value, domain, key);
}
inline void check(bool, const Domain&, std::string_view) {}
inline void check(const std::string&, const Domain&, std::string_view) {}
template <SelfReading T>
void check(const T&, const Domain&, std::string_view) {}
template <class E>
requires std::is_enum_v<E>
void check(E, const Domain&, std::string_view) {}
template <class T>
void check(const std::vector<T>& list, const Domain& domain, std::string_view key) {
  for (const T& x : list) check(x, domain, key);
}
template <class T>
void check(const std::map<std::string, T>& map, const Domain& domain, std::string_view key) {
  for (const auto& [name, x] : map) check(x, domain, fmt::format("{}.{}", key, name));
}
template <class T>
void check(const std::optional<T>& x, const Domain& domain, std::string_view key) {
  if (x) check(*x, domain, key);
}

}  // namespace detail

// "--n-layers" of "n_layers".
[[nodiscard]] std::string flag_of(std::string_view field);

// Sets the fields that the table names; all others keep their defaults. InputError at its place for an unknown key
// (with the nearest known name), a wrong type, or a value outside its domain.
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

// The struct as a table, with every field.
template <class S>
[[nodiscard]] Value write_fields(const S& options) {
  Value table = Value::table();
  S::fields(options, [&](std::string_view name, const auto& field, const Domain&, std::string_view) {
    table[name] = detail::write(field);
  });
  return table;
}

// The names of its fields, in order.
template <class S>
[[nodiscard]] std::vector<std::string_view> field_names() {
  std::vector<std::string_view> names;
  S options;
  S::fields(options,
            [&](std::string_view name, const auto&, const Domain&, std::string_view) { names.push_back(name); });
  return names;
}

// Checks every field against its domain; InputError with field, value and constraint.
template <class S>
void check_fields(const S& options) {
  S::fields(options, [](std::string_view name, const auto& field, const Domain& domain, std::string_view) {
    detail::check(field, domain, name);
  });
}

}  // namespace phaselaw::base
