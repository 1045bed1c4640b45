// SPDX-License-Identifier: Apache-2.0
// The module phaselaw_mpi.so: the only code that includes MPI and calls ScaLAPACK.
#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <stdexcept>

#include <mpi.h>

#include "phaselaw/ranks/engine.h"

// BLACS's and ScaLAPACK's own names and conventions (32-bit integers, Fortran).
extern "C" {
void Cblacs_get(int context, int what, int* value);
void Cblacs_gridinit(int* context, const char* order, int rows, int cols);
void Cblacs_gridexit(int context);
int numroc_(const int* n, const int* block, const int* place, const int* first, const int* places);
void descinit_(int* descriptor, const int* m, const int* n, const int* mb, const int* nb, const int* row,
               const int* col, const int* context, const int* leading, int* info);
#define PHASELAW_DECLARE(S, T)                                                                                  \
  void p##S##syev_(const char* job, const char* triangle, const int* n, T* a, const int* ia, const int* ja,     \
                   const int* da, T* values, T* z, const int* iz, const int* jz, const int* dz, T* work,        \
                   const int* lwork, int* info);                                                                \
  void p##S##syevd_(const char* job, const char* triangle, const int* n, T* a, const int* ia, const int* ja,    \
                    const int* da, T* values, T* z, const int* iz, const int* jz, const int* dz, T* work,       \
                    const int* lwork, int* iwork, const int* liwork, int* info);                                \
  void p##S##gemr2d_(const int* m, const int* n, const T* a, const int* ia, const int* ja, const int* da, T* b, \
                     const int* ib, const int* jb, const int* db, const int* context);
PHASELAW_DECLARE(s, float)
PHASELAW_DECLARE(d, double)
#undef PHASELAW_DECLARE
}

namespace phaselaw::ranks {

namespace {

constexpr int kOne = 1, kZero = 0;

// The same routine by type.
template <class T>
struct Scalapack;
#define PHASELAW_NAME(S, T)                       \
  template <>                                     \
  struct Scalapack<T> {                           \
    static constexpr auto syev = p##S##syev_;     \
    static constexpr auto syevd = p##S##syevd_;   \
    static constexpr auto gemr2d = p##S##gemr2d_; \
  };
PHASELAW_NAME(s, float)
PHASELAW_NAME(d, double)
#undef PHASELAW_NAME

// A BLACS grid of all ranks, and descriptors of matrices on it.
class Grid {
 public:
  explicit Grid(const Layout& layout, int rank)
      : layout_(layout), row_(rank % layout.grid_rows), col_(rank / layout.grid_rows) {
    Cblacs_get(-1, 0, &context_);
    Cblacs_gridinit(&context_, "Col", layout.grid_rows, layout.grid_cols);
  }
  ~Grid() { Cblacs_gridexit(context_); }
  Grid(const Grid&) = delete;
  Grid& operator=(const Grid&) = delete;

  struct Descriptor {
    int entries[9];
  };
  // The descriptor of a matrix with `cols` columns; by default the layout's n.
  [[nodiscard]] Descriptor descriptor(int cols = 0) const {
    const int n = size(), block = static_cast<int>(layout_.block), columns = cols > 0 ? cols : n;
    const int leading = std::max(1, own_rows());
    Descriptor d{};
    int info = 0;
    descinit_(d.entries, &n, &columns, &block, &block, &kZero, &kZero, &context_, &leading, &info);
    if (info != 0) throw std::runtime_error("ScaLAPACK refused a matrix's layout");
    return d;
  }
  [[nodiscard]] int size() const { return static_cast<int>(layout_.n); }
  [[nodiscard]] int own_rows() const { return own(row_, layout_.grid_rows); }
  [[nodiscard]] int own_cols() const { return own(col_, layout_.grid_cols); }
  [[nodiscard]] int row() const { return row_; }
  [[nodiscard]] int col() const { return col_; }
  [[nodiscard]] int context() const { return context_; }
  // The row of the matrix that is the rank's row i.
  [[nodiscard]] std::int64_t global_row(int i) const {
    return (i / layout_.block * layout_.grid_rows + row_) * layout_.block + i % layout_.block;
  }

