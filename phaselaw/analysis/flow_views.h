// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/analysis/prepared_experiment.h"
#include "phaselaw/base/value.h"
#include "phaselaw/dynamics/closed_form.h"
#include "phaselaw/dynamics/departure.h"
#include "phaselaw/dynamics/first_order.h"
#include "phaselaw/dynamics/lazy.h"
#include "phaselaw/dynamics/signatures.h"
#include "phaselaw/report/page.h"

// One experiment as predicted by the kernel at initialisation, as the exact gradient flow, and as trained.
//
//   kernel    f(t) of the fixed kernel H(0): closed form up to flow.max_rows rows, Krylov beyond; cross-entropy: the
//             linearised model, integrated, because there is no closed form
//   gd        gradient descent on H(0) with the training's learning rate            (squared loss, dense kernel)
//   sgd       expected loss of minibatch SGD on H(0), exactly, with independent batches
//   sgd_epochs  the same with the batches of shuffled epochs, which the training uses: a mean over simulated runs with a
//             standard error                              (both only up to flow.max_moment_rows rows)
//   flow      the nonlinear gradient flow, integrated with error control
//   trained   the training of the file's [training], in double
//
// Time is gradient-flow time: the sum of the learning rates. Losses are per number (Loss / (L o)) or nats per token.
namespace phaselaw::analysis {

struct ViewCurve {
  std::string view{}, what{};                                            // "kernel"; a description
  std::vector<double> time{}, train_loss{}, test_loss{}, excess_risk{};  // excess_risk: NaN if F* is unknown
  std::vector<double> train_loss_error{}, test_loss_error{};  // standard errors; empty unless the curve is simulated
  std::string status = "finished", reason{};                  // of a curve that may end early
  double seconds = 0;
};

// Loss per number against iterations on the fixed kernel.
struct MethodCurve {
  std::string method;
  std::vector<std::int64_t> counts;
  std::vector<double> train_loss;
};

struct FlowViews {
  std::int64_t n_rows = 0, n_params = 0;
  double time = 0, learning_rate = 0;
  std::vector<double> times;  // of kernel and flow
  std::vector<ViewCurve> curves;

  bool dense = false;                // the members up to `methods` exist only for the dense kernel
  kernel::Spectrum spectrum;         // of H(0) on the training inputs
  std::vector<double> coefficients;  // (v_i^T (f0 - y))^2, in the order of the eigenvalues
  double step_limit = 0;             // n / lambda_max
  double null_loss = 0;              // per number: the part that does not decay
  double train_loss_at_infinity = 0, test_loss_at_infinity = 0;
  std::vector<dynamics::ExcessRisk> in_sample;  // at `times`; empty if F* is unknown
  dynamics::FirstOrderRates rates;
  std::vector<MethodCurve> methods;

  std::vector<dynamics::LazyStart> start;  // total first
  std::vector<dynamics::LazyRecord> flow_laziness, trained_laziness;
  dynamics::Departure kernel_leaves_flow;                      // test loss: kernel against flow
  dynamics::Departure kernel_leaves_trained;                   // test loss: kernel against trained
  dynamics::Departure sgd_leaves_trained;                      // test loss: sgd_epochs against trained
  dynamics::SignatureEvent flow_signature, trained_signature;  // of the loss
  // The theory's condition of kernel stability, ||H(t) - H(0)||_2 <= lambda_min(H(0))/2 [S], along the flow.
  std::optional<double> condition_fails_at;
  std::string condition;  // explanation
  std::vector<std::string> warnings;

  [[nodiscard]] const ViewCurve* find(std::string_view view) const;
};

// InputError for data that do not fit; base::Interrupted on Ctrl-C. Cost: the training, the flow (at most flow.budget
// seconds), a kernel and its eigendecomposition.
[[nodiscard]] FlowViews flow_views(const PreparedExperiment& prepared, int threads);

// flow.json; trajectories.csv: view, time, train_loss, test_loss, excess_risk, train_loss_error, test_loss_error (empty
// unless the curve is simulated); drift.csv: along, time, part, drift,
// drift_error, drift_norm, radius, alignment, linearisation; methods.csv: method, iteration, train_loss.
[[nodiscard]] base::Value to_value(const PreparedExperiment& prepared, const FlowViews& views);
[[nodiscard]] std::string trajectories_csv(const FlowViews& views);
[[nodiscard]] std::string drift_csv(const FlowViews& views);
[[nodiscard]] std::string methods_csv(const FlowViews& views);
[[nodiscard]] report::Page flow_page(const PreparedExperiment& prepared, const FlowViews& views);

}  // namespace phaselaw::analysis
