// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/build_info.h"
#include "phaselaw/cli/common.h"

// phaselaw cite: BibTeX of this program as it was built, and of the paper.
namespace phaselaw::cli {

void add_cite(Program& program) {
  add_verb(program, "cite", "print BibTeX of this version of phaselaw and of the paper", "phaselaw cite >> paper.bib",
           [] {
             fmt::print(
                 "@software{{phaselaw,\n"
                 "  title   = {{phaselaw: measures how transformers learn and predicts how far more compute, data or "
                 "width will take them}},\n"
                 "  author  = {{{{The phaselaw authors}}}},\n"
                 "  version = {{{}}},\n"
                 "  note    = {{commit {}}}\n"
                 "}}\n\n{}",
                 base::version(), base::commit(), report::paper_bibtex());
           });
}

}  // namespace phaselaw::cli