 private:
  [[nodiscard]] int own(int place, int places) const {
    const int n = size(), block = static_cast<int>(layout_.block);
    return numroc_(&n, &block, &place, &kZero, &places);
  }
  Layout layout_;
  int row_, col_, context_ = 0;
};

void require(int code, const char* what) {
  if (code != MPI_SUCCESS) throw std::runtime_error(std::string("MPI failed: ") + what);
}

class MpiEngine : public Engine {
 public:
  MpiEngine() {
    int provided = 0;
    require(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided), "MPI_Init_thread");
    serialized_ = provided >= MPI_THREAD_SERIALIZED;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  std::vector<std::string> gather(const std::string& mine) override {
    const auto count = static_cast<std::size_t>(size_);
    std::vector<int> lengths(count), starts(count);
    const int length = static_cast<int>(mine.size());
    require(MPI_Allgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, MPI_COMM_WORLD), "MPI_Allgather");
    std::exclusive_scan(lengths.begin(), lengths.end(), starts.begin(), 0);
    std::string all(static_cast<std::size_t>(starts.back() + lengths.back()), '\0');
    require(MPI_Allgatherv(mine.data(), length, MPI_CHAR, all.data(), lengths.data(), starts.data(), MPI_CHAR,
                           MPI_COMM_WORLD),
            "MPI_Allgatherv");
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i)
      texts.push_back(all.substr(static_cast<std::size_t>(starts[i]), static_cast<std::size_t>(lengths[i])));
    return texts;
  }

  void sum(std::span<double> values) override { reduce(values, MPI_SUM); }
  void largest(std::span<double> values) override { reduce(values, MPI_MAX); }

  void send(int to, const void* bytes, std::size_t count) override {
    for_pieces(count, [&](std::size_t start, int length) {
      require(MPI_Ssend(static_cast<const char*>(bytes) + start, length, MPI_BYTE, to, 0, MPI_COMM_WORLD), "MPI_Ssend");
    });
  }
  void receive(int from, void* bytes, std::size_t count) override {
    for_pieces(count, [&](std::size_t start, int length) {
      require(MPI_Recv(static_cast<char*>(bytes) + start, length, MPI_BYTE, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE),
              "MPI_Recv");
    });
  }

