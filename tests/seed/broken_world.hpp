// Managers with one fault each, so that the cases are known to be able to fail. A fault is put around the model through
// its commands and its inspection interface; the model itself stays as it is. Invariants are not checked here: a case
// must see the fault with its own eyes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "model/hash_index.hpp"
#include "model/hashing/block_hash.hpp"
#include "model/manager.hpp"
#include "spec/commands.hpp"
#include "spec/storage.hpp"

namespace kvspec::seed {

enum class Fault : std::uint8_t {
  none,
  frees_from_first_to_last,      // FREE-01
  allocates_beside_the_hit,      // ALLOC-10
  touches_hits_it_refuses,       // ALLOC-09
  never_caches,                  // ALLOC-13
  keeps_hashes_of_taken_blocks,  // POOL-03
  hashes_tokens_alone,           // HASH-06
  uses_the_other_hash_function,  // HASH-02, HASH-03
  reads_cache_for_everyone,      // REQ-08
  ignores_eagle,                 // LOOK-04
  caches_although_disabled,      // LOOK-02
  counts_although_disabled,      // STAT-03
  knows_group_0_only,            // HASH-11
  caches_one_block_less,         // CACHE-01
  evicts_the_whole_key,          // POOL-10
  claims_to_have_reset,          // POOL-13
  loses_removed_events,          // EVENT-04
  loses_parents,                 // EVENT-02
  finds_the_last_duplicate,      // POOL-09
  pops_whatever_is_first,        // POOL-10
};
inline constexpr Fault last_fault = Fault::pops_whatever_is_first;

// The fault of every broken system and index made from now on. One instantiation of each case serves all faults.
inline Fault current_fault = Fault::none;

class BrokenManager : public model::Manager<Growing, model::ExactHashing> {
 public:
  using Base = model::Manager<Growing, model::ExactHashing>;
  using S = Growing;
  using Base::step;

  static Result<BrokenManager> create(const Config<S>& sent) {
    Config<S> config = sent;
    if (current_fault == Fault::ignores_eagle) config.use_eagle = false;
    if (current_fault == Fault::caches_although_disabled) config.enable_caching = true;
    if (current_fault == Fault::counts_although_disabled) config.log_stats = true;
    if (current_fault == Fault::uses_the_other_hash_function) {
      config.hash_fn = config.hash_fn == HashFunction::sha256 ? HashFunction::sha256_cbor : HashFunction::sha256;
    }
    auto base = Base::create(config);
    if (!base) return base.error();
    BrokenManager broken{};
    static_cast<Base&>(broken) = std::move(base.value());
    broken.stale_.resize(broken.num_blocks());
    return broken;
  }

  Result<AddRequest<S>::Observation> step(const AddRequest<S>& sent) {
    AddRequest<S> c = sent;
    if (current_fault == Fault::hashes_tokens_alone) {
      c.mm.reset();
      c.lora.reset();
      c.cache_salt.reset();
    }
    if (current_fault == Fault::reads_cache_for_everyone) c.prompt_logprobs.reset();
    return Base::step(c);
  }

  Result<AllocateSlots<S>::Observation> step(const AllocateSlots<S>& sent) {
    AllocateSlots<S> c = sent;
    const bool passes_hit = c.new_computed_blocks == PassedHit::computed && c.num_new_computed_tokens > 0;
    if (current_fault == Fault::never_caches) c.delay_cache_blocks = true;
    if (current_fault == Fault::allocates_beside_the_hit && passes_hit) {
      c.num_new_tokens += std::exchange(c.num_new_computed_tokens, 0);
      c.new_computed_blocks = PassedHit::none;
    }
    if (current_fault == Fault::keeps_hashes_of_taken_blocks) {
      for (BlockId b = 0; b < num_blocks(); ++b) {
        if (Base::has_hash(b)) stale_[b] = BlockKey<S>{{Base::hash(b).begin(), Base::hash(b).end()}, Base::group(b)};
      }
    }
    const auto seen = Base::step(c);
    if (current_fault == Fault::touches_hits_it_refuses && passes_hit && seen && !seen.value().result) {
      PoolTouch<S> touch{};
      touch.block_ids = Base::step(GetComputedBlocks<S>{c.req, 0}).value().blocks[0];
      (void)Base::step(touch);
    }
    return seen;
  }

