// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

// Numbers as people type them behind a flag.
namespace phaselaw::cli {

// "1e21", "1e21,3e21", "7B": finite and > 0. Letters: K, M, B (or G), T. InputError naming the flag.
[[nodiscard]] std::vector<double> positive_numbers(const char* flag, const std::vector<std::string>& texts);
[[nodiscard]] double positive_number(const char* flag, const std::string& text);

// "unique_tokens=1e10": names and positive numbers.
[[nodiscard]] std::map<std::string, double> named_numbers(const char* flag, const std::vector<std::string>& texts);

}  // namespace phaselaw::cli
