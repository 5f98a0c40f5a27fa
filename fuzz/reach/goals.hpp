// Reachability goals: the special cases of the model that a run must have met before its agreement says anything about
// them. Each is seen from outside - in commands, answers and the model's state - so the model has no marks in it.
//
// tests/properties/reach_test.cpp holds the traffic of the scheduler to all of them, and fuzz/corpus/goals/ has a short
// input for each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spec/clauses.hpp"

namespace kvspec::fuzz {

// X(name, clause, sentence)
// clang-format off
#define KVSPEC_GOALS(X) \
  X(hit_full, look_03, "a hit in a full attention group") \
  X(hit_mla, look_03, "a hit in an MLA group") \
  X(hit_window, look_07, "a hit in a sliding-window group, behind null blocks") \
  X(hit_window_mla, look_07, "a hit in a sliding-window group over MLA, behind null blocks") \
  X(hit_window_left_end, look_08, "a hit in a window that is a run at the left end, shorter than the window") \
  X(hit_chunked, look_09, "a hit in a chunked group that ends in cached blocks") \
  X(hit_chunked_null, look_09, "a hit in a chunked group of null blocks alone") \
  X(hit_mamba_none, look_10, "a hit in a state-space group in the mode none") \
  X(hit_mamba_align, look_10, "a hit in a state-space group in the mode align") \
  X(hit_mamba_all, look_10, "a hit in a state-space group in the mode all") \
  X(hit_drops_last, look_04, "a single EAGLE group drops the last block of its hit") \
  X(hit_of_wide_blocks, hash_10, "a hit of blocks that span several hash blocks") \
  X(hit_of_duplicate, pool_09, "a hit of a key that holds several blocks") \
  X(hit_of_free_block, alloc_10, "a hit is taken whose block was in the free queue") \
  X(hit_of_used_block, pool_05, "a hit is taken whose block another request uses") \
  X(hit_skipped_at_once, alloc_10, "a hit is taken of which the group needs only the end") \
  X(hit_stale, alloc_04, "a passed hit is refused as stale") \
  X(look_up_not_read, look_02, "a request that never reads the cache looks up while its first block is cached") \
  X(specs_in_one_turn, look_12, "full attention and one other spec agree in one turn") \
  X(specs_agree_at_once, look_12, "no spec lowers the first hit of three specs or of two without full attention") \
  X(specs_lowered_again, look_12, "a second turn lowers the common length again") \
  X(full_not_repeated, look_13, "full attention is not looked up again in a second turn") \
  X(spec_drops_once, look_14, "in several groups a spec drops its last block and is verified") \
  X(spec_drops_again, look_14, "a verified spec has to drop again, as another lowered the length") \
  X(full_cut_to_common, look_15, "a hit of full attention is cut to the common length") \
  X(gate_refuses, alloc_07, "an allocation is refused at the gate alone") \
  X(gate_passes, alloc_07, "an allocation passes the gate") \
  X(refused, alloc_09, "an allocation is refused without a gate") \
  X(refused_after_freeing, alloc_09, "a refused allocation has freed skipped blocks") \
  X(waits_for_state, mamba_02, "a request waits for a state that is cached in the same step") \
  X(last_free_block, alloc_09, "an allocation takes the last free block") \
  X(oversized, alloc_19, "a sequence is refused that no empty pool could hold") \
  X(external_blocks, alloc_11, "external tokens get blocks") \
  X(external_skipped, alloc_11, "external tokens get no block, as all of them are skipped") \
  X(caching_delayed, cache_06, "a delayed allocation is cached later") \
  X(encoder_blocks, alloc_17, "a cross attention group gets blocks") \
  X(speculative_moved, mamba_05, "speculative blocks move behind the running state") \
  X(state_freed, free_09, "the state before the running one is freed") \
  X(cached_duplicate, pool_09, "a block is cached under a key that holds one already") \
  X(cached_masked, cache_08, "a window leaves a full block uncached that no hit needs") \
  X(cached_for_replay, cache_09, "a window keeps the blocks before the replay boundary only") \
  X(cached_unknown_group, event_06, "a block is cached in a group that does not exist") \
  X(evicted_for_reuse, pool_03, "a block loses its hash as it is allocated") \
  X(evicted_by_id, pool_11, "a block in use loses its hash by its id") \
  X(evicted_first_duplicate, pool_10, "the first of several blocks of a key is evicted") \
  X(evicted_later_duplicate, pool_10, "a block of a key is evicted that is not its first") \
  X(reset, pool_13, "a reset forgets cached blocks") \
  X(reset_refused, pool_13, "a reset is refused") \
  X(skipped_cached, free_07, "skipped blocks that are cached go to the tail of the queue") \
  X(skipped_uncached, free_07, "skipped blocks that are not cached go to the head of the queue") \
  X(freed_both_ends, free_08, "a request gives blocks to both ends of the queue") \
  X(freed_shared, pool_06, "a request lets go of a block that another one keeps") \
  X(common_prefix, free_05, "all requests share a block") \
  X(queue_emptied, pool_03, "the free queue becomes empty") \
  X(queue_appended_to_empty, pool_06, "a block is appended to the empty queue") \
  X(queue_appended, pool_06, "a block is appended behind others") \
  X(queue_prepended_to_empty, pool_07, "a block is put in front of the empty queue") \
  X(queue_prepended, pool_07, "a block is put in front of others") \
  X(queue_removed_only, pool_05, "the only block of the queue is touched") \
  X(queue_removed_head, pool_05, "the first block of the queue is touched") \
  X(queue_removed_middle, pool_05, "a block between two others of the queue is touched") \
  X(queue_removed_tail, pool_05, "the last block of the queue is touched") \
  X(queue_turned_over, pool_03, "as many blocks have left the head of the queue as there are") \
  X(preempted_counted, stat_01, "the look-up of a preempted request is counted") \
  X(event_run_parted, event_01, "one caching call emits several BlockStored of a group") \
  X(event_as_bytes, event_03, "an event shows a hash as bytes") \
  X(items_in_block, hash_07, "a block is announced with two multimodal items")
// clang-format on

enum class Goal : std::uint8_t {
#define KVSPEC_GOAL_ENUMERATOR(name, clause, sentence) name,
  KVSPEC_GOALS(KVSPEC_GOAL_ENUMERATOR)
#undef KVSPEC_GOAL_ENUMERATOR
};

struct GoalEntry {
  Goal goal;
  std::string_view name;
  Clause clause;
  std::string_view sentence;
};

inline constexpr std::array goal_registry{
#define KVSPEC_GOAL_ENTRY(name, clause, sentence) GoalEntry{Goal::name, #name, Clause::clause, sentence},
    KVSPEC_GOALS(KVSPEC_GOAL_ENTRY)
#undef KVSPEC_GOAL_ENTRY
};

// How often each goal was reached.
class Reached {
 public:
  void add(Goal goal) { ++counts_[static_cast<std::size_t>(goal)]; }
  void add(const Reached& other);
  std::uint64_t count(Goal goal) const { return counts_[static_cast<std::size_t>(goal)]; }
  // Which goals have been reached at least once.
  std::size_t num_reached() const;
  std::vector<Goal> missing() const;
  // "67 of 68 goals reached; never: hit_mla", one line without newline.
  std::string summary() const;
  // A line for each goal: how often, its name, its clause, its sentence.
  std::string table() const;

 private:
  std::array<std::uint64_t, goal_registry.size()> counts_{};
};

constexpr const GoalEntry& describe(Goal goal) { return goal_registry[static_cast<std::size_t>(goal)]; }
std::optional<Goal> find_goal(std::string_view name);

}  // namespace kvspec::fuzz