  int start_send(int to, int tag, const void* bytes, std::size_t count) override {
    if (!serialized_) throw std::runtime_error("this MPI works in the main thread only; use --transport tcp");
    const int ticket = next_ticket_++;
    MPI_Request& request = requests_[ticket];
    require(MPI_Isend(bytes, static_cast<int>(count), MPI_BYTE, to, tag, MPI_COMM_WORLD, &request), "MPI_Isend");
    return ticket;
  }
  bool sent(int ticket) override {
    int done = 0;
    require(MPI_Test(&requests_.at(ticket), &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done != 0) requests_.erase(ticket);
    return done != 0;
  }
  std::optional<std::string> take(int from, int tag, std::size_t most) override {
    int there = 0, count = 0;
    MPI_Status status;
    require(MPI_Iprobe(from, tag, MPI_COMM_WORLD, &there, &status), "MPI_Iprobe");
    if (there == 0) return std::nullopt;
    require(MPI_Get_count(&status, MPI_BYTE, &count), "MPI_Get_count");
    if (count < 0 || static_cast<std::size_t>(count) > most)
      throw std::runtime_error("a message between ranks is longer than announced");
    std::string bytes(static_cast<std::size_t>(count), '\0');
    require(MPI_Recv(bytes.data(), count, MPI_BYTE, from, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE), "MPI_Recv");
    return bytes;
  }

  int eigenvalues(const Layout& layout, float* a, float* values) override { return syev(layout, a, values); }
  int eigenvalues(const Layout& layout, double* a, double* values) override { return syev(layout, a, values); }
  int eigenvectors(const Layout& layout, double* a, double* values, double* z) override {
    const Grid grid(layout, rank_);
    const auto d = grid.descriptor();
    const int n = grid.size(), query = -1;
    double wanted = 0;
    int wanted_integers = 0, info = 0;
    const auto call = [&](double* work, int lwork, int* integers, int liwork) {
      pdsyevd_("V", "L", &n, a, &kOne, &kOne, d.entries, values, z, &kOne, &kOne, d.entries, work, &lwork, integers,
               &liwork, &info);
    };
    call(&wanted, query, &wanted_integers, query);
    // pdsyevd may request too little workspace for pdormtr and ignores the refusal of pdormtr: it then returns the
    // eigenvectors of the tridiagonal matrix with info = 0. So the need of pdormtr, and of what is stored before it, is
    // added.
    const double block = static_cast<double>(layout.block);
    wanted += block * (grid.own_rows() + grid.own_cols() + 2 * block) + 4.0 * n;
    if (wanted > std::numeric_limits<int>::max()) throw std::runtime_error("pdsyevd needs more than 2^31 numbers");
    std::vector<double> work(static_cast<std::size_t>(wanted));
    std::vector<int> integers(static_cast<std::size_t>(wanted_integers));
    call(work.data(), static_cast<int>(work.size()), integers.data(), wanted_integers);
    // If n is one block, only its owner has it.
    require(MPI_Bcast(values, n, MPI_DOUBLE, 0, MPI_COMM_WORLD), "MPI_Bcast");
    return info;
  }

  void redistribute(const Layout& from, const float* a, const Layout& to, float* b) override { gemr2d(from, a, to, b); }
  void redistribute(const Layout& from, const double* a, const Layout& to, double* b) override {
    gemr2d(from, a, to, b);
  }

  void finish() override { require(MPI_Finalize(), "MPI_Finalize"); }

 private:
  // MPI counts in 32-bit integers.
  template <class Do>
  static void for_pieces(std::size_t count, Do&& piece) {
    constexpr std::size_t kPiece = std::size_t{1} << 30;
    for (std::size_t start = 0; start < count; start += kPiece)
      piece(start, static_cast<int>(std::min(kPiece, count - start)));
  }
  static void reduce(std::span<double> values, MPI_Op operation) {
    require(MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_DOUBLE, operation,
                          MPI_COMM_WORLD),
            "MPI_Allreduce");
  }

  template <class T>
  int syev(const Layout& layout, T* a, T* values) {
    const Grid grid(layout, rank_);
    const auto d = grid.descriptor();
    const int n = grid.size();
    T wanted = 0, none = 0;
    int info = 0;
    const auto call = [&](T* work, int lwork) {
      Scalapack<T>::syev("N", "L", &n, a, &kOne, &kOne, d.entries, values, &none, &kOne, &kOne, d.entries, work, &lwork,
                         &info);
    };
    call(&wanted, -1);
    // The size is returned in T, which may have rounded it down.
    std::vector<T> work(static_cast<std::size_t>(wanted) + static_cast<std::size_t>(wanted) / 1024 + 64);
    call(work.data(), static_cast<int>(work.size()));
    return info;
  }

  template <class T>
  void gemr2d(const Layout& from, const T* a, const Layout& to, T* b) {
    const Grid source(from, rank_), target(to, rank_);
    const auto d = source.descriptor(), e = target.descriptor();
    const int n = source.size(), context = source.context();
    Scalapack<T>::gemr2d(&n, &n, a, &kOne, &kOne, d.entries, b, &kOne, &kOne, e.entries, &context);
  }

  int rank_ = 0, size_ = 1, next_ticket_ = 0;
  bool serialized_ = false;
  std::map<int, MPI_Request> requests_;  // under way, by ticket
};

}  // namespace

}  // namespace phaselaw::ranks

extern "C" __attribute__((visibility("default"))) phaselaw::ranks::Engine* phaselaw_mpi_engine(int interface) {
  return interface == phaselaw::ranks::kEngineInterface ? new phaselaw::ranks::MpiEngine() : nullptr;
}
