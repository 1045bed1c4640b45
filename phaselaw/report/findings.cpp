// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/findings.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/report/format.h"

namespace phaselaw::report {

namespace {

struct VerdictLook {
  Verdict verdict;
  const char *style, *symbol, *words;
};
constexpr std::array<VerdictLook, 3> kLooks = {{{Verdict::kSupported, "supported", "✓", "supported"},
                                                {Verdict::kNotSupported, "not-supported", "✗", "not supported"},
                                                {Verdict::kInconclusive, "inconclusive", "?", "inconclusive"}}};

const VerdictLook& look_of(Verdict verdict) {
  return *std::find_if(kLooks.begin(), kLooks.end(), [&](const auto& look) { return look.verdict == verdict; });
}

std::vector<const Claim*> claims_with(const Page& page, Standing standing) {
  std::vector<const Claim*> list;
  for (const Section& section : page.sections)
    for (const Claim& claim : section.claims)
      if (claim.standing == standing) list.push_back(&claim);
  return list;
}

void add_group(const StandingGroup& group, const std::vector<const Claim*>& claims, std::string& html) {
  html +=
      fmt::format("<section class=\"found\" aria-labelledby=\"found-{}\">\n<h2 id=\"found-{}\">{}</h2>\n<p>{}</p>\n",
                  group.id, group.id, group.heading, verdicts_in_words(claims));
  std::vector<const Claim*> told;
  for (const Claim* claim : claims)
    if (!claim->finding.empty()) told.push_back(claim);
  const auto rest = told.begin() + static_cast<std::ptrdiff_t>(std::min(kLeadingFindings, told.size()));
  std::stable_partition(rest, told.end(), [](const Claim* claim) { return claim->verdict != Verdict::kInconclusive; });
  if (told.size() > kFindingsPerGroup) told.resize(kFindingsPerGroup);
  if (!told.empty()) {
    html += "<ul>\n";
    for (const Claim* claim : told) {
      const auto& look = look_of(claim->verdict);
      html += fmt::format(
          "<li><span class=\"mark {}\" title=\"{}\" aria-label=\"{}\" role=\"img\">{}</span> {} <a href=\"#{}\" aria-label=\"How {} was "
          "judged\">more</a></li>\n",
          look.style, look.words, look.words, look.symbol, escape_html(claim->finding), escape_html(claim->id),
          escape_html(claim->id));
    }
    html += "</ul>\n";
  }
  html += "</section>\n";
}

std::string predicted_number(const Claim& claim) {
  if (claim.predicted_text.empty()) return base::format_number(claim.predicted, 3, base::notation_of(claim.unit));
  // A fraction, "1/6" or "-1/4", is also given as the number that it is.
  const bool fraction = claim.predicted_text.find('/') != std::string::npos &&
                        claim.predicted_text.find_first_not_of("-0123456789/") == std::string::npos;
  return std::isnan(claim.predicted) || !fraction
             ? claim.predicted_text
             : fmt::format("{} = {}", claim.predicted_text, base::format_number(claim.predicted));
}

// The margin of an equality.
std::string margin_text(const Claim& claim) {
  if (claim.relation != Relation::kEqual || !(claim.margin > 0) ||
      claim.predicted_text.find("within") != std::string::npos)
    return "";
  return fmt::format(" within {}", base::format_number(claim.margin, 2, base::notation_of(claim.unit)));
}

}  // namespace

std::string predicted_text(const Claim& claim) { return predicted_number(claim) + margin_text(claim); }

std::string badge_html(Verdict verdict, const std::string& words) {
  const auto& look = look_of(verdict);
  return fmt::format("<span class=\"verdict {}\"><span aria-hidden=\"true\">{}</span> {}</span>", look.style,
                     look.symbol, words);
}

std::string verdicts_in_words(const std::vector<const Claim*>& claims) {
  const auto count = [&](Verdict verdict) {
    return std::count_if(claims.begin(), claims.end(), [&](const Claim* claim) { return claim->verdict == verdict; });
  };
  std::vector<std::string> parts;
  for (const auto& look : kLooks)
    if (const auto n = count(look.verdict); n > 0)
      parts.push_back(fmt::format("{} {} {}", n, n == 1 ? "is" : "are", look.words));
  if (claims.size() == 1) return fmt::format("One claim; it is {}.", look_of(claims.front()->verdict).words);
  if (parts.size() == 1)
    return fmt::format("All {} claims are {}.", claims.size(), look_of(claims.front()->verdict).words);
  const std::string last = parts.back();
  parts.pop_back();
  return fmt::format("Of {} claims {} and {}.", claims.size(), fmt::join(parts, ", "), last);
}

std::string findings_html(const Page& page) {
  std::string html;
  for (const StandingGroup& group : kStandingGroups)
    if (const auto claims = claims_with(page, group.standing); !claims.empty()) add_group(group, claims, html);
  return html.empty() ? "" : "<div class=\"findings\">\n" + html + "</div>\n";
}

std::string section_id(std::size_t index) { return fmt::format("section-{}", index + 1); }

std::string contents_html(const Page& page) {
  if (page.sections.size() < 3) return "";
  std::string html = "<nav class=\"contents\" aria-labelledby=\"contents\">\n<h2 id=\"contents\">Contents</h2>\n<ol>\n";
  for (std::size_t i = 0; i < page.sections.size(); ++i) {
    const Section& section = page.sections[i];
    std::string marks;
    for (const auto& look : kLooks)
      if (const auto n = std::count_if(section.claims.begin(), section.claims.end(),
                                       [&](const Claim& claim) { return claim.verdict == look.verdict; });
          n > 0)
        marks +=
            fmt::format(" <span class=\"mark {}\" title=\"{} {}\" role=\"img\" aria-label=\"{} {}\">{}\u202f{}</span>",
                        look.style, n, look.words, n, look.words, n, look.symbol);
    html += fmt::format("<li><a href=\"#{}\">{}</a>{}</li>\n", section_id(i), escape_html(section.title), marks);
  }
  return html + "</ol>\n</nav>\n";
}

}  // namespace phaselaw::report
