// The watch: the invariants that are about more than one state. It is told every command of one system with what the
// command returned, may read the system after it, and says which invariant is broken, if one is.
//
// Each of its observers keeps a small story of its own - what every block holds, what a consumer of the events knows,
// what the statistics should be - and compares the system with it. Block tables, cached counts, reference counts and
// which blocks have which hash are read from the system (fuzz/watch/inspected.hpp); what blocks hold is not, it follows
// from commands and tables. The work per command is linear in the blocks and tokens that the command names.
//
// Where two systems give the same answers one watch is enough for both.
//
// What it does not do: invariants of single states (spec/invariants.hpp), and commands that fail, which change nothing.
#pragma once

#include <memory>

#include "fuzz/watch/inspected.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/invariants.hpp"
#include "spec/result.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

class PageObserver;

class Watch {
 public:
  // Precondition: validate(config) accepts it. `pages`: see PageObserver; it outlives this.
  explicit Watch(const Config<Growing>& config, PageObserver* pages = nullptr);
  Watch(Watch&&) noexcept;
  Watch& operator=(Watch&&) noexcept;
  ~Watch();

  // An invariant that the command breaks, the first that is found. `system` is in the state after the command. A
  // violation's `request` points into the watch or the system and is valid until the next command. The watch goes on
  // after a violation; what follows from it may then be found as well.
  template <class T, class C>
  Finding saw(const T& system, const C& command, const Result<typename C::Observation>& result) {
    return observe(InspectedSystem<T>(system), command, result);
  }

 private:
  template <class C>
  Finding observe(const Inspected& system, const C& command, const Result<typename C::Observation>& result);

  class Observers;
  std::unique_ptr<Observers> observers_;
};

}  // namespace kvspec::fuzz
