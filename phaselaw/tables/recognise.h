// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/tables/table.h"

// Recognises the columns of a table by the rules of rows.h.
namespace phaselaw::tables {

inline constexpr std::size_t kNoColumn = static_cast<std::size_t>(-1);

// The data on which a loss was measured, according to its heading. An excess risk is the loss minus that of the best
// predictor; it is never mixed with a total loss.
enum class Role { excess_risk, held_out, unspecified, training };
[[nodiscard]] Role role_of(std::string_view heading);
// Whether the data were not trained on.
[[nodiscard]] constexpr bool is_held_out(Role role) { return role == Role::held_out || role == Role::excess_risk; }

struct Recognised {
  std::map<std::string, std::size_t> column;  // canonical name to position
  std::vector<std::size_t> outputs;           // every column that could be the output, by role, then by position
  std::vector<std::size_t> run;               // positions of the fields that together name the run
  std::string run_name;                       // name in the table
  std::vector<std::string> notes;             // notes on choices that were made
  std::vector<std::string> kept_notes;        // those that matter for curves too; already among `notes`
  // Known columns that several headings could be, with other numbers: the message that names them and what to write.
  std::map<std::string, std::string> ambiguous;
  // Position of a column by canonical or own name; InputError at `flag` naming the nearest.
  [[nodiscard]] std::size_t find(const std::vector<std::string>& header, const std::string& name,
                                 const char* flag) const;
};

// What the user said about columns.
struct NamedColumns {
  std::map<std::string, std::string> columns;  // from --col: a known name, or one of `inputs`, to a heading
  std::vector<std::string> inputs = {};        // names that the law reads and that are no known columns
};

// Recognises columns by their headings (candidates.h), the user's own mapping first. Of several columns the closest is
// taken, and a note names the others; as close ones with other numbers are `ambiguous`. The loss of a fit is the most
// held-out one. `output`: the output to find; InputError with the candidates if it is not found, or if two losses of the
// same role differ. `every_stream`: every output is used, so there is no choice to note.
[[nodiscard]] Recognised recognise(const Table& table, const NamedColumns& named, const std::string& output,
                                   bool every_stream);

// The column that a usual name (N, tokens, params) means in this table, if there is one. InputError if several could be.
[[nodiscard]] std::optional<std::size_t> usual_column(const Table& table, const std::string& name);

// The heading among `headers` that is most similar to a name of this column, as a misspelling would be; empty if none is.
[[nodiscard]] std::string similar_column(const std::string& column, const std::vector<std::string>& headers);

}  // namespace phaselaw::tables
