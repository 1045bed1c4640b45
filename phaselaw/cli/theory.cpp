// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/cli/common.h"
#include "phaselaw/verbs/experiment_text.h"

// phaselaw theory [numbers]: evaluates the paper's formulas. The flags are the fields of theory::TheoryNumbers.
// phaselaw theory --law LAW [numbers]: one isolated law over its resource.
// phaselaw theory --from EXP.toml: evaluates them at numbers measured on a real model, data set and flow.
namespace phaselaw::cli {

namespace {

struct TheoryFlags {
  GivenFlags numbers, run;  // the flags of the two forms of the command
  std::string from;
};

// Refuses flags of the other form, which would be ignored.
void refuse(const GivenFlags& given, const char* why) {
  if (!given.flags.empty()) throw base::InputError({base::flag_of(given.flags.front().first)}, why);
}

void print(const Common& common, const TheoryFlags& flags) {
  refuse(flags.run, "is used only with --from; add --from, or omit it");
  theory::TheoryNumbers numbers;
  flags.numbers.over(numbers);
  const auto answer = verbs::theory(numbers);
  emit_json(common, answer.json);
  if (common.json == "-") return;
  show("{}", text_table(verbs::theory_rows(answer.json)));
  if (const auto law = verbs::isolated_law_rows(answer.json); !law.empty()) show("\n{}", text_table(law));
}

void print_measured(const Common& common, const TheoryFlags& flags) {
  refuse(flags.numbers, "is measured by --from; omit it");
  verbs::ExperimentRequest request;
  flags.run.over(request);
  request.experiment = sweep::experiment_from(request.document_of(flags.from));
  const auto [constants, result] = verbs::measured_constants(request);
  emit_json(common, result);
  if (common.json == "-") return;
  show("{}\n{}", text_table(verbs::measured_rows(result)), text_table(verbs::check_rows(constants)));
}

}  // namespace

void add_theory(Program& program) {
  auto flags = std::make_shared<TheoryFlags>();
  add_verb(program, "theory", "evaluate the paper's definitions, bounds and laws",
           "phaselaw theory --compute 1e12 --noise 0.3",
           [&program, flags] {
             require_outputs(program.common);
             flags->from.empty() ? print(program.common, *flags) : print_measured(program.common, *flags);
           })
      .option("--from", flags->from, "experiment file; the constants are measured on its model, data and flow")
      .fields(verbs::ExperimentRequest{}, flags->run)
      .fields(theory::TheoryNumbers{}, flags->numbers);
}

}  // namespace phaselaw::cli
