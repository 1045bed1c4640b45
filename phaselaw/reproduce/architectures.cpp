// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/architectures.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "phaselaw/base/format.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/random_effect.h"
#include "phaselaw/reproduce/verdict.h"
#include "phaselaw/sweep/ladder.h"

namespace phaselaw::reproduce {

namespace {

// Two layers: 4 d n_heads d_head numbers of attention and 2 d d_hidden of the MLP in each, and 4 d n_heads d_head more
// where a layer attends to the source. So d_hidden is 24 for two layers, and 16 for one of a decoder with one of an
// encoder: 1280 parameters. Teachers are of the student's own kind, because the task of a decoder cannot be that of an
// encoder. The source is twice as long as the decoder's sequence: an encoder's layer acts through normalised rows, which
// have source_len (d_model - 1) directions, so with fewer than seq_len d_out of them its kernel is singular.
constexpr const char* kModel = R"(seed = 1
[model]
d_model = 8
n_heads = 2
d_head = 4
seq_len = 4
activation = "tanh"
branch_scale = 0.7
[data]
source = "teacher"
noise = 0.3
n_test = 128
[flow]
n_test = 128
max_rows = 512
[grid]
"data.n_data" = [4, 8, 16, 32]
)";
constexpr const char* kQuick = "seeds = 8\n";
constexpr const char* kFull = "seeds = 32\n";

constexpr std::size_t kLeastSizes = 3;  // of the data, for the exponent of one seed

std::string title_of(const std::string& name) { return name == "encoder_decoder" ? "encoder-decoder" : name; }

std::vector<std::int64_t> seeds_of(const Architecture& architecture) {
  std::set<std::int64_t> seeds;
  for (const auto& p : architecture.points) seeds.insert(p.seed);
  return {seeds.begin(), seeds.end()};
}

std::vector<std::int64_t> sizes_of(const Architecture& architecture) {
  std::set<std::int64_t> sizes;
  for (const auto& p : architecture.points) sizes.insert(p.n_data);
  return {sizes.begin(), sizes.end()};
}

std::vector<double> at_size(const Architecture& architecture, std::int64_t n, double FlowPoint::*member) {
  std::vector<double> values;
  for (const auto& p : architecture.points)
    if (p.n_data == n) values.push_back(p.*member);
  return values;
}

// A statistic of the flows of each seed in both architectures, without the seeds that do not have one (NaN).
using OfSeed = std::function<double(const std::vector<const FlowPoint*>& causal, const std::vector<const FlowPoint*>&)>;
std::vector<double> for_each_seed(const Architecture& causal, const Architecture& other, const OfSeed& statistic) {
  std::vector<double> values;
  for (const auto seed : seeds_of(causal)) {
    std::vector<const FlowPoint*> a, b;
    for (std::size_t i = 0; i < std::min(causal.points.size(), other.points.size()); ++i)
      if (causal.points[i].seed == seed) a.push_back(&causal.points[i]), b.push_back(&other.points[i]);
    if (const double value = statistic(a, b); std::isfinite(value)) values.push_back(value);
  }
  return values;
}

// The slope of ln(best risk of b / best risk of a) on ln n, over the sizes at which both flows passed their minimum:
// before it, time and not data limits the risk.
double exponent_difference(const std::vector<const FlowPoint*>& a, const std::vector<const FlowPoint*>& b) {
  std::vector<double> log_n, log_ratio;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!a[i]->past_minimum || !b[i]->past_minimum) continue;
    log_n.push_back(std::log(static_cast<double>(a[i]->n_data)));
    log_ratio.push_back(std::log(b[i]->best_risk / a[i]->best_risk));
  }
  return log_n.size() < kLeastSizes ? base::kNaN : numerics::least_squares_line(log_n, log_ratio).slope;
}

// The slope of ln best risk on ln n of each seed: the exponent of one architecture, with its sign.
Effect exponent_of(const Architecture& architecture) {
  Architecture one = architecture;  // a risk of 1 to compare with
  for (auto& p : one.points) p.best_risk = 1;
  return effect_of(for_each_seed(one, architecture, exponent_difference));
}

OfSeed mean_log_ratio(double FlowPoint::*member) {
  return [member](const std::vector<const FlowPoint*>& a, const std::vector<const FlowPoint*>& b) {
    std::vector<double> logs;
    for (std::size_t i = 0; i < a.size(); ++i)
      if (const double ratio = std::log(b[i]->*member / (a[i]->*member)); std::isfinite(ratio)) logs.push_back(ratio);
    return logs.empty() ? base::kNaN : numerics::mean(logs);
  };
}

