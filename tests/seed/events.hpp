// The seed's cases about the events of the cache.
#pragma once

#include <variant>

#include "tests/seed/driver.hpp"
#include "tests/seed/groups.hpp"

namespace kvspec::seed {

template <class S>
constexpr bool contains(const EventHashList<S>& hashes, const EventHash<S>& hash) {
  for (const EventHash<S>& h : hashes) {
    if (h == hash) return true;
  }
  return false;
}

// Covers: EVENT-01, EVENT-02, EVENT-03, EVENT-04, EVENT-05, EVENT-06, EVENT-07, POOL-03
template <class W>
constexpr Verdict test_kv_cache_events(Count blocks_to_cache) {
  using S = StorageOf<W>;
  // Allocate blocks. There is a single BlockStored with blocks_to_cache hashes, and taking the events drains them.
  Config<S> config = single_group_config<S>(GroupKind::full, 16, blocks_to_cache + 1);
  config.events = true;
  Manager<W> manager(config);
  const Count num_tokens = 16 * blocks_to_cache;
  const TokenList<S> token_ids = range<S>(0, num_tokens);
  const auto req0 = manager.make_request("0", token_ids);
  manager.allocate_slots(req0, num_tokens);
  EventList<S> events = manager.take_events();
  SEED_CHECK(!events.empty());
  const auto* stored = std::get_if<BlockStored<S>>(&events.back());
  SEED_CHECK(stored != nullptr);
  SEED_CHECK(stored->block_hashes.size() == blocks_to_cache);
  SEED_CHECK(manager.num_keys() == blocks_to_cache);
  SEED_CHECK(stored->token_ids.size() == stored->block_size * stored->block_hashes.size());
  SEED_CHECK(stored->kv_cache_spec_kind == SpecKind::full_attention);
  SEED_CHECK(manager.take_events().empty());

  // Beyond the seed: the hashes and tokens are the request's, in order, and nothing was stored before them.
  SEED_CHECK(req0.block_hashes.size() == blocks_to_cache);
  for (std::size_t i = 0; i < blocks_to_cache; ++i) {
    SEED_CHECK(stored->block_hashes[i] == event_hash<S>(req0.block_hashes[i]));
  }
  SEED_CHECK(stored->token_ids == token_ids);
  SEED_CHECK(!stored->parent_block_hash);
  const EventHashList<S> stored_block_hash = stored->block_hashes;

  // Free the blocks and send another request. Each block is removed, and then the new ones are stored.
  manager.free(req0);
  const auto req1 = manager.make_request("1", token_ids);
  manager.allocate_slots(req1, num_tokens);
  events = manager.take_events();
  SEED_CHECK(events.size() == blocks_to_cache + 1);
  for (std::size_t i = 0; i < blocks_to_cache; ++i) {
    const auto* removed = std::get_if<BlockRemoved<S>>(&events[i]);
    SEED_CHECK(removed != nullptr);
    SEED_CHECK(removed->block_hashes.size() == 1);
    SEED_CHECK(contains<S>(stored_block_hash, removed->block_hashes[0]));
  }
  stored = std::get_if<BlockStored<S>>(&events.back());
  SEED_CHECK(stored != nullptr);
  SEED_CHECK(stored->block_hashes.size() == blocks_to_cache);
  SEED_CHECK(manager.num_keys() == blocks_to_cache);

  // Clear all blocks.
  manager.free(req1);
  manager.reset_prefix_cache();
  events = manager.take_events();
  SEED_CHECK(!events.empty());
  SEED_CHECK(std::get_if<AllBlocksCleared<S>>(&events.back()) != nullptr);
  SEED_CHECK(manager.num_keys() == 0);
  return SEED_VERDICT(manager);
}

// Two differences: the seed's list of blocks holds a list as its first element, by a slip that cannot be seen because
// only blocks 2 and 3 are cached, and here it is the block; and the seed reads the events from the pool, before the
// manager annotates them, so here they are read while they are pending.
// Covers: CACHE-01, CACHE-05, EVENT-01, EVENT-02, EVENT-03, POOL-01, I5
template <class W>
constexpr Verdict test_null_parent_block_hash() {
  using S = StorageOf<W>;
  const Count num_cached_blocks = 2;
  const Count num_full_blocks = 4;
  const GroupId kv_cache_group_id = 0;
  Config<S> config = single_group_config<S>(GroupKind::full, 1, 8);
  config.events = true;
  Manager<W> manager(config);
  const auto req = manager.make_request("req_null_parent", {10, 11, 12, 13});
  SEED_CHECK(req.block_hashes.size() == num_full_blocks);

  // The physical parent is the null block, which has no hash, while the logical parent's hash is the request's hash
  // number num_cached_blocks - 1.
  SEED_CHECK(!manager.block_hash(null_block));
  const Ids<W> new_blocks = manager.pool_get_new_blocks(num_full_blocks - 1);
  SEED_CHECK(new_blocks.size() == 3);
  const Ids<W> blocks = {new_blocks[0], null_block, new_blocks[1], new_blocks[2]};
  manager.pool_cache_full_blocks(req, blocks, num_cached_blocks, num_full_blocks, kv_cache_group_id);

  const EventList<S> events = manager.pending_events();
  SEED_CHECK(events.size() == 1);
  const auto* event = std::get_if<BlockStored<S>>(&events[0]);
  SEED_CHECK(event != nullptr);
  SEED_CHECK(event->parent_block_hash == event_hash<S>(req.block_hashes[num_cached_blocks - 1]));
  SEED_CHECK(event->block_hashes.size() == num_full_blocks - num_cached_blocks);
  for (Count i = num_cached_blocks; i < num_full_blocks; ++i) {
    SEED_CHECK(event->block_hashes[i - num_cached_blocks] == event_hash<S>(req.block_hashes[i]));
  }
  SEED_CHECK(event->group_idx == kv_cache_group_id);
  SEED_CHECK(!event->kv_cache_spec_kind);
  SEED_CHECK(!event->kv_cache_spec_sliding_window);

  // The null block did not get a hash by accident; the newly cached blocks did get theirs.
  SEED_CHECK(!manager.block_hash(null_block));
  SEED_CHECK(manager.block_hash(blocks[num_cached_blocks]).has_value());
  SEED_CHECK(manager.block_hash(blocks[num_full_blocks - 1]).has_value());
  return SEED_VERDICT(manager);
}

// Covers: EVENT-01, EVENT-02, HASH-06
template <class W>
constexpr Verdict test_kv_cache_events_with_lora(Count blocks_to_cache) {
  using S = StorageOf<W>;
  Config<S> config = single_group_config<S>(GroupKind::full, 16, blocks_to_cache + 1);
  config.events = true;
  Manager<W> manager(config);

  // Test with LoRA.
  const Count num_tokens = 16 * blocks_to_cache;
  const auto req_with_lora =
      manager.make_request("lora_req", range<S>(0, num_tokens), {.lora = Lora<S>{"test_lora", 42}});
  manager.allocate_slots(req_with_lora, num_tokens);
  EventList<S> events = manager.take_events();
  SEED_CHECK(!events.empty());
  const auto* event = std::get_if<BlockStored<S>>(&events.back());
  SEED_CHECK(event != nullptr);
  SEED_CHECK(event->lora_id == 42);
  SEED_CHECK(event->block_hashes.size() == blocks_to_cache);
  SEED_CHECK(event->block_size == 16);
  const EventHashList<S> with_lora = event->block_hashes;

  // Clean up.
  manager.free(req_with_lora);

  // Test without LoRA.
  const auto req_without_lora = manager.make_request("no_lora_req", range<S>(0, num_tokens));
  manager.allocate_slots(req_without_lora, num_tokens);
  events = manager.take_events();
  SEED_CHECK(!events.empty());
  event = std::get_if<BlockStored<S>>(&events.back());
  SEED_CHECK(event != nullptr);
  SEED_CHECK(!event->lora_id);
  SEED_CHECK(event->block_hashes.size() == blocks_to_cache);
  SEED_CHECK(event->block_size == 16);

  // Beyond the seed: the name of the LoRA is part of every hash.
  for (const EventHash<S>& hash : event->block_hashes) SEED_CHECK(!contains<S>(with_lora, hash));
  return SEED_VERDICT(manager);
}

// Covers: EVENT-01, EVENT-06, CACHE-01
template <class W>
constexpr Verdict test_block_stored_event_group_idx(GroupId group_id) {
  using S = StorageOf<W>;
  Config<S> config = config_of_groups<S>(5, 4, {full_group(4), window_group(4, 2 * 4), mamba_group(4)});
  config.events = true;
  Manager<W> manager(config);
  const auto req = manager.make_request("req_grp_idx", range<S>(0, 4 * 2));
  const Ids<W> blocks = manager.pool_get_new_blocks(2);
  manager.pool_cache_full_blocks(req, blocks, 0, 2, group_id);

  const EventList<S> events = manager.take_events();
  SEED_CHECK(events.size() == 1);
  const auto* stored = std::get_if<BlockStored<S>>(&events[0]);
  SEED_CHECK(stored != nullptr);
  SEED_CHECK(stored->group_idx == group_id);
  const SpecKind kinds[] = {SpecKind::full_attention, SpecKind::sliding_window, SpecKind::mamba};
  SEED_CHECK(stored->kv_cache_spec_kind == kinds[group_id]);
  SEED_CHECK(stored->kv_cache_spec_sliding_window.has_value() == (group_id == 1));
  SEED_CHECK(stored->kv_cache_spec_sliding_window.value_or(2 * 4) == 2 * 4);
  return SEED_VERDICT(manager);
}

// Full attention and a sliding window cache the same tokens one after the other; a consumer can tell the two apart.
// Covers: EVENT-01, EVENT-06, EVENT-07, CACHE-01, HASH-11
template <class W>
constexpr Verdict test_block_stored_event_group_idx_multiple_groups() {
  using S = StorageOf<W>;
  Config<S> config = config_of_groups<S>(5, 4, {full_group(4), window_group(4, 128)});
  config.events = true;
  Manager<W> manager(config);
  const auto req = manager.make_request("req_multi_grp", range<S>(0, 4 * 2));

  // Cache blocks for group 0 (full attention) and for group 1 (sliding window).
  const Ids<W> blocks_grp0 = manager.pool_get_new_blocks(2);
  manager.pool_cache_full_blocks(req, blocks_grp0, 0, 2, 0);
  const Ids<W> blocks_grp1 = manager.pool_get_new_blocks(2);
  manager.pool_cache_full_blocks(req, blocks_grp1, 0, 2, 1);

  const EventList<S> events = manager.take_events();
  SEED_CHECK(events.size() == 2);
  const auto* first = std::get_if<BlockStored<S>>(&events[0]);
  SEED_CHECK(first != nullptr);
  SEED_CHECK(first->group_idx == 0);
  SEED_CHECK(first->kv_cache_spec_kind == SpecKind::full_attention);
  SEED_CHECK(!first->kv_cache_spec_sliding_window);
  const auto* second = std::get_if<BlockStored<S>>(&events[1]);
  SEED_CHECK(second != nullptr);
  SEED_CHECK(second->group_idx == 1);
  SEED_CHECK(second->kv_cache_spec_kind == SpecKind::sliding_window);
  SEED_CHECK(second->kv_cache_spec_sliding_window == 128);
  return SEED_VERDICT(manager);
}

// The seed puts a made-up event into the pool's queue and collects the warning that taking it logs. Here the event
// comes from caching a block in a group the configuration does not have, and there is no log: the event is returned as
// it is.
// Covers: EVENT-01, EVENT-02, EVENT-06
template <class W>
constexpr Verdict test_block_stored_event_group_idx_out_of_bounds() {
  using S = StorageOf<W>;
  Config<S> config = single_group_config<S>(GroupKind::full, 4, 5);
  config.events = true;
  Manager<W> manager(config);
  const auto req = manager.make_request("0", range<S>(0, 4));
  manager.pool_cache_full_blocks(req, manager.pool_get_new_blocks(1), 0, 1, 1);
  const EventList<S> queued = manager.pending_events();

  const EventList<S> events = manager.take_events();
  SEED_CHECK(events.size() == 1);
  SEED_CHECK(events == queued);
  const auto* event = std::get_if<BlockStored<S>>(&events[0]);
  SEED_CHECK(event != nullptr);
  SEED_CHECK(event->group_idx == 1);
  SEED_CHECK(event->token_ids == range<S>(0, 4));
  SEED_CHECK(!event->kv_cache_spec_kind);
  SEED_CHECK(!event->kv_cache_spec_sliding_window);
  return SEED_VERDICT(manager);
}

// The groups 1 and 2 are ones the configuration does not have, as in the seed, whose bare pool knows no groups.
// Covers: EVENT-04, EVENT-06, HASH-11, POOL-03, POOL-06
template <class W>
constexpr Verdict test_block_removed_event_group_idx(GroupId group_id) {
  using S = StorageOf<W>;
  // The null block and 4 usable ones: allocate all 4, cache 2, free all, and allocate all 4 again, so that the 2 cached
  // blocks are evicted.
  Config<S> config = single_group_config<S>(GroupKind::full, 4, 5);
  config.events = true;
  Manager<W> manager(config);
  const auto req = manager.make_request("req_evict_grp", range<S>(0, 4 * 2));

  // Allocate all usable blocks and cache the first two for the group.
  const Ids<W> all_blocks = manager.pool_get_new_blocks(4);
  manager.pool_cache_full_blocks(req, all_blocks, 0, 2, group_id);

  // Drain the BlockStored event, so that only evictions remain.
  manager.take_events();

  // Return all blocks to the free queue, and allocate them again.
  manager.pool_free_blocks(all_blocks);
  manager.pool_get_new_blocks(4);
  const EventList<S> events = manager.take_events();
  std::size_t removed_events = 0;
  for (const Event<S>& event : events) {
    const auto* removed = std::get_if<BlockRemoved<S>>(&event);
    if (removed == nullptr) continue;
    ++removed_events;
    SEED_CHECK(removed->group_idx == group_id);
  }
  SEED_CHECK(removed_events == 2);
  return SEED_VERDICT(manager);
}

}  // namespace kvspec::seed
