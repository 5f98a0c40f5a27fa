// The seed's cases about look-ups with EAGLE.
#pragma once

#include "tests/seed/driver.hpp"

namespace kvspec::seed {

// The request's length is divisible by the block size.
// Covers: LOOK-01, LOOK-04
template <class W>
constexpr Verdict test_eagle_enabled_removes_last_block() {
  using S = StorageOf<W>;
  Config<S> config = single_group_config<S>(GroupKind::full, 16, 10);
  config.use_eagle = true;
  Manager<W> manager(config);

  // Request with 3 full blocks (48 tokens).
  const TokenList<S> token_ids = repeat<S>(0, 3 * 16);
  const auto req = manager.make_request("divisible_request", token_ids);

  // Prime the cache.
  Hit<S> hit = manager.get_computed_blocks(req);
  manager.allocate_slots(req, 3 * 16, hit);
  manager.free(req);

  // New request with the same tokens. It keeps 1 block: of the 3 blocks the last is not looked up, so that the last
  // token is computed, and the last of the 2 matched blocks is dropped.
  const auto req_eagle = manager.make_request("eagle_divisible", token_ids);
  hit = manager.get_computed_blocks(req_eagle);
  SEED_CHECK(hit.blocks.size() == 1);
  SEED_CHECK(hit.num_tokens == 1 * 16);
  return SEED_VERDICT(manager);
}

// Covers: LOOK-03, LOOK-04
template <class W>
constexpr Verdict test_eagle_with_partial_blocks() {
  using S = StorageOf<W>;
  Config<S> config = single_group_config<S>(GroupKind::full, 16, 10);
  config.use_eagle = true;
  Manager<W> manager(config);

  // 2 full blocks and 5 tokens.
  const TokenList<S> token_ids = repeat<S>(0, 2 * 16 + 5);
  const auto req = manager.make_request("partial_block_test", token_ids);

  // Prime the cache.
  Hit<S> hit = manager.get_computed_blocks(req);
  manager.allocate_slots(req, 2 * 16 + 5, hit);
  manager.free(req);

  // Original match: 2 full blocks. EAGLE removes 1, 1 remains.
  const auto req_eagle = manager.make_request("partial_eagle", token_ids);
  hit = manager.get_computed_blocks(req_eagle);
  SEED_CHECK(hit.blocks.size() == 1);
  SEED_CHECK(hit.num_tokens == 1 * 16);
  return SEED_VERDICT(manager);
}

}  // namespace kvspec::seed