// Sets what all claims about a difference to the causal architecture share.
void compare(const Architecture& causal, const Architecture& other, const OfSeed& statistic, const char* needs,
             report::Claim& claim) {
  const auto values = for_each_seed(causal, other, statistic);
  const auto seeds = seeds_of(causal).size();
  set_measured(effect_of(values), claim);
  claim.standing = report::Standing::kOpenQuestion;
  claim.source = "docs/reproduce.md: open question 3 [S]";
  if (2 * values.size() < seeds || values.size() < 2)
    claim.undecidable = fmt::format("only {} of {} seeds have {}", values.size(), seeds, needs);
  claim.reading = fmt::format("Mean over {} of {} seeds, each with its own teacher (Student t).", values.size(), seeds);
}

report::Claim exponent_claim(const Architecture& causal, const Architecture& other) {
  const std::string title = title_of(other.name);
  report::Claim claim;
  claim.id = fmt::format("E7.{}.exponent", other.name);
  claim.statement = fmt::format(
      "{}: the lowest excess risk falls with the data as fast as with causal attention; the exponent is the same.",
      title);
  claim_equal(0, kExponentMargin * kDataExponent, claim);
  compare(causal, other, exponent_difference, "three sizes of the data at which both flows passed their minimum",
          claim);
  const Effect a = exponent_of(causal), b = exponent_of(other);
  claim.reading += fmt::format(
      " The slope of ln(risk/causal risk) on ln n_data; the slopes themselves are {} and, for causal attention, {}.",
      base::format_value(b.value, b.lo, b.hi), base::format_value(a.value, a.lo, a.hi));
  claim.would_change =
      "More data and seeds, which narrow the interval; a task that is the same for both architectures.";
  claim.finding = fmt::format("{}: the exponent in the data differs from the causal one by {}.", title,
                              base::format_value(claim.measured, claim.lo, claim.hi));
  return claim;
}

report::Claim ratio_claim(const Architecture& causal, const Architecture& other, const char* key, const char* what,
                          double FlowPoint::*member) {
  const std::string title = title_of(other.name);
  report::Claim claim;
  claim.id = fmt::format("E7.{}.{}", other.name, key);
  claim.statement = fmt::format("{}: {} is that of causal attention.", title, what);
  claim_equal(0, std::log(kRatioMargin), claim);
  claim.unit = "ln(ratio)";
  compare(causal, other, mean_log_ratio(member), "flows with this number in both architectures", claim);
  claim.would_change = "Longer sequences, in which a decoder's first tokens depend on ever fewer tokens.";
  claim.finding = fmt::format("{}: {} is {} times that of causal attention.", title, what,
                              base::format_value(std::exp(claim.measured), std::exp(claim.lo), std::exp(claim.hi)));
  return claim;
}

// For each seed the flow that is closest to its bound, in all architectures.
report::Claim bound_of(const Architectures& all) {
  report::Claim claim;
  claim.id = "E7.bound";
  claim.statement =
      "In every architecture the training loss falls at least as fast as exp(-alpha t), alpha = 2 N omega^2 lambda/n, "
      "with N the layers of encoder and decoder together.";
  claim.source = "docs/theory/convergence.md: Lemma 5.3 [R]";
  claim.unit = "log10(bound/rate)";
  claim_at_most(0, claim);
  claim.predicted_text = "<= 0";
  std::vector<double> largest;
  for (const auto seed : seeds_of(all.front())) {
    double most = -base::kInfinity;
    for (const auto& architecture : all)
      for (const auto& p : architecture.points)
        if (p.seed == seed && p.rate > 0 && p.bound > 0) most = std::max(most, std::log10(p.bound / p.rate));
    if (std::isfinite(most)) largest.push_back(most);
  }
  set_measured(effect_of(largest), claim);
  if (largest.size() < 2) claim.undecidable = "lambda is within rounding in nearly all flows";
  claim.reading = fmt::format(
      "The largest value of each seed, mean over {} seeds (Student t). The rate exceeds the bound by {} powers of ten; a "
      "large excess means that the bound is loose and gives little information.",
      largest.size(), base::format_number(-claim.measured, 2));
  claim.would_change = "A flow slower than its bound: a target in the weakest direction of the weakest layer.";
  return claim;
}

}  // namespace

std::vector<std::pair<std::string, base::Value>> architecture_studies(const Context& context) {
  std::vector<std::pair<std::string, base::Value>> studies;
  for (const std::string name : {"causal", "bidirectional", "encoder_decoder"}) {
    const std::string start = kModel;
    auto document = context.document(start + kQuick, start + kFull, "architectures." + name);
    const bool has_encoder = name == "encoder_decoder";
    document.set("model.n_layers", has_encoder ? 1 : 2);
    document.set("model.d_hidden", has_encoder ? 16 : 24);
    if (has_encoder) document.set("model.n_encoder_layers", 1);
    if (has_encoder) document.set("model.source_len", 8);
    document.set("model.mask", name == "bidirectional" ? "bidirectional" : "causal");
    studies.emplace_back(name, std::move(document));
  }
  return studies;
}

