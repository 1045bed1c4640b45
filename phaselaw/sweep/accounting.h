// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/store/export.h"
#include "phaselaw/store/store.h"

// The section [accounting] of a study: what a run is charged for (docs/sweep.md).
//
// The exact FLOP of a run are always recorded. A law of the form "risk against compute" may mean another compute: the
// paper charges C = M n T, full-batch steps on n sequences by a model of M parameters, and steps of a fixed batch cost
// C = T. The exponent of an envelope depends on this choice [R], so a study names it:
//
//   [accounting]
//   compute = "model-data-steps"                   or "flop" (default), "steps"
//
//   [accounting]                                   the user's own monomial: the exponents of the columns
//   n_params = 1
//   tokens = 1
//
// Columns, at each measurement of a run: n_params (trainable parameters), n_data (training sequences of the run),
// n_steps (updates so far), tokens (processed so far), seq_len. The charge is their product with these exponents.
//
// Defined means: it grows along every run (n_steps or tokens has an exponent > 0), and n_data is not charged in a
// one-pass run, where it is proportional to n_steps at the end and larger before. Cost: no run depends on the
// accounting, but a store belongs to one.
namespace phaselaw::sweep {

struct Experiment;
struct Study;

enum class Compute { automatic, flop, steps, model_data_steps, monomial };
// "auto", "flop", "steps", "model-data-steps", "monomial"
[[nodiscard]] base::EnumNames<Compute> enum_names(Compute);

struct Accounting {
  Compute compute = Compute::automatic;
  double n_params = 0, n_data = 0, n_steps = 0, tokens = 0, seq_len = 0;  // exponents

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything, base::at_least;
    visit("compute", self.compute, anything(),
          "what a run is charged: flop (exact), steps, model-data-steps (n_params n_data n_steps), monomial (the "
          "exponents below), or auto: monomial if an exponent is given, otherwise flop");
    visit("n_params", self.n_params, at_least(0), "with monomial: exponent of the trainable parameters");
    visit("n_data", self.n_data, at_least(0), "with monomial: exponent of the training sequences");
    visit("n_steps", self.n_steps, at_least(0), "with monomial: exponent of the optimiser steps so far");
    visit("tokens", self.tokens, at_least(0), "with monomial: exponent of the training tokens processed so far");
    visit("seq_len", self.seq_len, at_least(0), "with monomial: exponent of the tokens per sequence");
  }

  [[nodiscard]] bool is_flop() const { return compute == Compute::flop; }
};

// The section of a study file, or of the study in a store, with exponents filled in and `compute` other than automatic;
// exact FLOP without a section. InputError at its place: an unknown column, exponents beside a named accounting, or a
// charge that does not grow along a run.
[[nodiscard]] Accounting accounting_from(const base::Value& study_document);
[[nodiscard]] Accounting accounting_of(const store::Store& store);

// InputError at `where` if a run of the study leaves the charge undefined, or if the runs measure different quantities
// (excess risk and loss, squared error and nats per token), so that no envelope over them exists.
void require_comparable(const Study& study, const base::Location& where);

struct ChargedColumns {
  double n_params = 0, n_data = 0, n_steps = 0, tokens = 0, seq_len = 0;
  double compute_flop = 0;
};
// The compute that the accounting charges: compute_flop, or the monomial. 0 before the first step.
[[nodiscard]] double charged_compute(const Accounting& accounting, const ChargedColumns& columns);

// "exact FLOP", "n_params n_data n_steps", "n_params^0.5 tokens".
[[nodiscard]] std::string in_words(const Accounting& accounting);
// For axes: "training compute" in "FLOP, exact"; "charged compute" in "n_params n_data n_steps".
[[nodiscard]] std::string compute_label(const Accounting& accounting);
[[nodiscard]] std::string compute_unit(const Accounting& accounting);

// The column "charged_compute" of an export; none if exact FLOP are charged, because they are a column already.
[[nodiscard]] std::vector<store::DerivedColumn> charged_column(const Accounting& accounting);

}  // namespace phaselaw::sweep
