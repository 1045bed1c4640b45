// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "phaselaw/laws/expression.h"
#include "phaselaw/tables/columns.h"

// An expression bound to columns: its value and its derivatives with respect to the free parameters, for many rows.
//
// Forward accumulation over the expression's operations, in blocks of rows: each operation carries one derivative for
// each free parameter that it depends on. Expressions of columns alone, and the logarithms of columns that are raised
// to a power, are computed once, here. Accuracy: that of the operations in double. Cost: about 1 ns for each row and
// elementary operation or derivative, 2 to 5 ns for each exp or log. The result for a row does not depend on its
// neighbours, on threads or on memory alignment, because all rows use the same vector instructions.
namespace phaselaw::laws {

// Buffers of Evaluator::evaluate, to be reused between calls.
struct EvaluatorWorkspace {
  std::vector<double> numbers;
  double* aligned = nullptr;  // the first of numbers on a 64-byte boundary
  std::vector<const double*> value, log,
      dot;  // positions of each step's numbers in the current block; dot: by parameter
};

class Evaluator {
 public:
  // `fixed[p]`: the value of a fixed parameter. InputError for a missing column.
  Evaluator(const Expression& expression, const tables::Columns& columns,
            const std::vector<std::optional<double>>& fixed = {});

  [[nodiscard]] std::size_t n_rows() const { return n_rows_; }
  [[nodiscard]] std::size_t n_free() const { return free_.size(); }
  [[nodiscard]] const std::vector<std::size_t>& free() const { return free_; }  // parameters' indices

  // The law at `rows` (empty: all) for free parameters in the order of free(). derivative: rows x n_free, row-major, or
  // empty. Thread-safe with a workspace for each thread. NaN if an operation is not defined.
  void evaluate(std::span<const std::size_t> rows, std::span<const double> parameters, std::span<double> value,
                std::span<double> derivative, EvaluatorWorkspace& workspace) const;
  // The logarithm of the value, and its derivatives multiplied by chain[p], for other coordinates.
  void evaluate_log(std::span<const std::size_t> rows, std::span<const double> parameters,
                    std::span<const double> chain, std::span<double> value, std::span<double> derivative,
                    EvaluatorWorkspace& workspace) const;
  // The same at the value.size() rows from `first` on, so that threads can share all rows.
  void evaluate_log_from(std::size_t first, std::span<const double> parameters, std::span<const double> chain,
                         std::span<double> value, std::span<double> derivative, EvaluatorWorkspace& workspace) const;

 private:
  static constexpr std::size_t kBlock = 256;
  static constexpr std::size_t kLanes = 8;  // widths are rounded up to whole vectors
  struct Step {
    Op op = Op::number;
    int left = -1, right = -1;
    std::uint32_t mask = 0;        // free parameters it depends on
    bool by_row = false;           // depends on columns
    std::size_t parameter = 0;     // of Op::parameter, in the order of free()
    std::vector<double> constant;  // if mask = 0: its values, of all rows or kBlock equal ones
    std::vector<double> log;       // its logarithms, if it is raised to a power
    // Positions in the workspace: value and two factors (or a gathered constant and its logarithm); by parameter.
    std::size_t value_at = 0;
    std::vector<std::size_t> dot_at;
  };
  void add_step(const Node& node, const std::vector<std::vector<double>>& columns,
                const std::vector<std::optional<double>>& fixed);
  static std::size_t padded(std::size_t n) { return (n + kLanes - 1) / kLanes * kLanes; }
  static void reserve(EvaluatorWorkspace& at, std::size_t numbers);
  void fold(std::size_t i);
  void lay_out(std::size_t i);
  void compute(std::size_t i, std::size_t width, bool derivatives, EvaluatorWorkspace& at) const;
  void differentiate(std::size_t i, std::size_t width, EvaluatorWorkspace& at) const;
  void place_parameters(std::span<const double> parameters, std::size_t width, bool derivatives,
                        EvaluatorWorkspace& at) const;
  // What is evaluated: the rows that `list` names, or the n rows from `first` on if it is empty.
  struct Chosen {
    std::span<const std::size_t> list;
    std::size_t first = 0, n = 0;
  };
  [[nodiscard]] Chosen chosen(std::span<const std::size_t> rows) const {
    return {rows, 0, rows.empty() ? n_rows_ : rows.size()};
  }
  template <class Emit>
  void for_blocks(const Chosen& rows, std::span<const double> parameters, bool derivatives,
                  EvaluatorWorkspace& workspace, const Emit& emit) const;
  void place_constants(const Chosen& rows, std::size_t begin, std::size_t width, EvaluatorWorkspace& at) const;
  void logs_at(const Chosen& rows, std::span<const double> parameters, std::span<const double> chain,
               std::span<double> value, std::span<double> derivative, EvaluatorWorkspace& workspace) const;

  std::vector<Step> steps_;
  std::vector<std::size_t> free_;
  std::size_t root_ = 0, n_rows_ = 0, workspace_size_ = 0;
};

}  // namespace phaselaw::laws