  // Takes what the base has freed out of the queue again and frees it in the other order.
  Result<Free<S>::Observation> step(const Free<S>& c) {
    if (current_fault != Fault::frees_from_first_to_last) return Base::step(c);
    PoolFreeBlocks<S> freed{};
    const auto table = Base::step(GetBlockIds<S>{c.req});
    if (table) freed.block_ids = table.value().result[0];
    const auto seen = Base::step(c);
    std::erase_if(freed.block_ids, [&](BlockId b) { return ref_cnt(b) != 0; });
    (void)Base::step(PoolTouch<S>{freed.block_ids});
    (void)Base::step(freed);
    return seen;
  }

  Result<Done> step(const EvictBlocks<S>& sent) {
    EvictBlocks<S> c = sent;
    if (current_fault == Fault::evicts_the_whole_key) {
      const BlockList<S> listed = c.block_ids;
      for (BlockId b : listed) {
        if (!has_hash(b)) continue;
        walk_index([&](const auto& other, GroupId group, BlockId other_block, bool) {
          if (group == Base::group(b) && std::ranges::equal(other, Base::hash(b))) c.block_ids.push_back(other_block);
        });
      }
    }
    return Base::step(c);
  }

  Result<ResetPrefixCache<S>::Observation> step(const ResetPrefixCache<S>& c) {
    if (current_fault == Fault::claims_to_have_reset) return ResetPrefixCache<S>::Observation{true};
    return Base::step(c);
  }

  Result<TakeEvents<S>::Observation> step(const TakeEvents<S>& c) {
    auto seen = Base::step(c);
    spoil(seen.value().events);
    return seen;
  }

  Result<Done> step(const PoolCacheFullBlocks<S>& sent) {
    PoolCacheFullBlocks<S> c = sent;
    if (current_fault == Fault::knows_group_0_only) c.group = 0;
    if (current_fault == Fault::caches_one_block_less) --c.num_full_blocks;
    return Base::step(c);
  }

  View<S> view() const {
    View<S> seen = Base::view();
    spoil(seen.events);
    return seen;
  }

  bool has_hash(BlockId b) const { return Base::has_hash(b) || stale_[b].has_value(); }
  std::span<const std::uint8_t> hash(BlockId b) const {
    if (Base::has_hash(b)) return Base::hash(b);
    return {stale_[b]->hash.data(), stale_[b]->hash.size()};
  }
  GroupId group(BlockId b) const { return Base::has_hash(b) ? Base::group(b) : stale_[b]->group; }

 private:
  static void spoil(EventList<S>& events) {
    if (current_fault == Fault::loses_removed_events) {
      std::erase_if(events, [](const Event<S>& e) { return std::holds_alternative<BlockRemoved<S>>(e); });
    }
    if (current_fault == Fault::loses_parents) {
      for (Event<S>& event : events) {
        if (auto* stored = std::get_if<BlockStored<S>>(&event)) stored->parent_block_hash.reset();
      }
    }
  }

  std::vector<std::optional<BlockKey<S>>> stale_{};  // keys that keeps_hashes_of_taken_blocks has not forgotten
};

struct BrokenIndex : model::HashIndex<Growing> {
  std::optional<BlockId> first(const BlockKey<Growing>& key) const {
    const std::size_t i = position(key);
    if (i == entries.size()) return {};
    return current_fault == Fault::finds_the_last_duplicate ? entries[i].blocks.back() : entries[i].blocks.front();
  }
  bool pop(const BlockKey<Growing>& key, BlockId block) {
    const std::optional<BlockId> head = first(key);
    if (current_fault == Fault::pops_whatever_is_first && head) block = *head;
    return model::HashIndex<Growing>::pop(key, block);
  }
};

struct BrokenWorld {
  using Storage = Growing;
  using System = BrokenManager;
  using Hashing = model::ExactHashing;
  using Index = BrokenIndex;
  static constexpr bool checks_invariants = false;
};

}  // namespace kvspec::seed
