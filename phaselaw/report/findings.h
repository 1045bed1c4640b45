// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

#include "phaselaw/report/page.h"

// The head of a page with claims: what was found, in sentences, grouped by where the statements come from, and the contents.
namespace phaselaw::report {

struct StandingGroup {
  Standing standing;
  const char *id, *heading;
};
// In the order of the page.
inline constexpr std::array<StandingGroup, 4> kStandingGroups = {
    {{Standing::kStated, "stated", "Stated by the paper"},
     {Standing::kImplied, "implied", "Implied by what the paper states"},
     {Standing::kOpenQuestion, "open", "Open questions"},
     {Standing::kSelfCheck, "self-checks", "Self-checks"}}};

// At most this many sentences for each group. The first ones of the page lead, because its first section is the main
// one; decided claims follow.
inline constexpr std::size_t kFindingsPerGroup = 4, kLeadingFindings = 2;

// HTML. For each standing that occurs in the sections: a heading, one sentence with the number of claims and of each
// verdict, and the findings of its claims as links to where they are judged. "" without claims.
[[nodiscard]] std::string findings_html(const Page& page);

// HTML. Links to the sections, with the ids that section_id() gives them; "" for fewer than three sections.
[[nodiscard]] std::string contents_html(const Page& page);
[[nodiscard]] std::string section_id(std::size_t index);  // from 0

// A claim's verdict with its symbol, and the words given.
[[nodiscard]] std::string badge_html(Verdict verdict, const std::string& words);

// What a claim predicts, as a page and a terminal print it: "1/6 = 0.167 within 0.017".
[[nodiscard]] std::string predicted_text(const Claim& claim);

// "Of 12 claims 3 are supported, 7 are not supported and 2 are inconclusive." Names only verdicts that occur.
[[nodiscard]] std::string verdicts_in_words(const std::vector<const Claim*>& claims);

}  // namespace phaselaw::report
