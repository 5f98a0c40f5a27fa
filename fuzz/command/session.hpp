// A lockstep session: runs one after another until the time or the operations are used up or a difference is found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/command/non_theorem_log.hpp"
#include "fuzz/command/progress.hpp"
#include "fuzz/model_host.hpp"
#include "fuzz/reach/goals.hpp"
#include "fuzz/scenario.hpp"
#include "fuzz/sketch.hpp"
#include "fuzz/traffic.hpp"
#include "spec/config.hpp"

namespace kvspec::fuzz {

struct LockstepOptions {
  std::optional<double> seconds{};
  std::optional<std::uint64_t> operations{};
  std::optional<std::uint64_t> seed{};   // absent: one is chosen, and printed
  std::optional<Semantics> semantics{};  // absent: sound
  ClauseSet tolerate{};                  // invariants that may be broken from the start
  std::string preset = "all";
  Implementation on = Implementation::host;  // what stands against the model
  std::string trace_dir = ".";
  bool goals = false;  // show how often each reachability goal was reached
};

class Session {
 public:
  explicit Session(const LockstepOptions& options);

  // Returns the exit code.
  int run();

 private:
  struct Run {
    const Preset* preset = nullptr;
    std::uint64_t seed = 0;
    std::uint64_t operations = 0;
    bool looks_out = true;  // for goals
  };

  bool more() const;
  std::uint64_t next_operations() const;
  // Performs a run; false if it shows a difference.
  bool perform(const Run& run);
  // Whether a violation is one that a deviation makes, or follows from one; sets `new_one` if it has not been seen
  // before and the run can go on behind it.
  bool is_expected(const Run& run, const Scenario& scenario, const Counterexample& found, bool& new_one);
  void explain_difference(const Run& run, const Scenario& scenario, const Counterexample& first_seen) const;
  // The run again, with its commands recorded and the views compared each time.
  Outcome repeat(const Run& run, const Scenario& scenario, Commands& commands) const;
  Origin origin_of(const Run& run, const Scenario& scenario) const;
  ClauseSet tolerated(const Scenario& scenario) const;
  void save(const Failure& failure, Origin& origin, const std::string& name) const;

  const LockstepOptions& options_;
  std::uint64_t seed_;
  Semantics semantics_;
  std::vector<const Preset*> chosen_;
  std::uint64_t performed_ = 0;  // operations of runs, each counted once however often it was repeated
  Traffic traffic_;
  Sketch sketch_;
  Reached reached_;
  Progress progress_;
  NonTheoremLog log_;
};

}  // namespace kvspec::fuzz
