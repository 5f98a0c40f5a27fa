// A farm: many lanes at once (lane.hpp), on a device or on the threads of the host. What a run meets follows from the
// seed and its number alone, so whatever is found is repeated from those (replay.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/disagreement.hpp"
#include "fuzz/farm/coverage.hpp"
#include "fuzz/farm/lane.hpp"
#include "fuzz/farm/setting.hpp"
#include "fuzz/farm/storage.hpp"
#include "impl/cuda/device.hpp"
#include "spec/clauses.hpp"
#include "spec/config.hpp"
#include "spec/result.hpp"

namespace kvspec::fuzz::farm {

// The first run that shows a difference of this kind; of an invariant, this invariant.
struct Find {
  Disagreement kind = Disagreement::creation;
  std::optional<Clause> invariant{};
  std::uint64_t run = 0;
  std::uint32_t command = 0;  // its number in the run, from 0
};

struct Harvest {
  std::uint64_t asked = 0;  // runs of the batch
  Totals totals{};
  std::vector<Find> finds{};  // by kind, each once
};

// Beats of a run at most: the number of a command is to fit into 16 bits.
inline constexpr std::uint32_t most_beats = 30000;
// Runs are numbered below this.
inline constexpr std::uint64_t most_runs = std::uint64_t{1} << 47;

// While the last runs of a batch end, those of the next one take the places on the device that become free.
inline constexpr std::uint32_t most_batches_under_way = 2;

class Farm {
 public:
  // Whether this build has the farm's kernel. The device layer may have been compiled by nvcc where the farm was not.
  static bool built_for_device();

  // Gets ready. `threads`: of the host, at least 1. To be called first, once. DEVICE-01 .. DEVICE-05.
  Result<Done> open(cuda::Place place, std::uint64_t seed, Semantics semantics, std::uint32_t threads);

  // Asks for the runs first .. first + count - 1, and does not wait for them. Precondition: fewer than
  // most_batches_under_way batches are under way, rules.beats <= most_beats, runs below most_runs.
  void begin(const Rules& rules, std::uint64_t first, std::uint64_t count);
  // What came of the batch that was begun first of those under way. Precondition: there is one.
  Result<Harvest> finish();
  // Both at once.
  Result<Harvest> perform(const Rules& rules, std::uint64_t first, std::uint64_t count);
  std::uint32_t batches_under_way() const { return begun_ - finished_; }

  // What a thread of a device has in its memory.
  struct Bytes {
    std::size_t model = 0;
    std::size_t small = 0;  // the small manager
    std::size_t lane = 0;   // both, the caller, and what else the run takes
  };
  static Bytes bytes_of_run();

  // Runs that are a batch of a good size.
  std::uint64_t batch() const;

 private:
  struct Batch {
    cuda::Stream stream{};
    cuda::Buffer<std::uint64_t> tallies{};  // on a device: totals, then a slot per kind of find
    Rules rules{};
    std::uint64_t first = 0;
    std::uint64_t count = 0;
  };

  std::vector<Setting<Storage>> settings_;
  cuda::Buffer<std::byte> starts_;  // on a device: where the runs of each setting start
  std::array<Batch, most_batches_under_way> batches_;
  std::uint32_t begun_ = 0;
  std::uint32_t finished_ = 0;
  std::uint32_t threads_ = 1;
};

}  // namespace kvspec::fuzz::farm
