// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

// MPI and ScaLAPACK behind an interface that names neither. The program does not link them; they are in a module,
// phaselaw_mpi.so, which is loaded only if there are several ranks (docs/decisions/018-*.md).
namespace phaselaw::ranks {

// A symmetric matrix of `n` rows in ScaLAPACK's two-dimensional block-cyclic layout: square blocks of `block` rows,
// dealt out over a grid of ranks. Rank r is at (r % grid_rows, r / grid_rows); it holds, column-major and without gaps,
// the block rows i and block columns j with i % grid_rows and j % grid_cols equal to its place.
struct Layout {
  std::int64_t n = 0, block = 1;
  int grid_rows = 1, grid_cols = 1;
};

inline constexpr std::size_t kMostBytesAtOnce = std::size_t{1} << 30;

class Engine {
 public:
  virtual ~Engine() = default;
  // The processes that were started together. Collective members must be called by all of them in the same order.
  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;
  // Every rank's text, on every rank. Collective.
  [[nodiscard]] virtual std::vector<std::string> gather(const std::string& mine) = 0;
  // Entry by entry the sum, or the largest, over the ranks; in place, on every rank. Collective.
  virtual void sum(std::span<double> values) = 0;
  virtual void largest(std::span<double> values) = 0;
  // Waits until the other side has the data, or until they have arrived.
  virtual void send(int to, const void* bytes, std::size_t count) = 0;
  virtual void receive(int from, void* bytes, std::size_t count) = 0;

  // Messages of at most kMostBytesAtOnce with a tag above 0, for which nobody waits; from any thread, by one at a time.
  // Starts to send; the bytes must stay until sent() of the ticket has been true, which it is once.
  [[nodiscard]] virtual int start_send(int to, int tag, const void* bytes, std::size_t count) = 0;
  [[nodiscard]] virtual bool sent(int ticket) = 0;
  // The next message from a rank with a tag, if one has arrived. std::runtime_error if it has more than `most` bytes.
  [[nodiscard]] virtual std::optional<std::string> take(int from, int tag, std::size_t most) = 0;

  // ScaLAPACK, collective; matrices are the rank's own part, of which the lower triangle is read. They return
  // ScaLAPACK's info, the same on every rank; std::runtime_error for failures of MPI.
  // Eigenvalues, ascending, on every rank (p?syev); destroys a.
  [[nodiscard]] virtual int eigenvalues(const Layout& layout, float* a, float* values) = 0;
  [[nodiscard]] virtual int eigenvalues(const Layout& layout, double* a, double* values) = 0;
  // The same with eigenvectors as columns of z, in the layout of a (pdsyevd); destroys a.
  [[nodiscard]] virtual int eigenvectors(const Layout& layout, double* a, double* values, double* z) = 0;
  // The same matrix in another layout (p?gemr2d).
  virtual void redistribute(const Layout& from, const float* a, const Layout& to, float* b) = 0;
  virtual void redistribute(const Layout& from, const double* a, const Layout& to, double* b) = 0;

  // Ends MPI; collective. Nothing but the destructor may be called afterwards.
  virtual void finish() = 0;
};

// Changes with Engine, so that a module of another program is refused.
inline constexpr int kEngineInterface = 3;
inline constexpr const char* kEngineSymbol = "phaselaw_mpi_engine";
inline constexpr const char* kEngineFile = "phaselaw_mpi.so";
using MakeEngine = Engine* (*)(int interface);

// Starts MPI, once per process. InputError, with the remedy, if this program was built without MPI, or if its module
// does not match or cannot be loaded.
[[nodiscard]] std::unique_ptr<Engine> start_engine();

}  // namespace phaselaw::ranks
