// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "phaselaw/documents/table.h"

// What the changes to the long form share.
namespace phaselaw::documents {

// Lower case, without blanks and _ - . / signs.
[[nodiscard]] std::string plain_word(std::string_view name);
// Whether a heading names what is measured: a loss, an accuracy, a score.
[[nodiscard]] bool names_a_metric(std::string_view heading);
// Whether the cell holds no value: it is empty, or a word such as NA or null.
[[nodiscard]] bool holds_nothing(const Table& table, std::size_t row, std::size_t column);
// Whether all cells of a column with a value begin like numbers.
[[nodiscard]] bool holds_only_numbers(const Table& table, std::size_t column);
// `name`, or name_2, name_3, ... if it is taken.
[[nodiscard]] std::string free_name(std::span<const std::string> taken, const std::string& name);
// Whether a long form of this many cells is out of proportion to the table, so that the table has another form.
[[nodiscard]] bool is_out_of_proportion(const Table& table, std::size_t rows, std::size_t columns);

}  // namespace phaselaw::documents
