// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/advice/plan_page.h"
#include "phaselaw/base/files.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/cli/numbers.h"
#include "phaselaw/laws/fit_json.h"
#include "phaselaw/laws/loss_map.h"
#include "phaselaw/report/format.h"
#include "phaselaw/verbs/plan.h"

// phaselaw plan --fit FIT.json --compute C: sizes to train, or compute for a loss, with intervals.
namespace phaselaw::cli {

namespace {

constexpr std::size_t kShownComputes = 25, kContours = 6;

struct PlanFlags {
  std::string fit, law, out, n_params, tokens, tokens_per_param, inference_tokens,
      convention = "6nd", next_run, next_budget, flop_per_param, vocab, seq_len;
  std::vector<std::string> compute, loss, at;
  double aspect_ratio = 64;
};

laws::Situation situation_of(const PlanFlags& flags) {
  laws::Situation situation;
  const auto maybe = [](const char* flag, const std::string& text) {
    return text.empty() ? std::nullopt : std::optional<double>(positive_number(flag, text));
  };
  situation.n_params = maybe("--n-params", flags.n_params);
  situation.tokens = maybe("--tokens", flags.tokens);
  situation.tokens_per_param = maybe("--tokens-per-param", flags.tokens_per_param);
  situation.inference_tokens = maybe("--inference-tokens", flags.inference_tokens).value_or(0);
  situation.at = named_numbers("--at", flags.at);
  situation.cost.convention = laws::flop_convention_from(flags.convention);
  situation.cost.family = {flags.aspect_ratio, maybe("--vocab", flags.vocab).value_or(0),
                           maybe("--seq-len", flags.seq_len).value_or(0),
                           maybe("--flop-per-param", flags.flop_per_param).value_or(0)};
  return situation;
}

void print(const laws::Plan& plan, const std::optional<laws::Design>& design) {
  fmt::print("{}: {}\nintervals of {} %: {}; FLOP by {}\n\n", plan.law, plan.formula, 100 * plan.level, plan.method,
             plan.convention);
  fmt::print("{}\n{}", text_table(advice::plan_rows(plan)), text_table(advice::plan_details(plan)));
  if (plan.past)
    fmt::print(
        "\npast: a fit to the cheapest 80 % of these runs was off by {} % on average on the {} others, up to {} "
        "times larger\n",
        report::format_number(100 * plan.past->mean_abs_rel_error), plan.past->n_predicted,
        report::format_number(plan.past->compute_factor));
  if (design) fmt::print("\nto narrow {}:\n{}", design->quantity, text_table(advice::design_rows(*design)));
}

void run_plan(const Common& common, const PlanFlags& flags) {
  verbs::PlanRequest request;
  request.computes = positive_numbers("--compute", flags.compute);
  request.losses = positive_numbers("--loss", flags.loss);
  request.options.situation = situation_of(flags);
  request.validate();
  require_outputs(common);
  if (!flags.out.empty()) base::require_writable_directory(flags.out, "--out");
  const laws::SavedFit saved = laws::read_fit(flags.fit, flags.law);
  if (!flags.next_budget.empty()) request.next_budget = positive_number("--next-budget", flags.next_budget);
  request.next_run = flags.next_run;
  const auto [plan, design, json] = verbs::plan(saved, request);
  if (flags.out.empty()) {
    emit_json(common, json);
  } else {
    const std::vector<double> shown = laws::computes_to_show(saved, plan, kShownComputes);
    std::vector<double> levels;
    for (std::size_t i = 0; i < kContours; ++i) levels.push_back(shown[i * (shown.size() - 1) / (kContours - 1)]);
    const advice::PlanView view{saved,
                                plan,
                                laws::frontier(saved, request.options.situation, shown),
                                laws::loss_contours(saved, request.options.situation, levels),
                                laws::measured_optima(saved.data),
                                design};
    write_results(common, flags.out, "plan.json", json, advice::plan_page(view));
  }
  if (common.json == "-") return;
  print(plan, design);
  if (!flags.out.empty()) fmt::print("\n{}/report.html  plan.json\n", flags.out);
}

}  // namespace

void add_plan(Program& program) {
  auto flags = std::make_shared<PlanFlags>();
  add_verb(program, "plan", "from a fit: sizes to train for a compute, compute for a loss, the next run",
           "phaselaw plan --fit fit.json --compute 1e21 1e24 --out plan",
           [&program, flags] { run_plan(program.common, *flags); })
      .required("--fit", flags->fit, "FIT.json of phaselaw fit --json")
      .option("--compute", flags->compute, "FLOP to spend: 1e21, or several")
      .option("--loss", flags->loss, "loss to reach instead: the least compute for it")
      .option("--law", flags->law, "which, when the file holds several fits")
      .option("--out", flags->out, "directory for report.html and plan.json")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf)
      .option("--n-params", flags->n_params, "hold the number of parameters: 7B")
      .option("--tokens", flags->tokens, "hold the tokens: 300B")
      .option("--tokens-per-param", flags->tokens_per_param, "hold their ratio, for over-training: 320")
      .option("--inference-tokens", flags->inference_tokens,
              "tokens that the model will serve: their forward passes count against the compute")
      .option("--at", flags->at, "NAME=VALUE of a column that no compute determines: unique_tokens=1e10")
      .option("--flop-convention", flags->convention, "how FLOP count: 6nd, without-embeddings, with-attention, exact")
      .option("--vocab", flags->vocab, "for without-embeddings: size of the vocabulary")
      .option("--seq-len", flags->seq_len, "for with-attention: tokens in a sequence")
      .option("--flop-per-param", flags->flop_per_param, "for exact: training FLOP per parameter and token")
      .option("--aspect-ratio", flags->aspect_ratio, "d_model/n_layers of the models to come")
      .option("--next-run", flags->next_run,
              "which run would narrow this most: a parameter, n_params, tokens, loss, or all")
      .option("--next-budget", flags->next_budget, "FLOP for that run; default: the dearest fitted run's");
}

}  // namespace phaselaw::cli
