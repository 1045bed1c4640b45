// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/advice/compare/compare_request.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/verbs/inputs.h"

// phaselaw compare A B...: whether a recipe is better than another, by what factor, and whether it will last.
namespace phaselaw::cli {

namespace {

struct CompareFlags {
  std::vector<std::string> inputs;
  std::string out;
  advice::CompareRequest request;
};

// A store chooses its own column of the loss, which other inputs may not have.
advice::RecipeInput input_of(const std::string& name, const std::vector<std::string>& paths,
                             const tables::ReadOptions& options) {
  tables::ReadOptions read = options;
  advice::RecipeInput input;
  input.name = name;
  input.reading = verbs::read_input(paths, read);
  if (read.loss != options.loss) input.loss = read.loss;
  return input;
}

std::vector<advice::RecipeInput> inputs_of(const CompareFlags& flags) {
  const tables::ReadOptions& read = flags.request.read;
  if (!read.by.empty()) return {input_of("", flags.inputs, read)};  // one table with all groups
  std::vector<advice::RecipeInput> inputs;
  const std::vector<std::string> names = advice::recipe_names(flags.inputs);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string& path = flags.inputs[i];
    inputs.push_back(advice::is_fit_file(path) ? advice::fit_input(path) : input_of(names[i], {path}, read));
    inputs.back().name = names[i];
  }
  return inputs;
}

void run_compare(const Common& common, CompareFlags& flags) {
  require_outputs(common);
  flags.request.options.validate();
  if (!flags.out.empty()) base::require_writable_directory(flags.out, "--out");
  const advice::CompareAnswer answer = advice::compare(flags.request, inputs_of(flags));
  write_answer(common, flags.out, "compare.json", answer.json, [&] { return advice::compare_page(answer); });
  if (common.json == "-") return;
  show("{}", advice::compare_text(answer, common.verbose));
  if (!flags.out.empty()) show("\n{}/report.html  compare.json\n", flags.out);
}

}  // namespace

void add_compare(Program& program) {
  auto flags = std::make_shared<CompareFlags>();
  add_verb(program, "compare", "find whether a recipe is better than another, by what factor, and whether it will last",
           "phaselaw compare adam.csv muon.csv --out comparison",
           [&program, flags] { run_compare(program.common, *flags); })
      .positional("recipes", flags->inputs,
                  "one file, folder, FIT.json or study.db for each recipe, the baseline first; or one table with --by "
                  "COLUMN")
      .fields(flags->request)
      .moved("--last", "finished runs are compared by their last rows anyway")
      .verbose(program.common.verbose)
      .option("--out", flags->out, "directory for report.html and compare.json")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf);
}

}  // namespace phaselaw::cli