std::vector<report::Claim> claims_of(const Architectures& all) {
  const Architecture& causal = all.front();
  std::vector<report::Claim> claims;
  for (std::size_t i = 1; i < all.size(); ++i) {
    claims.push_back(exponent_claim(causal, all[i]));
    claims.push_back(
        ratio_claim(causal, all[i], "rate", "the rate at which the training loss falls", &FlowPoint::rate));
    claims.push_back(
        ratio_claim(causal, all[i], "lambda", "the smallest eigenvalue of the layers' kernels", &FlowPoint::lambda));
  }
  claims.push_back(bound_of(all));
  return claims;
}

std::vector<report::Figure> figures_of(const Architectures& all) {
  report::Figure figure;
  figure.title = "Lowest excess risk against data, three architectures";
  figure.x = {"n_data", "sequences", true};
  figure.y = {"excess risk at the best time", "per output coordinate", true};
  const report::Colour colours[] = {report::Colour::kBlue, report::Colour::kVermillion, report::Colour::kGreen};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Effect slope = exponent_of(all[i]);
    report::Series series;
    series.label =
        fmt::format("{}, slope {}", title_of(all[i].name), base::format_value(slope.value, slope.lo, slope.hi));
    series.style = report::Style::kLinePoints;
    series.colour = colours[i % std::size(colours)];
    for (const auto n : sizes_of(all[i])) {
      const auto values = at_size(all[i], n, &FlowPoint::best_risk);
      series.x.push_back(static_cast<double>(n));
      series.y.push_back(geometric_mean(values));
      series.error_lo.push_back(*std::min_element(values.begin(), values.end()));
      series.error_hi.push_back(*std::max_element(values.begin(), values.end()));
    }
    figure.series.push_back(std::move(series));
  }
  figure.caption =
      "Exact gradient flows on noisy targets, noise 0.3, stopped at a hundredth of the first training loss; "
      "the lowest excess risk along the flow. Geometric mean over seeds, bars from the smallest to the largest. "
      "Slopes over the sizes at which a flow passed its minimum.";
  return {figure};
}

report::Table table_of(const Architectures& all) {
  report::Table table;
  table.caption =
      "By architecture and data, geometric means over seeds; a dash if the kernel has more than 512 rows. "
      "Kernel condition: lambda_max/lambda_min of the whole kernel. "
      "Past minimum: flows with an excess risk that rose again before their end.";
  table.columns = {"architecture", "n_params",           "n_data",      "lambda", "kernel condition", "rate",
                   "drift",        "lowest excess risk", "past minimum"};
  for (const auto& architecture : all)
    for (const auto n : sizes_of(architecture)) {
      const auto& points = architecture.points;
      const auto number = [&](double FlowPoint::*member) {
        return base::format_number(geometric_mean(at_size(architecture, n, member)));
      };
      const auto count = std::count_if(points.begin(), points.end(), [&](const auto& p) { return p.n_data == n; });
      const auto past =
          std::count_if(points.begin(), points.end(), [&](const auto& p) { return p.n_data == n && p.past_minimum; });
      table.rows.push_back({title_of(architecture.name), base::format_count(architecture.n_params), std::to_string(n),
                            number(&FlowPoint::lambda), number(&FlowPoint::condition), number(&FlowPoint::rate),
                            number(&FlowPoint::drift), number(&FlowPoint::best_risk),
                            fmt::format("{} of {}", past, count)});
    }
  return table;
}

Finding architectures(const Context& context) {
  Finding finding;
  Architectures all;
  for (const auto& [name, document] : architecture_studies(context)) {
    const std::string study = "architectures." + name;
    const auto n_params = sweep::trainable_params(sweep::study_from(document).points.front().experiment.model);
    auto set = carry_out_flows(context, study, document);
    all.push_back({name, n_params, std::move(set.points)});
    finding.configurations.emplace_back(study + " study", set.study_json);
  }
  auto& section = finding.section;
  section.title = "Decoder, encoder, encoder-decoder";
  section.lead =
      "The theory is written for decoders. Does the law depend on the architecture? A decoder, an encoder and an "
      "encoder-decoder of two layers and 1280 parameters learn by the exact gradient flow, each from teachers of its own "
      "kind, and are compared seed by seed.";
  section.claims = claims_of(all);
  section.figures = figures_of(all);
  section.tables = {table_of(all)};
  return finding;
}

}  // namespace phaselaw::reproduce
