// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "phaselaw/base/fields.h"

// What is asked of the tangent kernel, and how it is to be computed.
namespace phaselaw::kernel {

// automatic   the planner's choice: the least predicted time
// sandwich    K_ab = B_a C_ab B_b^T, local kernels in closed form; no Jacobian exists at any time
// jacobian    J in slabs of parameters, then J J^T: for few rows, or very small layers
// token_dual  sum_ts (g_at . g_bs) <signal_at, signal_bs>: Gram of features times Gram of signals
// recursion   Theta^nu = T Theta^(nu-1) T^T + C^nu from the first layer up: the sum over layers only; long sequences
// vjp         J by one vector-Jacobian product a row, then J J^T: any block, also those without closed forms; slow
enum class Algorithm { automatic, sandwich, jacobian, token_dual, recursion, vjp };

// Rows of the kernel per sequence. none: token x output coordinate; coordinates: token, the kernel of
// sum_i F_ti; sequence: one, the kernel of sum_ti F_ti.
enum class Reduce { none, coordinates, sequence };

// Which matrices are returned beside the total: none | one a layer (+ embed, out) | one a parameter block.
enum class Detail { total, layers, blocks };

// The numbers of the model, the matrices and their eigenvalues.
enum class Dtype { float32, float64 };

namespace option_names {
inline constexpr std::array kAlgorithms{std::pair{std::string_view("auto"), Algorithm::automatic},
                                        std::pair{std::string_view("sandwich"), Algorithm::sandwich},
                                        std::pair{std::string_view("jacobian"), Algorithm::jacobian},
                                        std::pair{std::string_view("token_dual"), Algorithm::token_dual},
                                        std::pair{std::string_view("recursion"), Algorithm::recursion},
                                        std::pair{std::string_view("vjp"), Algorithm::vjp}};
inline constexpr std::array kReductions{std::pair{std::string_view("none"), Reduce::none},
                                        std::pair{std::string_view("coordinates"), Reduce::coordinates},
                                        std::pair{std::string_view("sequence"), Reduce::sequence}};
inline constexpr std::array kDetails{std::pair{std::string_view("total"), Detail::total},
                                     std::pair{std::string_view("layers"), Detail::layers},
                                     std::pair{std::string_view("blocks"), Detail::blocks}};
inline constexpr std::array kDtypes{std::pair{std::string_view("float32"), Dtype::float32},
                                    std::pair{std::string_view("float64"), Dtype::float64}};
}  // namespace option_names

// Inline: those who only read an experiment file need these names and nothing else of this layer.
[[nodiscard]] inline base::EnumNames<Algorithm> enum_names(Algorithm) { return option_names::kAlgorithms; }
[[nodiscard]] inline base::EnumNames<Reduce> enum_names(Reduce) { return option_names::kReductions; }
[[nodiscard]] inline base::EnumNames<Detail> enum_names(Detail) { return option_names::kDetails; }
[[nodiscard]] inline base::EnumNames<Dtype> enum_names(Dtype) { return option_names::kDtypes; }

// Of the dense kernel.
struct KernelOptions {
  Algorithm algorithm = Algorithm::automatic;
  Reduce reduce = Reduce::none;
  Detail detail = Detail::total;
  std::int64_t threads = 0;       // 0: one for each core
  std::int64_t memory_limit = 0;  // bytes of result and scratch together; 0: no limit

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything, base::at_least;
    visit("algorithm", self.algorithm, anything(), "how the matrix is computed; auto: with the least predicted time");
    visit("reduce", self.reduce, anything(),
          "rows: none (one for each output), coordinates (nL x nL) or sequence (n x n): of summed outputs");
    visit("detail", self.detail, anything(), "matrices beside the total: none, one for each layer or parameter block");
    visit("threads", self.threads, at_least(0), "number of worker threads; 0: all cores");
    visit("memory_limit", self.memory_limit, at_least(0).in("bytes"),
          "most memory for result and scratch, on each rank; 0: no limit");
  }
};

// Of the tangent kernel of an experiment: the section [kernel] of its file, the flags of `phaselaw kernel` and the
// arguments of phaselaw.kernel.
struct KernelTask : KernelOptions {
  Dtype dtype = Dtype::float64;
  std::string weights;
  bool spectrum_only = false;

  // The file, the program and Python have this limit where nobody gives another.
  static constexpr std::int64_t kMemoryLimit = std::int64_t{8} << 30;
  KernelTask() {
    detail = Detail::layers;
    memory_limit = kMemoryLimit;
  }

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything;
    KernelOptions::fields(self, visit);
    visit("dtype", self.dtype, anything(),
          "float32 takes half the time and memory, but cannot test positive definiteness");
    visit("weights", self.weights, anything(), "weights.safetensors of a trained model; default: the initialisation");
    visit("spectrum_only", self.spectrum_only, anything(),
          "matrix-free: extreme eigenvalues, trace and density with error bars; no matrix");
  }
};

}  // namespace phaselaw::kernel
