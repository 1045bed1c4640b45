// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/base/value.h"

// Keys that follow from others: d_hidden = "4 * d_model" in [model], [data] or [training] of an experiment or study
// file, or in a list of a [grid].
//
// A text is an expression (base/arithmetic.h) if its key holds a number and it is none of the key's words, and it has a
// sign or a bracket, or is the name of another key. Its names are the numeric keys of its own section, and
// section.key of [model], [data] and [training]: as the file, the grid or --set gives them, or else their defaults.
// Integers are computed exactly (exact_number.h): a key that holds an integer gets one, or there is an error.
//
// Errors: InputError at the place of the text, at the place of the problem if it is in the expression: an unknown key, a
// key without a number, a cycle, a result that is no integer or outside its domain (with the value and the point of the
// grid). Refused as well, because their value is not in the file: data.n_data where one_pass sets it, a key that is not given and
// has a default that stands for another value, and keys of `set_later`.
// Cost: linear in the length of the expressions.
namespace phaselaw::sweep {

struct ComputedKeys {
  base::Value document;                                       // with numbers in place of the expressions
  std::vector<std::pair<std::string, base::Value>> values{};  // "model.d_hidden" and its number, in order of the file
};

// `point`: where in the grid this is, for messages: "data.n_data = 32"; empty outside of one. `set_later`: the keys that
// the ladder sets from grid.n_params.
[[nodiscard]] ComputedKeys compute_keys(const base::Value& document, const std::set<std::string>& set_later = {},
                                        const std::function<std::string()>& point = {});

// Whether the value of this key is an expression.
[[nodiscard]] bool is_expression(const std::string& section, const std::string& key, const base::Value& value);

}  // namespace phaselaw::sweep
