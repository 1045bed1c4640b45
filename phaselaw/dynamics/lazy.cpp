// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/lazy.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "phaselaw/base/errors.h"
#include "phaselaw/dynamics/lazy_kernel.h"
#include "phaselaw/kernel/matrix_free.h"

namespace phaselaw::dynamics {

namespace {

double norm(std::span<const double> x) {
  double sum = 0;
  for (const double v : x) sum += v * v;
  return std::sqrt(sum);
}

// The target in the space of outputs: numbers, or one-hot classes.
std::vector<double> target_rows(const FlowData& data, std::int64_t classes) {
  if (!data.is_cross_entropy()) return {data.targets.begin(), data.targets.end()};
  std::vector<double> y(data.next_tokens.size() * static_cast<std::size_t>(classes), 0.0);
  for (std::size_t i = 0; i < data.next_tokens.size(); ++i)
    y[i * static_cast<std::size_t>(classes) + static_cast<std::size_t>(data.next_tokens[i])] = 1;
  return y;
}

// F - Y, or softmax(F) - Y: dLoss/dF without its factor.
double residual_norm(const FlowData& data, const FullBatch& batch, std::span<const double> f) {
  std::vector<double> residual(f.size());
  static_cast<void>(batch.loss_at(f, residual));
  const auto n = static_cast<double>(data.inputs.n);
  return norm(residual) * (data.is_cross_entropy() ? static_cast<double>(data.next_tokens.size()) : n / 2);
}

// F along theta(t) and its linearisation at theta_0, on one set of inputs.
class Linearisation {
 public:
  Linearisation(const model::Transformer<double>& model, std::span<const double> theta_0, const FlowData& data,
                int threads)
      : batch_(model, data, theta_0, threads),
        jacobian_(model.options(), {theta_0.begin(), theta_0.end()}, data.inputs, tangent_options(threads)),
        f_0_(static_cast<std::size_t>(batch_.rows())),
        f_(f_0_.size()),
        linear_(f_0_.size()) {
    static_cast<void>(batch_.loss(theta_0, f_0_));
    residual_ = residual_norm(data, batch_, f_0_);
  }

  struct Errors {
    double of_residual, of_move;
  };
  // `displacement` = theta - theta_0.
  Errors at(std::span<const double> theta, std::span<const double> displacement) {
    static_cast<void>(batch_.loss(theta, f_));
    jacobian_.apply_jacobian(displacement, linear_);
    double error = 0, move = 0;
    for (std::size_t i = 0; i < f_.size(); ++i) {
      const double moved = f_[i] - f_0_[i];
      error += (moved - linear_[i]) * (moved - linear_[i]);
      move += moved * moved;
    }
    return {residual_ > 0 ? std::sqrt(error) / residual_ : base::kNaN, move > 0 ? std::sqrt(error / move) : base::kNaN};
  }

 private:
  static kernel::TangentOptions tangent_options(int threads) {
    kernel::TangentOptions options;
    options.threads = threads;
    return options;
  }

  FullBatch batch_;
  kernel::TangentOperator<double> jacobian_;
  std::vector<double> f_0_, f_, linear_;
  double residual_ = 0;
};

}  // namespace

struct LazyRecorder::State {
  model::Transformer<double> model;
  std::vector<double> theta_0, theta, displacement;
  std::vector<TrainedPart> trained;
  bool dense;
  std::unique_ptr<KernelDrift> kernel;
  Linearisation train;
  std::optional<Linearisation> test;
  LazyStart total;
  std::vector<LazyStart> parts;
  std::vector<LazyRecord> records;

  static std::span<const double> checked(std::span<const double> theta, const model::Transformer<double>& model,
                                         const FlowData& train, const std::optional<FlowData>& test) {
    if (static_cast<std::int64_t>(theta.size()) != model.table().size())
      throw base::InputError({"weights"}, fmt::format("expected {} parameters for this model, found {}",
                                                      model.table().size(), theta.size()));
    validate(train, model.options(), "training data");
    if (test) validate(*test, model.options(), "test data");
    return theta;
  }

