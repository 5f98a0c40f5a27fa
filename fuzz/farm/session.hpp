// A farm session: batches of runs until the time or the runs are used up or a difference is found, which is then seen
// again on the host, shrunk and printed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/expected.hpp"
#include "fuzz/farm/farm.hpp"
#include "fuzz/farm/planted.hpp"
#include "fuzz/farm/replay.hpp"
#include "fuzz/report.hpp"
#include "impl/cuda/device.hpp"
#include "spec/config.hpp"

namespace kvspec::fuzz::farm {

struct FarmOptions {
  cuda::Place place = cuda::Place::host;
  std::optional<double> seconds{};
  std::optional<std::uint64_t> runs{};
  std::optional<std::uint64_t> run{};  // this one alone, on the host
  std::uint32_t beats = 512;
  std::optional<std::uint64_t> seed{};   // absent: one is chosen, and printed
  std::optional<Semantics> semantics{};  // absent: sound
  std::uint32_t threads = 0;             // of the host; 0: as many as it has
  Bug bug = Bug::none;
  std::string trace_dir = ".";
};

// What is wrong with what came of a batch, if not all of its runs were performed; empty if nothing is.
std::string shortfall(const Harvest& harvest);
// Why a farm cannot be opened, in words.
std::string absence_of_farm(cuda::Place place, const Error& error);

class FarmSession {
 public:
  explicit FarmSession(const FarmOptions& options);

  // Returns the exit code.
  int perform();

 private:
  int perform_one(std::uint64_t run);
  // Looks at what a batch found; false if the session is over.
  bool explain(const std::vector<Find>& finds);
  bool explain(const Find& find);
  // Whether a deviation that has not been seen yet can be behind the find.
  bool may_be_new(const Find& find, const Config<Growing>& config);
  void show(const Failure& failure, const Find& find, std::size_t commands_before, const std::string& name) const;
  // What the lane shows and the host's lockstep does not.
  void show_unshared(const Repeated& repeated, const Find& find) const;
  // Writes the trace, and prints where and how to see the run again.
  void save(const Failure& failure, const Find& find, const std::string& name) const;
  bool more() const;
  double seconds() const;
  void show_progress();
  void summarise() const;

  const FarmOptions& options_;
  Semantics semantics_;
  Rules rules_;
  Totals totals_{};
  double seconds_of_runs_ = 0;  // in which some were under way
  std::vector<Breach> seen_;
  std::vector<Clause> tries_;  // an entry per find of the invariant that was looked at in vain
  std::uint64_t next_run_ = 0;
  std::chrono::steady_clock::time_point start_;
  double next_progress_ = 0;
};

}  // namespace kvspec::fuzz::farm
