// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "kernel/dense_cases.h"
#include "phaselaw/kernel/spectrum.h"

// Dense kernels against the definition: one VJP per output, J J^T.
namespace phaselaw::kernel {
namespace {

using testing::Case;

constexpr Algorithm kAlgorithms[] = {Algorithm::sandwich, Algorithm::jacobian, Algorithm::token_dual,
                                     Algorithm::recursion};

// Relative Frobenius errors that kernel.h promises.
template <class T>
constexpr double kTolerance = 1e-12;
template <>
constexpr double kTolerance<float> = 2e-5;

// The definition's kernel of every trainable block, from which layers, totals and reductions are sums.
struct Definition {
  const Case& c;
  std::vector<std::pair<std::string, numerics::Matrix<double>>> blocks;

  explicit Definition(const Case& source) : c(source) {
    const auto jacobian = reference::explicit_jacobian(model::Transformer<double>(c.options), c.theta, c.inputs());
    for (const auto& block : c.table.blocks())
      if (block.trainable && !model::is_position(block.kind))
        blocks.emplace_back(block.name, reference::kernel_of(c.table, jacobian, jacobian, block.name));
  }

  // Sum over the blocks of `name` ("" is every block), reduced on both sides.
  [[nodiscard]] numerics::Matrix<double> kernel(const std::string& name, Reduce reduce) const {
    const std::int64_t rows = c.n * c.options.seq_len * c.options.outputs();
    numerics::Matrix<double> sum = numerics::Matrix<double>::Zero(rows, rows);
    for (const auto& [block, values] : blocks)
      if (name.empty() || block == name || block.rfind(name + ".", 0) == 0) sum += values;
    const auto half = reference::reduce_rows(sum, reduce, c.options.seq_len, c.options.outputs());
    return reference::reduce_rows(half.transpose(), reduce, c.options.seq_len, c.options.outputs());
  }
};

template <class T>
void expect_equals_definition(const Definition& definition, const KernelOptions& options) {
  const Case& c = definition.c;
  const model::Transformer<T> model(c.options);
  const testing::Batch<T> batch(c);
  const DenseKernel<T> dense = dense_kernel<T>(model, batch.theta, batch.inputs(), options);
  const std::string what = testing::describe(c, options);

  // A block with a nearly zero exact kernel (key biases, one coordinate per token, sums that cancel) has the rounding
  // of its Jacobian, dJ <= tolerance |J| of the whole: error <= 2 |J_block| |dJ| + |dJ|^2. The closed forms do better.
  const std::int64_t summed = options.reduce == Reduce::none          ? 1
                              : options.reduce == Reduce::coordinates ? c.options.outputs()
                                                                      : c.options.seq_len * c.options.outputs();
  const double whole = c.options.is_plain_block()
                           ? 0.0
                           : definition.kernel("", Reduce::none).norm() * static_cast<double>(summed * summed);
  const auto compare = [&](const numerics::Matrix<T>& fast, const std::string& name) {
    const auto exact = definition.kernel(name, options.reduce);
    ASSERT_EQ(fast.rows(), exact.rows()) << what;
    const double error = (fast.template cast<double>() - exact).norm();
    // A reduced kernel is R K R' with ||R||^2 = summed rows: what cancels in the sums does not cancel in their error.
    const double size = definition.kernel(name, Reduce::none).norm() * static_cast<double>(summed);
    const double allowed = kTolerance<T> * (size + 2 * std::sqrt(exact.norm() * whole) + kTolerance<T> * whole);
    EXPECT_LE(error, allowed) << name << " " << what;
    EXPECT_TRUE(testing::is_symmetric_to_the_bit(fast)) << name << " " << what;
  };
  compare(dense.total, "");
  numerics::Matrix<double> sum = numerics::Matrix<double>::Zero(dense.total.rows(), dense.total.cols());
  for (const auto& part : dense.parts) {
    compare(part.values, part.name);
    sum += part.values.template cast<double>();
  }
  if (options.detail != Detail::total) {
    EXPECT_LE((sum - dense.total.template cast<double>()).norm(),
              64 * static_cast<double>(std::numeric_limits<T>::epsilon()) * sum.norm())
        << what;
  }
  EXPECT_EQ(dense.flop, dense.plan.cost.flop) << what;
}

TEST(DenseKernel, EqualsTheExplicitJacobianOnRandomModels) {
  constexpr std::uint64_t kCases = 220;
  for (std::uint64_t index = 0; index < kCases && !HasFailure(); ++index) {
    const Case c = testing::small_case(index);
    const Definition definition(c);
    for (const Reduce reduce : {Reduce::none, Reduce::coordinates, Reduce::sequence}) {
      KernelOptions options;
      options.reduce = reduce;
      options.threads = 1 + static_cast<std::int64_t>(index % 2);
      options.algorithm = kAlgorithms[(index + static_cast<std::uint64_t>(reduce)) % 4];
      if (options.algorithm != Algorithm::recursion)
        options.detail = std::array{Detail::total, Detail::layers, Detail::blocks}[index % 3];
      expect_equals_definition<double>(definition, options);
      expect_equals_definition<float>(definition, options);
    }
  }
}

// An encoder-decoder: vjp is the definition, and parts are named and numbered with the encoder's layers last.
TEST(DenseKernel, OfEncoderDecodersEqualsTheExplicitJacobian) {
  std::size_t of_encoder = 0;
  for (std::uint64_t index = 0; index < 60 && !HasFailure(); ++index) {
    const Case c = testing::small_encoder_case(index);
    const Definition definition(c);
    KernelOptions options;
    options.reduce = std::array{Reduce::none, Reduce::coordinates, Reduce::sequence}[index % 3];
    options.detail = index % 2 == 0 ? Detail::layers : Detail::blocks;
    options.threads = 1 + static_cast<std::int64_t>(index % 2);
    EXPECT_EQ(plan_kernel(c.options, c.n, 0, options, 8).cost.algorithm, Algorithm::vjp);
    expect_equals_definition<double>(definition, options);
    const auto dense = dense_kernel<double>(model::Transformer<double>(c.options), c.theta, c.inputs(), options);
    for (const auto& part : dense.parts) {
      if (!part.name.starts_with("encoder.")) continue;
      ++of_encoder;
      EXPECT_GE(part.layer, c.options.n_layers) << part.name;
      EXPECT_EQ(part.name.substr(8, part.name.find('.', 8) - 8), std::to_string(part.layer - c.options.n_layers));
    }
    options.algorithm = Algorithm::sandwich;
    EXPECT_THROW((void)plan_kernel(c.options, c.n, 0, options, 8), base::InputError);
  }
  EXPECT_GT(of_encoder, 20u);
}

// An encoder's layer reaches the outputs only through source_len normalised rows, each on a sphere of d - 1 dimensions.
TEST(DenseKernel, OfAnEncodersLayerHasTheRankOfTheNormalisedSource) {
  for (const std::int64_t source_len : {2, 3}) {
    Case c;
    auto& o = c.options;
    o.n_layers = o.n_encoder_layers = 1;
    o.seq_len = 2;
    o.source_len = source_len;
    o.d_model = 5;
    o.d_hidden = 40;
    o.activation = model::Activation::tanh;
    o.rms_eps = 0;
    c.n = 2;
    testing::fill(c, 3);
    KernelOptions options;
    options.detail = Detail::layers;
    auto dense = dense_kernel<double>(model::Transformer<double>(o), c.theta, c.inputs(), options);
    auto& values = dense.parts.back().values;
    ASSERT_EQ(dense.parts.back().name, "encoder.0");
    const auto eigenvalues = spectrum_in_place<double>({values.data(), values.rows(), values.cols()}).eigenvalues;
    // Rounding of the Jacobian, |J| eps sqrt(rows), squared and times its largest singular value: far below 1e-13.
    const auto rank = std::count_if(eigenvalues.begin(), eigenvalues.end(),
                                    [&](double x) { return x > 1e-13 * eigenvalues.front(); });
    const std::int64_t rows = c.n * o.seq_len * o.d_model;  // 20
    EXPECT_EQ(rank, std::min(rows, c.n * source_len * (o.d_model - 1))) << source_len;
  }
}

// Blocks without closed forms: the planner says vjp, and vjp is the definition; so it is for the plain block when
// asked.
TEST(DenseKernel, OfEveryBlockEqualsTheExplicitJacobian) {
  for (std::uint64_t index = 0; index < 120 && !HasFailure(); ++index) {
    const bool plain = index % 4 == 0;
    const Case c = plain ? testing::small_case(index) : testing::small_block_case(index);
    const Definition definition(c);
    for (const Reduce reduce : {Reduce::none, Reduce::coordinates, Reduce::sequence}) {
      KernelOptions options;
      options.reduce = reduce;
      options.threads = 1 + static_cast<std::int64_t>(index % 2);
      if (plain) options.algorithm = Algorithm::vjp;
      options.detail = std::array{Detail::total, Detail::layers, Detail::blocks}[index % 3];
      EXPECT_EQ(plan_kernel(c.options, c.n, 0, options, 8).cost.algorithm, Algorithm::vjp);
      expect_equals_definition<double>(definition, options);
      // float: where an activation has a kink, or a softmax or norm magnifies rounding, J itself differs by more than
      // its products; the promise is for the closed forms' cases.
      if (plain) expect_equals_definition<float>(definition, options);
    }
  }
}

// A memory limit makes many slabs of one part: the same sums in another order.
TEST(DenseKernel, OfEveryBlockUnderAMemoryLimitIsTheSame) {
  int more_flop = 0;
  for (std::uint64_t index = 0; index < 40; ++index) {
    const Case c = testing::small_block_case(index);
    const model::Transformer<double> model(c.options);
    const testing::Batch<double> batch(c);
    KernelOptions options;
    const auto free = dense_kernel<double>(model, batch.theta, batch.inputs(), options);
    // What is not J stays; J gets two thirds of its room.
    const double rows = static_cast<double>(free.total.rows());
    const double jacobian = rows * static_cast<double>(model.table().n_trainable()) * sizeof(double);
    options.memory_limit = static_cast<std::int64_t>(free.plan.cost.bytes() + 0.4 * jacobian);
    const auto limited = dense_kernel<double>(model, batch.theta, batch.inputs(), options);
    more_flop += limited.flop > free.flop ? 1 : 0;
    EXPECT_EQ(limited.flop, limited.plan.cost.flop) << c.describe();
    EXPECT_LE(limited.plan.cost.bytes(), static_cast<double>(options.memory_limit)) << c.describe();
    EXPECT_LE((limited.total - free.total).norm(), 1e-13 * free.total.norm()) << c.describe();
  }
  EXPECT_GT(more_flop, 10);  // a forward pass for every slab
}

// Against other sequences: blocks of the symmetric kernel of all of them.
TEST(DenseKernel, OfEveryBlockBetweenTwoSetsIsABlockOfTheWhole) {
  for (std::uint64_t index = 0; index < 40; ++index) {
    Case c = testing::small_block_case(index);
    if (c.n < 2) continue;
    const model::Transformer<double> model(c.options);
    const testing::Batch<double> batch(c);
    KernelOptions options;
    options.detail = Detail::layers;
    const auto whole = dense_kernel<double>(model, batch.theta, batch.inputs(), options);
    const auto part = dense_kernel<double>(model, batch.theta, batch.inputs(0, 1), batch.inputs(1, c.n - 1), options);
    const std::int64_t rows = model.outputs_per_sequence();
    const auto compare = [&](const auto& found, const auto& all) {
      const numerics::Matrix<double> expected = all.block(0, rows, rows, all.cols() - rows);
      EXPECT_LE((found - expected).norm(), 1e-13 * all.norm()) << c.describe();
    };
    compare(part.total, whole.total);
    ASSERT_EQ(part.parts.size(), whole.parts.size());
    for (std::size_t i = 0; i < part.parts.size(); ++i) compare(part.parts[i].values, whole.parts[i].values);
    EXPECT_EQ(part.flop, part.plan.cost.flop) << c.describe();
  }
}

// Every algorithm, reduction and detail with all blocks trainable, on widths at the edges of panels (8, 16, 32).
TEST(DenseKernel, EveryAlgorithmAgreesAtPanelEdges) {
  for (const std::int64_t d : {7, 8, 16, 17, 32, 33}) {
    Case c;
    c.options.n_layers = 2;
    c.options.d_model = d;
    c.options.d_hidden = 12;
    c.options.n_heads = 2;
    c.options.d_head = 5;
    c.options.vocab = 5;
    c.options.seq_len = 3;
    c.options.activation = model::Activation::gelu;
    c.options.readout = d % 2 == 0 ? model::Readout::identity : model::Readout::tokens;
    c.options.mask = d < 16 ? model::Mask::bidirectional : model::Mask::causal;
    c.n = 2;
    testing::fill_single(c, static_cast<std::uint64_t>(d));
    const Definition definition(c);
    for (const Algorithm algorithm : kAlgorithms)
      for (const Reduce reduce : {Reduce::none, Reduce::coordinates, Reduce::sequence})
        for (const Detail detail : {Detail::total, Detail::layers, Detail::blocks}) {
          if (algorithm == Algorithm::recursion && detail != Detail::total) continue;
          KernelOptions options;
          options.algorithm = algorithm;
          options.reduce = reduce;
          options.detail = detail;
          options.threads = 2;
          expect_equals_definition<double>(definition, options);
        }
  }
}

TEST(DenseKernel, TestTrainIsTheBlockOfTheJointKernel) {
  for (std::uint64_t index = 0; index < 24; ++index) {
    Case c = testing::small_case(1000 + index);
    c.n = 5;
    testing::fill_single(c, index);
    const model::Transformer<double> model(c.options);
    const testing::Batch<double> batch(c);
    KernelOptions options;
    options.algorithm = kAlgorithms[index % 4];
    options.reduce = std::array{Reduce::none, Reduce::coordinates, Reduce::sequence}[index % 3];
    if (options.algorithm != Algorithm::recursion) options.detail = Detail::layers;
    const auto joint = dense_kernel<double>(model, batch.theta, batch.inputs(), options);
    const auto block = dense_kernel<double>(model, batch.theta, batch.inputs(0, 2), batch.inputs(2, 3), options);
    EXPECT_EQ(block.flop, block.plan.cost.flop) << testing::describe(c, options);
    const auto rows = rows_per_sequence(c.options, options.reduce);
    const auto compare = [&](const numerics::Matrix<double>& part, const numerics::Matrix<double>& whole) {
      ASSERT_EQ(part.rows(), 2 * rows);
      ASSERT_EQ(part.cols(), 3 * rows);
      EXPECT_LE((part - whole.block(0, 2 * rows, 2 * rows, 3 * rows)).norm(), 1e-13 * whole.norm())
          << testing::describe(c, options);
    };
    compare(block.total, joint.total);
    ASSERT_EQ(block.parts.size(), joint.parts.size());
    for (std::size_t i = 0; i < block.parts.size(); ++i) compare(block.parts[i].values, joint.parts[i].values);
  }
}

TEST(DenseKernel, ThreadsDoNotChangeABit) {
  Case c;
  c.n = 4;  // with the default sizes every algorithm has work for more than three threads
  testing::fill_single(c, 3);
  const model::Transformer<float> model(c.options);
  const testing::Batch<float> batch(c);
  for (const Algorithm algorithm : kAlgorithms) {
    KernelOptions options;
    options.algorithm = algorithm;
    options.threads = 1;
    const auto one = dense_kernel<float>(model, batch.theta, batch.inputs(), options);
    options.threads = 3;
    const auto three = dense_kernel<float>(model, batch.theta, batch.inputs(), options);
    EXPECT_EQ(
        std::memcmp(one.total.data(), three.total.data(), static_cast<std::size_t>(one.total.size()) * sizeof(float)),
        0)
        << testing::describe(c, options);
  }
}

TEST(DenseKernel, InfiniteWeightsAreADomainError) {
  Case c = testing::small_case(5);
  testing::fill_single(c, 5);
  testing::Batch<double> batch(c);
  for (double& x : batch.theta) x = std::numeric_limits<double>::infinity();
  EXPECT_THROW((void)dense_kernel<double>(model::Transformer<double>(c.options), batch.theta, batch.inputs()),
               std::domain_error);
}

}  // namespace
}  // namespace phaselaw::kernel
