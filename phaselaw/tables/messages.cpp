// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/messages.h"

#include <algorithm>

#include <fmt/format.h>

#include "phaselaw/base/log.h"

namespace phaselaw::tables {

namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
constexpr std::string_view kDigits = "0123456789";

}  // namespace

std::string in_shell(std::string_view text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return kLetters.find(c) != std::string_view::npos || kDigits.find(c) != std::string_view::npos ||
           std::string_view("+-./:=,@%^").find(c) != std::string_view::npos || static_cast<unsigned char>(c) >= 0x80;
  });
  if (plain) return std::string(text);
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string shell_argument(std::string_view name, std::string_view value) {
  return in_shell(fmt::format("{}={}", name, value));
}

std::string in_expression(const std::string& heading) {
  const bool plain = !heading.empty() && kDigits.find(heading.front()) == std::string_view::npos &&
                     heading.front() != '.' && std::all_of(heading.begin(), heading.end(), [](char c) {
                       return kLetters.find(c) != std::string_view::npos || kDigits.find(c) != std::string_view::npos ||
                              c == '.' || static_cast<unsigned char>(c) >= 0x80;
                     });
  if (plain) return heading;
  const char quote = heading.find('"') == std::string::npos ? '"' : '`';
  return fmt::format("{0}{1}{0}", quote, heading);
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kMostListed = 60;
  const std::vector<std::string> first(names.begin(),
                                       names.begin() + static_cast<long>(std::min(names.size(), kMostListed)));
  return fmt::format("{}{}", fmt::join(first, ", "),
                     names.size() > kMostListed ? fmt::format(" and {} more", names.size() - kMostListed) : "");
}

void log_messages(const std::vector<std::string>& notes, const std::vector<std::string>& warnings) {
  for (const std::string& note : notes) base::log_info(note);
  for (const std::string& warning : warnings) base::log_warning(warning);
}

}  // namespace phaselaw::tables
