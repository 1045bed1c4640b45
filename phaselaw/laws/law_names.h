// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

// Which of a table's own columns a user's expression reads.
//
// A name may be both: a table with the columns n_params, A and E, and the law E + A*N^-a. Parameters of the published
// laws (A, B, E, alpha, ...) and names of floors stay parameters, although the table has a column of that name, except
//
//   by role     where the law raises the name alone to a fitted power, as it does with an input: B*k^-b reads k
//   by need     where the law would have no column at all
//   by word     where the user says that the name is a column (`told`)
//
// Every other own column of the table is an input.
namespace phaselaw::laws {

// E, E0, L0, L_inf, and names that begin with "E_" or "floor".
[[nodiscard]] bool is_floor_name(std::string_view name);

// The columns among `table_columns` that the expression may read. InputError as Expression::parse.
[[nodiscard]] std::vector<std::string> input_columns(std::string_view expression,
                                                     const std::vector<std::string>& table_columns,
                                                     const std::vector<std::string>& told = {});

// The names in the text of a law, in their order; a function's name is one too.
[[nodiscard]] std::vector<std::string> words_of(std::string_view law);

// The text with each of these names replaced by another that is neither in it nor in `taken`: A by A_0, E by E_0.
[[nodiscard]] std::string with_other_names(std::string_view law, const std::vector<std::string>& names,
                                           const std::vector<std::string>& taken);

}  // namespace phaselaw::laws
