// A system with a bug put into it on purpose, to see that a farm finds it. The bugs are mistakes that can be made in
// front of any system: a command is passed on with something missing.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/result.hpp"

namespace kvspec::fuzz::farm {

enum class Bug : std::uint8_t { none, forgets_gate, loses_lookahead, spares_last_block, misses_step };

struct NamedBug {
  std::string_view name;
  Bug bug;
  std::string_view sentence;
};
inline constexpr std::array named_bugs{
    NamedBug{"gate", Bug::forgets_gate, "an allocation ignores that the whole sequence must fit"},
    NamedBug{"lookahead", Bug::loses_lookahead, "an allocation forgets the slots of the drafter"},
    NamedBug{"evict", Bug::spares_last_block, "an eviction passes over the last block that is listed"},
    NamedBug{"step", Bug::misses_step, "a state cached in an earlier step is still taken for one of this step"},
};

template <class S, class System>
class Planted : public System {
 public:
  Planted() = default;
  KVSPEC_EXEC constexpr explicit Planted(const System& system) : System(system) {}

  static KVSPEC_CALLS_HOST KVSPEC_EXEC constexpr Result<Planted> create(const Config<S>& config) {
    const Result<System> system = System::create(config);
    if (!system) return system.error();
    return Planted(system.value());
  }
  KVSPEC_EXEC constexpr void plant(Bug bug) { bug_ = bug; }

  using System::step;
  KVSPEC_CALLS_HOST KVSPEC_EXEC constexpr auto step(const AllocateSlots<S>& command) {
    if (bug_ != Bug::forgets_gate && bug_ != Bug::loses_lookahead) return System::step(command);
    AllocateSlots<S> wrong = command;
    if (bug_ == Bug::forgets_gate) wrong.full_sequence_must_fit = false;
    if (bug_ == Bug::loses_lookahead) wrong.num_lookahead_tokens = 0;
    return System::step(wrong);
  }
  KVSPEC_CALLS_HOST KVSPEC_EXEC constexpr auto step(const EvictBlocks<S>& command) {
    if (bug_ != Bug::spares_last_block || command.block_ids.empty()) return System::step(command);
    EvictBlocks<S> wrong = command;
    wrong.block_ids.pop_back();
    return System::step(wrong);
  }
  KVSPEC_CALLS_HOST KVSPEC_EXEC constexpr auto step(const NewStepStarts<S>& command) {
    if (bug_ == Bug::misses_step) return Result<Done>(Done{});
    return System::step(command);
  }

 private:
  Bug bug_ = Bug::none;
};

}  // namespace kvspec::fuzz::farm
