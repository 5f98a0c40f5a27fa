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
  // Faults that only several groups or sliding windows show.
  looks_up_the_first_group_only,      // LOOK-11, LOOK-12
  caches_masked_blocks,               // CACHE-08
  caches_beyond_the_alignment,        // CACHE-07
  caches_no_block_for_the_drop,       // CACHE-07, CACHE-08
  ignores_retention,                  // CACHE-09, CONF-07
  forgets_the_replay_boundary,        // CACHE-09
  ignores_the_gate,                   // ALLOC-07
  ignores_the_admission_cap,          // ALLOC-16
  frees_windows_like_full_attention,  // FREE-08
  describes_the_next_group,           // EVENT-06
  keeps_every_state,                  // MAMBA-03
  never_starts_a_step,                // MAMBA-02
};
inline constexpr Fault last_fault = Fault::never_starts_a_step;

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
    if (current_fault == Fault::ignores_retention) config.retention_interval.reset();
    if (current_fault == Fault::ignores_the_admission_cap) config.max_num_batched_tokens.reset();
    for (GroupSpec& group : config.groups) {
      if (current_fault == Fault::ignores_eagle) group.is_eagle_group.reset();
      if (current_fault == Fault::keeps_every_state && group.mamba_cache_mode) {
        group.mamba_cache_mode = MambaCacheMode::none;
      }
    }
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

  // What the first group hits alone, for every group.
  Result<GetComputedBlocks<S>::Observation> step(const GetComputedBlocks<S>& c) {
    auto seen = Base::step(c);
    if (current_fault != Fault::looks_up_the_first_group_only || num_groups() == 1 || !seen) return seen;
    const model::Request<S>& request = *state().find(c.req);
    BlockList<S> found{};
    for (std::int64_t i = 0; (i + 1) * block_size(0) < request.num_tokens(); ++i) {
      const auto block = state().pool.index.first({model::block_hash(state().config, request, i, block_size(0)), 0});
      if (!block) break;
      found.push_back(*block);
    }
    seen.value().num_computed_tokens = static_cast<Count>(found.size() * static_cast<std::size_t>(block_size(0)));
    for (GroupId g = 0; g < num_groups(); ++g) {
      const std::size_t length = seen.value().num_computed_tokens / static_cast<std::size_t>(block_size(g));
      seen.value().blocks[g] = g == 0 ? found : BlockList<S>(length, null_block);
    }
    return seen;
  }

  Result<AllocateSlots<S>::Observation> step(const AllocateSlots<S>& sent) {
    AllocateSlots<S> c = sent;
    if (current_fault == Fault::ignores_the_gate) c.full_sequence_must_fit = false;
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
    if (seen && seen.value().result) spoil_cache(c);
    return seen;
  }

  // Takes what the base has freed out of the queue again and frees it in the other order.
  Result<Free<S>::Observation> step(const Free<S>& c) {
    const bool forwards = current_fault == Fault::frees_from_first_to_last;
    if (!forwards && current_fault != Fault::frees_windows_like_full_attention) return Base::step(c);
    PoolFreeBlocks<S> freed{};
    const auto tables = Base::step(GetBlockIds<S>{c.req});
    for (GroupId g = 0; tables && g < num_groups(); ++g) {
      BlockList<S> table = tables.value().result[g];
      if (!forwards) std::reverse(table.begin(), table.end());
      if (forwards || is_sliding_window(spec(g).kind)) {
        freed.block_ids.insert(freed.block_ids.end(), table.begin(), table.end());
      }
    }
    const auto seen = Base::step(c);
    std::erase_if(freed.block_ids, [&](BlockId b) { return b == null_block || ref_cnt(b) != 0; });
    (void)Base::step(PoolTouch<S>{freed.block_ids});
    (void)Base::step(freed);
    return seen;
  }

  Result<Done> step(const NewStepStarts<S>& c) {
    if (current_fault == Fault::never_starts_a_step) return Done{};
    return Base::step(c);
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
    if (current_fault == Fault::describes_the_next_group) {
      for (Event<S>& event : seen.value().events) {
        auto* stored = std::get_if<BlockStored<S>>(&event);
        if (stored != nullptr && stored->group_idx < num_groups()) describe_next_group(*stored);
      }
    }
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

  void describe_next_group(BlockStored<S>& stored) const {
    const GroupSpec& next = spec((stored.group_idx + 1) % num_groups());
    stored.kv_cache_spec_kind = is_sliding_window(next.kind)    ? SpecKind::sliding_window
                                : next.kind == GroupKind::mamba ? SpecKind::mamba
                                                                : SpecKind::full_attention;
    stored.kv_cache_spec_sliding_window.reset();
    if (next.sliding_window) stored.kv_cache_spec_sliding_window = static_cast<Count>(*next.sliding_window);
  }

  // After an allocation: caches or evicts blocks of sliding windows as the faults about masks do.
  void spoil_cache(const AllocateSlots<S>& c) {
    const model::Request<S>& request = *state().find(c.req);
    const std::int64_t alignment = state().config.scheduler_block_size;
    const std::int64_t computed =
        std::int64_t{c.req_num_computed_tokens} + c.num_new_computed_tokens + c.num_new_tokens;
    const std::int64_t end = std::min<std::int64_t>(computed, request.num_tokens());
    const std::int64_t aligned = end / alignment * alignment;
    const std::int64_t boundary = (request.num_prompt_tokens - 1) / alignment * alignment;
    const auto tables = Base::step(GetBlockIds<S>{c.req}).value().result;
    for (const model::Group<S>& group : state().groups) {
      if (!is_sliding_window(group.spec.kind)) continue;
      const BlockList<S>& table = tables[group.id];
      for (std::size_t i = 0; i < table.size() && table[i] != null_block; ++i) {
        const std::int64_t first = static_cast<std::int64_t>(i) * group.block_size;
        const std::int64_t last = first + group.block_size;
        const bool drops = group.drops_last_block && first % alignment == 0 && first > 0;
        const bool caches = (current_fault == Fault::caches_masked_blocks && last <= aligned) ||
                            (current_fault == Fault::caches_beyond_the_alignment && last > aligned && last <= end);
        const bool evicts = (current_fault == Fault::caches_no_block_for_the_drop && drops) ||
                            (current_fault == Fault::forgets_the_replay_boundary && state().config.retention_interval &&
                             first < boundary && last >= boundary);
        if (caches && !Base::has_hash(table[i])) cache(c.req, table[i], static_cast<Count>(i), group.id);
        if (evicts) (void)Base::step(EvictBlocks<S>{{table[i]}});
      }
    }
  }

  void cache(const RequestId<S>& req, BlockId block, Count place, GroupId group) {
    (void)Base::step(PoolTouch<S>{{block}});
    (void)Base::step(PoolCacheFullBlocks<S>{req, BlockList<S>(place + 1u, block), place, place + 1, group});
    (void)Base::step(PoolFreeBlocks<S>{{block}, false});
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
  static constexpr Semantics semantics = Semantics::recorded;
  static constexpr bool checks_invariants = false;
};

}  // namespace kvspec::seed
