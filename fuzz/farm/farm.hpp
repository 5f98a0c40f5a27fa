// A farm: many lanes at once (lane.hpp), on a device or on the threads of the host. What a run meets follows from the
// seed and its number alone, so whatever is found is repeated from those (replay.hpp).
#pragma once

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
  Totals totals{};
  std::vector<Find> finds{};  // by kind, each once
};

// Beats of a run at most: the number of a command is to fit into 16 bits.
inline constexpr std::uint32_t most_beats = 30000;
// Runs are numbered below this.
inline constexpr std::uint64_t most_runs = std::uint64_t{1} << 47;

class Farm {
 public:
  // Whether this build has the farm's kernel. The device layer may have been compiled by nvcc where the farm was not.
  static bool built_for_device();

  // Gets ready. `threads`: of the host, at least 1. To be called first, once. DEVICE-01 .. DEVICE-05.
  Result<Done> open(cuda::Place place, std::uint64_t seed, Semantics semantics, std::uint32_t threads);

  // Runs first .. first + count - 1. Precondition: rules.beats <= most_beats, runs below most_runs.
  Result<Harvest> perform(const Rules& rules, std::uint64_t first, std::uint64_t count);

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
  cuda::Stream stream_;
  std::vector<Setting<Storage>> settings_;
  cuda::Buffer<std::byte> starts_;       // on a device: where the runs of each setting start
  cuda::Buffer<std::uint64_t> tallies_;  // totals, then a slot per kind of find
  std::uint32_t threads_ = 1;
};

}  // namespace kvspec::fuzz::farm
