// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <stdexcept>

// Kinds of errors.
//
//   InputError      the user's input is wrong. One line: where, what was expected, what was found, what to do. Exit
//                   code 2.
//   RunError        the work failed at run time (a full disk, a lost file). Exit code 1.
//   Interrupted     Ctrl-C or SIGTERM; everything finished so far is kept. Exit code 3.
//   PHASELAW_CHECK  an error in this library: prints both sides and aborts.
//
// A value outside the domain of a mathematical function is std::domain_error, documented at the function.
namespace phaselaw::base {

// A place in the user's input: a file (line and column count from 1; 0 = unknown) or a flag such as "--noise".
struct Location {
  std::string source;
  long line = 0;
  long column = 0;
};

[[nodiscard]] std::string to_string(const Location& where);  // "study.toml:4:9", "--noise", or empty

class InputError : public std::runtime_error {
 public:
  // One line of at most 4,000 bytes: control characters become escapes, and a longer message loses its middle.
  explicit InputError(const std::string& message);
  // "<where>: <what>"; `what` is a sentence: expected, found, what to do.
  InputError(const Location& where, const std::string& what);
};

class RunError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The text with its control characters as escapes, such as the line feed in a cell or the colours of a terminal, so that
// what a file contains cannot act on a terminal or look like another message.
[[nodiscard]] std::string one_line(const std::string& text);

// "unknown key 'widht'; did you mean 'width'? known: depth, width" (nearest by edit distance; no guess if it is far).
[[nodiscard]] std::string unknown_name(std::string_view kind, std::string_view found,
                                       const std::vector<std::string>& known);

// The known name nearest to `found`; empty if none is within half its length.
[[nodiscard]] std::string nearest_name(std::string_view found, const std::vector<std::string>& known);

[[noreturn]] void check_failed(const char* file, int line, const char* condition, const std::string& values);

}  // namespace phaselaw::base

#define PHASELAW_CHECK(condition)                                                         \
  do {                                                                                    \
    if (!(condition)) ::phaselaw::base::check_failed(__FILE__, __LINE__, #condition, ""); \
  } while (false)

#define PHASELAW_CHECK_OP(a, op, b)                                                         \
  do {                                                                                      \
    const auto& phaselaw_a = (a);                                                           \
    const auto& phaselaw_b = (b);                                                           \
    if (!(phaselaw_a op phaselaw_b))                                                        \
      ::phaselaw::base::check_failed(__FILE__, __LINE__, #a " " #op " " #b,                 \
                                     fmt::format("{} against {}", phaselaw_a, phaselaw_b)); \
  } while (false)

#define PHASELAW_CHECK_EQ(a, b) PHASELAW_CHECK_OP(a, ==, b)
#define PHASELAW_CHECK_LE(a, b) PHASELAW_CHECK_OP(a, <=, b)
#define PHASELAW_CHECK_LT(a, b) PHASELAW_CHECK_OP(a, <, b)
