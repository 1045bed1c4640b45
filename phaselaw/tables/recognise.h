// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/tables/table.h"

// Which column of a table is which: rows.h says by what rules.
namespace phaselaw::tables {

inline constexpr std::size_t kNoColumn = static_cast<std::size_t>(-1);

// What a loss was measured on, as its heading says. An excess risk is the loss less that of the best predictor: it is
// never mixed with a total loss.
enum class Role { excess_risk, held_out, unspecified, training };
[[nodiscard]] Role role_of(std::string_view heading);

struct Recognised {
  std::map<std::string, std::size_t> column;  // canonical name to position
  std::vector<std::size_t> outputs;           // every column that could be the output, by role, then by position
  std::vector<std::size_t> run;               // positions whose fields together name the run
  std::string run_name;                       // as the table calls it
  std::vector<std::string> notes;             // where there was a choice
  // Position of a column by canonical or own name; InputError naming the nearest, at `flag`.
  [[nodiscard]] std::size_t find(const std::vector<std::string>& header, const std::string& name,
                                 const char* flag) const;
};

// `columns`: the user's own mapping. `output`: what must be found, or InputError with the candidates. `every_stream`:
// every output is taken, so that there is no choice to note.
[[nodiscard]] Recognised recognise(const Table& table, const std::map<std::string, std::string>& columns,
                                   const std::string& output, bool every_stream);

}  // namespace phaselaw::tables
