// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

// Names and arguments as messages write them, so that what a message says can be typed as it stands; messages to the log.
namespace phaselaw::tables {

// A word for a shell, in single quotes if it needs them.
[[nodiscard]] std::string in_shell(std::string_view text);
// "name=value" for a shell: n_params=params, 'loss=1-"Top 1"'.
[[nodiscard]] std::string shell_argument(std::string_view name, std::string_view value);
// A heading in an expression of --col, in double quotes if it is not a plain name.
[[nodiscard]] std::string in_expression(const std::string& heading);
// "a, b, c and 17 more": names, the first 60 of them.
[[nodiscard]] std::string listed(const std::vector<std::string>& names);

// Notes and warnings of rows to the log.
void log_messages(const std::vector<std::string>& notes, const std::vector<std::string>& warnings);

}  // namespace phaselaw::tables
