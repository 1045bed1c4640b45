// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/onednn_matmul.h"
#ifdef PHASELAW_ONEDNN

#include "phaselaw/numerics/gemm_engines.h"
#include "phaselaw/numerics/openmp_threads.h"

namespace phaselaw::numerics {

using dnnl::memory;

OnednnMatmul::OnednnMatmul(memory::data_type operands)
    : operands_(operands), engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {}

OnednnMatmul::Compiled OnednnMatmul::compile(const Key& key) {
  const auto [op_a, op_b, m, n, k, ldc, alpha, beta] = key;
  // The strides of op(X), rows x cols, where X is packed.
  const auto strides = [](Op op, std::ptrdiff_t rows, std::ptrdiff_t cols) {
    return op == Op::none ? memory::dims{cols, 1} : memory::dims{1, rows};
  };
  const memory::desc a({m, k}, operands_, strides(op_a, m, k)), b({k, n}, operands_, strides(op_b, k, n)),
      c({m, n}, memory::data_type::f32, memory::dims{ldc, 1});
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops after;
#if DNNL_VERSION_MAJOR < 3
  if (alpha != 1) attributes.set_output_scales(0, {alpha});
#else
  if (alpha != 1) after.append_eltwise(dnnl::algorithm::eltwise_linear, alpha, 0.0F);
#endif
  if (beta != 0) after.append_sum(beta);
  attributes.set_post_ops(after);
#if DNNL_VERSION_MAJOR < 3
  const dnnl::matmul::primitive_desc description({a, b, c}, attributes, engine_);
#else
  const dnnl::matmul::primitive_desc description(engine_, a, b, c, attributes);
#endif
  return {dnnl::matmul(description), memory(a, engine_, nullptr), memory(b, engine_, nullptr),
          memory(c, engine_, nullptr), memory(description.scratchpad_desc(), engine_)};
}

void OnednnMatmul::multiply(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, float alpha,
                            const void* a, const void* b, float beta, float* c, std::ptrdiff_t ldc) {
  const OpenMpThreads threads(blas_threads());
  const Key key{op_a, op_b, m, n, k, ldc, alpha, beta};
  auto at = compiled_.find(key);
  if (at == compiled_.end()) try {
      at = compiled_.emplace(key, compile(key)).first;
    } catch (const dnnl::error& error) {
      require_onednn(error.status);
    }
  const Compiled& made = at->second;
  // It only reads A and B.
  made.a.set_data_handle(const_cast<void*>(a));
  made.b.set_data_handle(const_cast<void*>(b));
  made.c.set_data_handle(c);
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, made.a.get()},
                                       {DNNL_ARG_WEIGHTS, made.b.get()},
                                       {DNNL_ARG_DST, made.c.get()},
                                       {DNNL_ARG_SCRATCHPAD, made.scratch.get()}};
  require_onednn(dnnl_primitive_execute(made.primitive.get(), stream_.get(), 4, arguments));
  stream_.wait();
}

}  // namespace phaselaw::numerics

#endif
