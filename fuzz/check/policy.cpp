#include "fuzz/check/policy.hpp"

#include <algorithm>
#include <ranges>
#include <utility>
#include <variant>
#include <vector>

namespace kvspec::fuzz {

namespace {

using S = Growing;

// Its caller names what it evicts.
bool evicts_by_name(const Command<S>& command) {
  return std::holds_alternative<EvictBlocks<S>>(command) || std::holds_alternative<ResetPrefixCache<S>>(command);
}

std::size_t num_copies(const StateDump<S>& state) {
  std::size_t copies = 0;
  for (auto entry = state.hashes.begin(); entry != state.hashes.end(); ++entry) {
    const auto is_same = [&](const auto& earlier) { return earlier.value == entry->value; };
    if (std::any_of(state.hashes.begin(), entry, is_same)) ++copies;
  }
  return copies;
}

bool is_kept(const OfBlock<BlockKey<S>>& entry, const StateDump<S>& state) {
  return std::ranges::find(state.hashes, entry) != state.hashes.end();
}

}  // namespace

Choice choice_of(const Command<Growing>& command, const StateDump<Growing>& before, const StateDump<Growing>& after) {
  if (num_copies(after) > num_copies(before)) return Choice::copy;
  if (evicts_by_name(command)) return Choice::none;
  const bool all_kept = std::ranges::all_of(before.hashes, [&](const auto& entry) { return is_kept(entry, after); });
  return all_kept ? Choice::none : Choice::victim;
}

void leave_out_names(Observation<Growing>& observation) {
  const auto forget = [](BlockList<S>& blocks) { std::ranges::fill(blocks, null_block); };
  if (auto* allocated = std::get_if<AllocateSlots<S>::Observation>(&observation); allocated && allocated->result) {
    std::ranges::for_each(*allocated->result, forget);
  }
  if (auto* taken = std::get_if<PoolGetNewBlocks<S>::Observation>(&observation)) forget(taken->blocks);
}

}  // namespace kvspec::fuzz
