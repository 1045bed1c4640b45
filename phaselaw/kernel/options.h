// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "phaselaw/base/fields.h"
#include "phaselaw/base/memory.h"

// Options of the tangent kernel: what is computed, and how.
namespace phaselaw::kernel {

// automatic   the choice of the planner: the least predicted time
// sandwich    K_ab = B_a C_ab B_b^T, local kernels in closed form; no Jacobian is formed
// jacobian    J in slabs of parameters, then J J^T: for few rows, or very small layers
// token_dual  sum_ts (g_at . g_bs) <signal_at, signal_bs>: Gram of features times Gram of signals
// recursion   Theta^nu = T Theta^(nu-1) T^T + C^nu from the first layer up: only the sum over layers; long sequences
// vjp         J by one vector-Jacobian product per row, then J J^T: any block, also without closed forms; slow
enum class Algorithm { automatic, sandwich, jacobian, token_dual, recursion, vjp };

// Rows of the kernel per sequence. none: token x output coordinate; coordinates: token, the kernel of
// sum_i F_ti; sequence: one, the kernel of sum_ti F_ti.
enum class Reduce { none, coordinates, sequence };

// Matrices returned in addition to the total: none | one per layer (+ embed, out) | one per parameter block.
enum class Detail { total, layers, blocks };

// The precision of the model, the matrices and their eigenvalues.
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

// Inline: code that only reads an experiment file needs these names and nothing else of this layer.
[[nodiscard]] inline base::EnumNames<Algorithm> enum_names(Algorithm) { return option_names::kAlgorithms; }
[[nodiscard]] inline base::EnumNames<Reduce> enum_names(Reduce) { return option_names::kReductions; }
[[nodiscard]] inline base::EnumNames<Detail> enum_names(Detail) { return option_names::kDetails; }
[[nodiscard]] inline base::EnumNames<Dtype> enum_names(Dtype) { return option_names::kDtypes; }

// Options of the dense kernel.
struct KernelOptions {
  Algorithm algorithm = Algorithm::automatic;
  Reduce reduce = Reduce::none;
  Detail detail = Detail::total;
  std::int64_t threads = 0;       // 0: one per core
  std::int64_t memory_limit = 0;  // bytes of result and scratch together; 0: no limit

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything, base::at_least;
    visit("algorithm", self.algorithm, anything(),
          "algorithm that computes the matrix; auto: the one with the least predicted time");
    visit(
        "reduce", self.reduce, anything(),
        "rows of the kernel: none (one for each output), coordinates (nL x nL, outputs summed over coordinates) or sequence (n x n, outputs summed over the sequence)");
    visit("detail", self.detail, anything(),
          "matrices in addition to the total: none, one for each layer, or one for each parameter block");
    visit("threads", self.threads, at_least(0), "number of worker threads; 0: all cores");
    visit("memory_limit", self.memory_limit, at_least(0).in("bytes"),
          "largest memory of this command, on each rank: result and scratch; 0: no limit");
  }
};

// Options of the tangent kernel of an experiment: the section [kernel] of its file, the flags of `phaselaw kernel` and
// the arguments of phaselaw.kernel.
struct KernelTask : KernelOptions {
  Dtype dtype = Dtype::float64;
  std::string weights;
  bool spectrum_only = false;

  KernelTask() {
    detail = Detail::layers;
    memory_limit = base::kMemoryLimit;  // of the file, the program and Python
  }

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything;
    KernelOptions::fields(self, visit);
    visit("dtype", self.dtype, anything(),
          "precision; float32 needs half the time and memory, but cannot test positive definiteness");
    visit("weights", self.weights, anything(), "weights.safetensors of a trained model (default: the initialisation)");
    visit("spectrum_only", self.spectrum_only, anything(),
          "compute extreme eigenvalues, trace and density with error bars without the matrix");
  }
};

}  // namespace phaselaw::kernel
