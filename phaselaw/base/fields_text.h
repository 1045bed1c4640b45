// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/base/number.h"

// Fields as flags of a command line: the syntax for each type of field, and its description in the help.
//
//   number        a quantity (number.h): 0.2, 1e21, 7B, 1/6; in bytes, 8G
//   list          the words after the flag; numbers may also be separated by commas: 1e21,1e24
//   map           name=value, one or more, each name once
//   text          not empty; no flag, which would be the next one if the value was forgotten
//   optional      as its type; unset if not given
// Errors: InputError at the flag, with what was expected and found.
namespace phaselaw::base {

struct FlagShape {
  std::string type = {};                // "NUMBER", "INT", "TEXT", "NAME=NUMBER"; empty for a switch
  std::vector<std::string> words = {};  // the allowed words, if only words are allowed
  std::string default_text = {};        // empty if there is none
  bool is_switch = false;               // takes no value
  bool is_list = false;                 // takes several
  bool repeats = false;                 // takes one each time it is given
};

namespace detail {

[[nodiscard]] double number_from(const std::string& text, const Domain& domain, const std::string& flag);
[[nodiscard]] std::int64_t integer_from(const std::string& text, const Domain& domain, const std::string& flag);
void require_text(const std::string& text, const std::string& flag);
[[nodiscard]] std::vector<std::string> split_at_commas(const std::vector<std::string>& texts);
[[nodiscard]] std::pair<std::string, std::string> name_and_value(const std::string& text, const std::string& flag,
                                                                 bool number);
[[nodiscard]] std::string default_of(double x);

inline void from_text(const std::string& text, std::string& out, const Domain&, const std::string& flag) {
  require_text(text, flag);
  out = text;
}
inline void from_text(const std::string& text, double& out, const Domain& domain, const std::string& flag) {
  out = number_from(text, domain, flag);
}
inline void from_text(const std::string& text, std::int64_t& out, const Domain& domain, const std::string& flag) {
  out = integer_from(text, domain, flag);
}
template <class E>
requires std::is_enum_v<E>
void from_text(const std::string& text, E& out, const Domain&, const std::string& flag) {
  out = enum_from_text<E>(text, {flag}, "word");
}
template <class T>
void from_text(const std::string& text, NumberOrWord<T>& out, const Domain& domain, const std::string& flag) {
  out.word.clear();
  for (const std::string& word : out.allowed)
    if (word == text) {
      out.word = word;
      return;
    }
  from_text(text, out.value, domain, flag);
}

template <class T>
FlagShape flag_text(const T&, const Domain&) {
  return {};
}
inline FlagShape flag_text(const bool&, const Domain&) { return {.is_switch = true}; }
inline FlagShape flag_text(const std::string& x, const Domain&) { return {.type = "TEXT", .default_text = x}; }
inline FlagShape flag_text(const double& x, const Domain&) { return {.type = "NUMBER", .default_text = default_of(x)}; }
inline FlagShape flag_text(const std::int64_t& x, const Domain& domain) {
  if (domain.unit == "bytes") return {.type = "SIZE", .default_text = bytes_text(static_cast<double>(x))};
  return {.type = "INT", .default_text = fmt::to_string(x)};
}
template <class E>
requires std::is_enum_v<E> FlagShape flag_text(const E& x, const Domain&) {
  const std::vector<std::string> words = enum_words<E>();
  return {.type = fmt::format("{}", fmt::join(words, "|")), .words = words, .default_text = enum_to_text(x)};
}
template <SelfReading T>
FlagShape flag_text(const T& x, const Domain&) {
  return x.flag_shape();
}
template <class T>
FlagShape flag_text(const NumberOrWord<T>& x, const Domain& domain) {
  FlagShape text = flag_text(x.value, domain);
  text.type += fmt::format("|{}", fmt::join(x.allowed, "|"));
  if (x.is_word()) text.default_text = x.word;
  return text;
}
template <class T>
FlagShape flag_text(const std::optional<T>& x, const Domain& domain) {
  FlagShape text = flag_text(x.value_or(T{}), domain);
  if (!x) text.default_text.clear();
  return text;
}
template <class T>
FlagShape flag_text(const std::vector<T>&, const Domain& domain) {
  FlagShape text = flag_text(T{}, domain);
  text.default_text.clear();
  text.is_list = true;
  return text;
}
template <class T>
FlagShape flag_text(const std::map<std::string, T>&, const Domain& domain) {
  FlagShape text = flag_text(T{}, domain);
  text.type = "NAME=" + text.type;
  text.default_text.clear();
  text.is_list = true;
  return text;
}

}  // namespace detail

// How the flag of a field is described.
template <class T>
[[nodiscard]] FlagShape describe_flag(const T& field, const Domain& domain) {
  return detail::flag_text(field, domain);
}

// Sets the field to the words given after its flag; a switch has none.
inline void set_from_texts(const std::vector<std::string>&, bool& out, const Domain&, const std::string&) {
  out = true;
}
template <class T>
void set_from_texts(const std::vector<std::string>& texts, T& out, const Domain& domain, const std::string& flag) {
  detail::from_text(texts.back(), out, domain, flag);
}
template <detail::SelfReading T>
void set_from_texts(const std::vector<std::string>& texts, T& out, const Domain&, const std::string&) {
  out.read_flags(texts);
}
template <class T>
void set_from_texts(const std::vector<std::string>& texts, std::optional<T>& out, const Domain& domain,
                    const std::string& flag) {
  set_from_texts(texts, out.emplace(), domain, flag);
}
template <class T>
void set_from_texts(const std::vector<std::string>& texts, std::vector<T>& out, const Domain& domain,
                    const std::string& flag) {
  constexpr bool kText = std::is_same_v<T, std::string>;
  for (const std::string& text : kText ? texts : detail::split_at_commas(texts))
    detail::from_text(text, out.emplace_back(), domain, flag);
}
template <class T>
void set_from_texts(const std::vector<std::string>& texts, std::map<std::string, T>& out, const Domain& domain,
                    const std::string& flag) {
  for (const std::string& text : texts) {
    const auto [name, value] = detail::name_and_value(text, flag, !std::is_same_v<T, std::string>);
    if (out.contains(name)) throw InputError({flag}, fmt::format("'{}' is given twice; omit one of them", name));
    detail::from_text(value, out[name], domain, flag);
  }
}

// Sets the field of this name.
template <class S>
void set_field(S& options, std::string_view field_name, const std::vector<std::string>& texts) {
  S::fields(options, [&](std::string_view name, auto& field, const Domain& domain, std::string_view) {
    if (name == field_name) set_from_texts(texts, field, domain, flag_of(name));
  });
}

}  // namespace phaselaw::base
