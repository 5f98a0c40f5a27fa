#include "fuzz/check/renaming.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace kvspec::fuzz {

namespace {

using S = Growing;

template <class C>
concept NamesBlocks = requires(C command) { command.block_ids; };

// Free blocks that hold something cached, in order: what is left of the queue where the others have none. [MODE-02]
void leave_out_equals(StateDump<S>& state) {
  std::erase_if(state.free_queue, [&](BlockId b) {
    return std::ranges::none_of(state.hashes, [&](const auto& entry) { return entry.block == b; });
  });
}

}  // namespace

Command<Growing> Renaming::without_unnamed(const Command<Growing>& command) const {
  if (!tolerance_.ids) return command;
  return std::visit(
      [&](auto c) -> Command<S> {
        if constexpr (NamesBlocks<decltype(c)>) {
          std::erase_if(c.block_ids, [&](BlockId b) { return b != null_block && !engine_of_.contains(b); });
        }
        return c;
      },
      command);
}

Command<Growing> Renaming::for_engine(const Command<Growing>& command) const {
  if (!tolerance_.ids) return command;
  return std::visit(
      [&](auto c) -> Command<S> {
        if constexpr (NamesBlocks<decltype(c)>) {
          for (BlockId& b : c.block_ids) b = b == null_block ? null_block : engine_of_.at(b);
        }
        return c;
      },
      command);
}

Observation<Growing> Renaming::for_model(const Observation<Growing>& expected, Observation<Growing> actual,
                                         std::vector<bool> equals) {
  if (!tolerance_.ids || expected.index() != actual.index()) return actual;
  std::visit(
      [&](auto& theirs) {
        using O = std::remove_cvref_t<decltype(theirs)>;
        const O& ours = *std::get_if<O>(&expected);
        if constexpr (std::is_same_v<O, GetComputedBlocks<S>::Observation>) {
          match(ours.blocks, theirs.blocks);
        } else if constexpr (std::is_same_v<O, AllocateSlots<S>::Observation>) {
          if (ours.result && theirs.result) match(*ours.result, *theirs.result, &equals);
        } else if constexpr (std::is_same_v<O, PoolGetNewBlocks<S>::Observation>) {
          match(ours.blocks, theirs.blocks, &equals);
        } else if constexpr (std::is_same_v<O, PoolGetCachedBlock<S>::Observation>) {
          if (ours.blocks && theirs.blocks) match(*ours.blocks, *theirs.blocks);
        } else if constexpr (std::is_same_v<O, TakeNewBlockIds<S>::Observation>) {
          match(ours.result, theirs.result);
        } else if constexpr (std::is_same_v<O, GetBlockIds<S>::Observation>) {
          match(ours.result, theirs.result, &equals);
        } else if constexpr (std::is_same_v<O, StateDump<S>>) {
          rename(ours, theirs);
        }
      },
      actual);
  return actual;
}

Observation<Growing> Renaming::compared(Observation<Growing> expected) const {
  StateDump<S>* const state = std::get_if<StateDump<S>>(&expected);
  if (state != nullptr && tolerance_.order) leave_out_equals(*state);
  return expected;
}

void Renaming::bind(BlockId ours, BlockId theirs) {
  if (const auto old = engine_of_.find(ours); old != engine_of_.end()) model_of_.erase(old->second);
  if (const auto old = model_of_.find(theirs); old != model_of_.end()) engine_of_.erase(old->second);
  engine_of_[ours] = theirs;
  model_of_[theirs] = ours;
}

BlockId Renaming::known(BlockId theirs) const {
  if (theirs == null_block) return null_block;
  const auto found = model_of_.find(theirs);
  return found == model_of_.end() ? unnamed : found->second;
}

BlockId Renaming::name(BlockId ours, BlockId theirs, std::vector<bool>* equals) {
  const BlockId meant = known(theirs);
  if (ours == null_block || theirs == null_block) return meant;
  const auto is_equal = [&](BlockId b) { return equals != nullptr && b < equals->size() && (*equals)[b]; };
  const bool is_new = meant == unnamed && !engine_of_.contains(ours);
  const bool is_free = tolerance_.order && is_equal(ours) && (meant == unnamed || is_equal(meant));
  if (is_equal(ours)) (*equals)[ours] = false;  // it is given out here, whichever block the engine gives for it
  if (meant == ours || (!is_new && !is_free)) return meant;
  bind(ours, theirs);
  return ours;
}

void Renaming::match(const BlockList<S>& ours, BlockList<S>& theirs, std::vector<bool>* equals) {
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    theirs[i] = i < ours.size() ? name(ours[i], theirs[i], equals) : known(theirs[i]);
  }
}

void Renaming::match(const BlockTables<S>& ours, BlockTables<S>& theirs, std::vector<bool>* equals) {
  for (std::size_t g = 0; g < theirs.size(); ++g) {
    static const BlockList<S> none;
    match(g < ours.size() ? ours[g] : none, theirs[g], equals);
  }
}

void Renaming::rename(const StateDump<S>& ours, StateDump<S>& theirs) {
  for (std::size_t g = 0; g < theirs.managers.size() && g < ours.managers.size(); ++g) {
    const auto& our_tables = ours.managers[g].req_blocks;
    for (auto& table : theirs.managers[g].req_blocks) {
      const auto same = std::ranges::find(our_tables, table.req, &OfRequest<S, BlockList<S>>::req);
      match(same == our_tables.end() ? BlockList<S>{} : same->value, table.value);
    }
  }
  if (tolerance_.order) {
    leave_out_equals(theirs);
    for (BlockId& b : theirs.free_queue) b = known(b);
  } else {
    match(ours.free_queue, theirs.free_queue);
  }
  for (auto& entry : theirs.ref_cnt) entry.block = known(entry.block);
  for (auto& entry : theirs.hashes) entry.block = known(entry.block);
  std::ranges::sort(theirs.ref_cnt, {}, &OfBlock<Count>::block);
  std::ranges::sort(theirs.hashes, {}, &OfBlock<BlockKey<S>>::block);
  for (auto& entry : theirs.dups) {
    for (BlockId& b : entry.blocks) b = known(b);
  }
}

}  // namespace kvspec::fuzz
