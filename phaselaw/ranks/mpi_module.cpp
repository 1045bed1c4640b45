// SPDX-License-Identifier: Apache-2.0
// The module phaselaw_mpi.so: the only code that includes MPI and calls ScaLAPACK.
#include <climits>
#include <new>
#include <numeric>
#include <stdexcept>

#include <mpi.h>

#include "phaselaw/ranks/engine.h"

namespace phaselaw::ranks {

namespace {

void require(int code, const char* what) {
  if (code != MPI_SUCCESS) throw std::runtime_error(std::string("MPI failed: ") + what);
}

class MpiEngine : public Engine {
 public:
  MpiEngine() {
    int provided = 0;
    require(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
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

  void finish() override { require(MPI_Finalize(), "MPI_Finalize"); }

 private:
  int rank_ = 0, size_ = 1;
};

}  // namespace

}  // namespace phaselaw::ranks

extern "C" __attribute__((visibility("default"))) phaselaw::ranks::Engine* phaselaw_mpi_engine(int interface) {
  return interface == phaselaw::ranks::kEngineInterface ? new phaselaw::ranks::MpiEngine() : nullptr;
}