  State(const model::ModelOptions& options, std::span<const double> start, const FlowData& train_data,
        const std::optional<FlowData>& test_data, const LazyOptions& lazy)
      : model(options),
        theta_0(start.begin(), start.end()),
        theta(start.size()),
        displacement(start.size()),
        trained(trained_parts(model.table())),
        dense(train_data.inputs.n * model.outputs_per_sequence() <= lazy.dense_rows),
        train(model, checked(theta_0, model, train_data, test_data), train_data, lazy.threads) {
    if (lazy.probes < 2) throw std::domain_error("lazy: a standard error needs at least 2 probes");
    if (test_data) test.emplace(model, theta_0, *test_data, lazy.threads);
    const auto y = target_rows(train_data, options.outputs());
    kernel = dense ? dense_drift(model, theta_0, train_data.inputs, y, lazy)
                   : matrix_free_drift(model, theta_0, train_data.inputs, y, lazy);
    parts = kernel->start();
    total = parts.front();
    parts.erase(parts.begin());
    PHASELAW_CHECK_EQ(parts.size(), trained.size());
    for (std::size_t i = 0; i < parts.size(); ++i) PHASELAW_CHECK_EQ(parts[i].name, trained[i].name);
  }

  double radius(const std::vector<bool>& blocks) const {
    double sum = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (!blocks[i]) continue;
      const auto& block = model.table().blocks()[i];
      for (std::int64_t k = block.offset; k < block.offset + block.size(); ++k)
        sum += displacement[static_cast<std::size_t>(k)] * displacement[static_cast<std::size_t>(k)];
    }
    return std::sqrt(sum);
  }

  const LazyRecord& record(double time) {
    for (std::size_t i = 0; i < theta.size(); ++i) displacement[i] = theta[i] - theta_0[i];
    LazyRecord now;
    now.time = time;
    now.parts = kernel->at(theta);
    now.total = now.parts.front();
    now.parts.erase(now.parts.begin());
    for (std::size_t i = 0; i < trained.size(); ++i) {
      now.parts[i].radius = radius(trained[i].blocks);
      now.total.radius = std::hypot(now.total.radius, now.parts[i].radius);
    }
    const auto errors = train.at(theta, displacement);
    now.linearisation = errors.of_residual;
    now.linearisation_of_move = errors.of_move;
    if (test) now.test_linearisation = test->at(theta, displacement).of_residual;
    records.push_back(std::move(now));
    return records.back();
  }
};

LazyRecorder::LazyRecorder(const model::ModelOptions& model, std::span<const double> theta_0, const FlowData& train,
                           const std::optional<FlowData>& test, const LazyOptions& options)
    : state_(std::make_unique<State>(model, theta_0, train, test, options)) {}
LazyRecorder::~LazyRecorder() = default;
LazyRecorder::LazyRecorder(LazyRecorder&&) noexcept = default;
LazyRecorder& LazyRecorder::operator=(LazyRecorder&&) noexcept = default;

bool LazyRecorder::is_dense() const { return state_->dense; }
const LazyStart& LazyRecorder::total() const { return state_->total; }
const std::vector<LazyStart>& LazyRecorder::parts() const { return state_->parts; }
const std::vector<LazyRecord>& LazyRecorder::records() const { return state_->records; }

const LazyRecord& LazyRecorder::record(double time, std::span<const double> theta) {
  PHASELAW_CHECK_EQ(theta.size(), state_->theta_0.size());
  std::copy(theta.begin(), theta.end(), state_->theta.begin());
  return state_->record(time);
}

const LazyRecord& LazyRecorder::record(double time, std::span<const float> theta) {
  PHASELAW_CHECK_EQ(theta.size(), state_->theta_0.size());
  std::copy(theta.begin(), theta.end(), state_->theta.begin());
  return state_->record(time);
}

}  // namespace phaselaw::dynamics
