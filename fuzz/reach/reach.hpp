// Looks on while the model performs commands, and enters each goal that it sees reached. It reads the model's state
// (fuzz/ may know the model), remembers the one before, and asks the model itself where it wants to know what would
// have been: a model is a value, so a copy can be asked.
#pragma once

#include <cstdint>
#include <vector>

#include "fuzz/reach/goals.hpp"
#include "model/manager.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/result.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

class Reach {
 public:
  using Model = model::HostModel;

  // `reached` outlives the observer.
  explicit Reach(Reached& reached) : reached_(&reached) {}

  // A run begins: a fresh manager of an accepted configuration.
  void begins(const Model& model) { remember(model); }

  // The model has answered the command and is in the state after it.
  template <class C>
  void saw(const Model& model, const C& command, const Result<typename C::Observation>& result) {
    if (!result) return see_error(result.error());
    look(model);
    see(model, command, result.value());
    see_blocks(model, command);
    std::swap(before_, now_);
  }

 private:
  using S = Growing;

  struct BlockSeen {
    Count ref_cnt = 0;
    std::uint32_t place = 0;   // in the free queue, from 1; 0: not in it
    std::uint32_t rank = 0;    // under its key, from 1; 0: it has no hash
    std::uint32_t of_key = 0;  // blocks under its key
    GroupId group = 0;         // of its key
  };
  struct Snapshot {
    std::vector<BlockSeen> blocks;
    std::vector<BlockId> queue;
  };

  void remember(const Model& model);
  void look(const Model& model);
  void see_error(const Error& error);
  template <class C>
  void see(const Model&, const C&, const typename C::Observation&) {}
  void see(const Model& model, const GetComputedBlocks<S>& c, const GetComputedBlocks<S>::Observation& seen);
  void see(const Model& model, const AllocateSlots<S>& c, const AllocateSlots<S>::Observation& seen);
  void see(const Model& model, const CacheBlocks<S>& c, const Done& seen);
  void see(const Model& model, const Free<S>& c, const Free<S>::Observation& seen);
  void see(const Model& model, const RemoveSkippedBlocks<S>& c, const Free<S>::Observation& seen);
  void see(const Model& model, const EvictBlocks<S>& c, const Done& seen);
  void see(const Model& model, const ResetPrefixCache<S>& c, const ResetPrefixCache<S>::Observation& seen);
  void see(const Model& model, const TakeEvents<S>& c, const TakeEvents<S>::Observation& seen);
  void see(const Model& model, const GetNumCommonPrefixBlocks<S>& c, const GetNumCommonPrefixBlocks<S>::Observation& o);
  void see(const Model& model, const TakeStats<S>& c, const PrefixCacheStats& seen);
  void see(const Model& model, const PoolGetNewBlocks<S>& c, const PoolGetNewBlocks<S>::Observation& seen);
  void see(const Model& model, const PoolTouch<S>& c, const Done& seen);
  void see(const Model& model, const PoolFreeBlocks<S>& c, const Free<S>::Observation& seen);

  template <class C>
  void see_blocks(const Model& model, const C&) {
    see_hashes(model);
    see_queue();
  }
  void see_hashes(const Model& model);
  void see_queue();
  void see_hit_of_group(const Model& model, const model::Group<S>& group, const BlockList<S>& hit);
  void see_agreement(const Model& model, const model::Request<S>& request);
  void see_refusal(const Model& model, const AllocateSlots<S>& c);
  void see_grant(const Model& model, const AllocateSlots<S>& c, const BlockTables<S>& added);
  void see_taken_hit(const model::Group<S>& group, const model::BlockTable<S>& table, const BlockList<S>& hit);
  void see_external(const model::Group<S>& group, const model::BlockTable<S>& table, const AllocateSlots<S>& c);
  void see_skipped(const Model& model);
  void see_touched(BlockId b);
  void see_popped(std::size_t blocks);

  // Whether a goal that is dear to look for is worth looking for again.
  bool wanted(Goal goal) const;
  void enter(Goal goal, bool is_reached) {
    if (is_reached) reached_->add(goal);
  }
  bool is_added(BlockId b) const { return now_.blocks[b].place != 0 && before_.blocks[b].place == 0; }
  bool is_added_in_front() const { return !now_.queue.empty() && is_added(now_.queue.front()); }
  bool is_added_behind() const { return !now_.queue.empty() && is_added(now_.queue.back()); }

  Reached* reached_;
  Snapshot before_;
  Snapshot now_;
  std::size_t stored_before_ = 0;  // pending events
  std::size_t popped_ = 0;         // blocks taken from the head of the queue since the run began
};

}  // namespace kvspec::fuzz
