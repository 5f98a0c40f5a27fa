// The seed's cases about the retention interval: of a long prompt a sliding window keeps the blocks before each
// interval's end and before the point where a replay of the prompt resumes. The seed sets the interval in the
// environment; here it is part of the configuration.
#pragma once

#include "tests/seed/driver.hpp"
#include "tests/seed/groups.hpp"

namespace kvspec::seed {

// Full attention with blocks of 32 tokens, which are also the alignment, and a sliding window of one block of 8 tokens.
template <class S>
constexpr Config<S> retention_config(std::optional<std::int64_t> interval) {
  Config<S> config = config_of_groups<S>(100, 8, {full_group(4 * 8), window_group(8, 8)});
  config.retention_interval = interval;
  return config;
}

// Covers: CACHE-09, CACHE-05, POOL-09
template <class W>
constexpr Verdict test_hybrid_local_kv_retention_interval_aligns_in_manager() {
  using S = StorageOf<W>;
  Manager<W> manager(retention_config<S>(64));

  // 128 tokens: the ends of the intervals at 64 and 128, and the replay boundary at 96.
  const auto req = manager.make_request("0", blocks_of<S>(16, 8));
  const Hit<S> hit = manager.get_computed_blocks(req);
  SEED_CHECK(manager.allocate_groups(req, 16 * 8, hit).has_value());
  SEED_CHECK(manager.cached_places(req, 1) == Places<W>{7, 11, 15});
  return SEED_VERDICT(manager);
}

// The seed matches the message: 33 is not a multiple of the scheduler block size, -32 is one but is negative. Here both
// break one clause, and the error names the number.
// Covers: CONF-07
template <class W>
constexpr Verdict test_hybrid_local_kv_retention_interval_rejects_invalid(std::int64_t interval) {
  using S = StorageOf<W>;
  SEED_CHECK(Manager<W>::rejection(retention_config<S>(interval)) == Error{Clause::conf_07, interval});

  // Beyond the seed: the same configuration with an interval of 64 tokens is accepted.
  SEED_CHECK(!Manager<W>::rejection(retention_config<S>(64)));
  return {};
}

// Computes 4096 tokens, each hash block of 4 with a token of its own, in steps of 512, and frees the request.
template <class W>
constexpr Verdict fill(Manager<W>& manager, const char* request_id, const TokenList<StorageOf<W>>& token_ids) {
  auto fill_req = manager.make_request(request_id, token_ids);
  while (fill_req.num_computed_tokens < 4096) {
    SEED_CHECK(manager.allocate_groups(fill_req, 512).has_value());
    fill_req.num_computed_tokens += 512;
  }
  manager.free(fill_req);
  return {};
}

// What is retained of a prompt is found again after another one has recycled the other blocks.
// Covers: CACHE-09, FREE-07, FREE-08, LOOK-07, LOOK-12, HASH-10
template <class W>
constexpr Verdict test_hybrid_local_kv_retention_interval_survives_recycling() {
  using S = StorageOf<W>;
  Config<S> config = config_of_groups<S>(
      800, 4, {mla_group(64 * 4), window_group(16 * 4, 512), window_group(2 * 4, 128), window_group(4, 8)}, 4096);
  config.retention_interval = 1024;
  Manager<W> manager(config);

  const TokenList<S> token_ids = blocks_of<S>(1024, 4);
  if (const Verdict v = fill(manager, "fill_0", token_ids); !v.passed()) return v;
  const TokenList<S> replayed(token_ids.begin(), token_ids.begin() + 1800);
  const auto is_hit = [](const Hit<S>& hit) {
    return hit.num_tokens == 1024 && hit.groups[0].size() == 4 && hit.groups[1].size() == 16 &&
           hit.groups[2].size() == 128 && hit.groups[3].size() == 256;
  };
  const auto replay_req = manager.make_request("replay", replayed);
  SEED_CHECK(is_hit(manager.get_computed_blocks(replay_req)));

  TokenList<S> other_token_ids = token_ids;
  for (Token& token : other_token_ids) token += 100'000;
  if (const Verdict v = fill(manager, "fill_1", other_token_ids); !v.passed()) return v;
  const auto replay_again_req = manager.make_request("replay_again", replayed);
  SEED_CHECK(is_hit(manager.get_computed_blocks(replay_again_req)));
  return SEED_VERDICT(manager);
}

// With an interval of 0 only the blocks before the replay boundary are kept.
// Covers: CACHE-09, LOOK-01, LOOK-07, LOOK-12, FREE-08, POOL-09
template <class W>
constexpr Verdict test_hybrid_local_kv_retention_latest_only_reuses_replay_boundary() {
  using S = StorageOf<W>;
  Manager<W> manager(retention_config<S>(0));
  const TokenList<S> token_ids = blocks_of<S>(16, 8);
  const auto req0 = manager.make_request("0", token_ids);
  Hit<S> hit = manager.get_computed_blocks(req0);
  SEED_CHECK(manager.allocate_groups(req0, 16 * 8, hit).has_value());
  SEED_CHECK(manager.cached_places(req0, 1) == Places<W>{11});
  manager.free(req0);

  // The last token of a prompt is always computed, so the longest hit ends at the boundary before it: 96 tokens. (The
  // seed asks for the retained block with the request it has freed; here the request that is live does.)
  const auto req1 = manager.make_request("1", token_ids);
  const auto retained_swa_block = manager.cached_blocks(req1, 11, {1});
  SEED_CHECK(retained_swa_block.has_value());
  SEED_CHECK(manager.ref_cnt((*retained_swa_block)[0]) == 0);
  hit = manager.get_computed_blocks(req1);
  SEED_CHECK(hit.num_tokens == 12 * 8);
  SEED_CHECK(hit.groups[1].size() == 12);

  const auto shorter_req = manager.make_request("2", TokenList<S>(token_ids.begin(), token_ids.begin() + 12 * 8));
  hit = manager.get_computed_blocks(shorter_req);
  SEED_CHECK(hit.num_tokens == 0);
  SEED_CHECK(hit.groups[1].empty());
  return SEED_VERDICT(manager);
}

// A look-up with EAGLE matches one block after the hit and drops it, so that block is kept as well.
// Covers: CACHE-09, LOOK-04, LOOK-07, LOOK-14, POOL-09
template <class W>
constexpr Verdict test_hybrid_local_kv_retention_mtp_reuses_latest_boundary() {
  using S = StorageOf<W>;
  Config<S> config = config_of_groups<S>(100, 8, {full_group(4 * 8), eagle_group(window_group(8, 8))});
  config.retention_interval = 0;
  config.use_eagle = true;
  Manager<W> manager(config);

  // 127 tokens: the replay boundary is floor((127 - 1) / 32) * 32 = 96. The two blocks before token 104 are kept.
  const TokenList<S> token_ids = concat(blocks_of<S>(15, 8), repeat<S>(15, 7));
  const auto req0 = manager.make_request("0", token_ids);
  Hit<S> hit = manager.get_computed_blocks(req0);
  SEED_CHECK(hit.num_tokens == 0);
  SEED_CHECK(manager.allocate_groups(req0, 15 * 8 + 7, hit).has_value());
  SEED_CHECK(req0.block_hashes.size() == 15);
  SEED_CHECK(manager.cached_places(req0, 1) == Places<W>{11, 12});
  manager.free(req0);

  const auto req1 = manager.make_request("1", token_ids);
  hit = manager.get_computed_blocks(req1);
  SEED_CHECK(hit.num_tokens == 12 * 8);
  SEED_CHECK(hit.groups[0].size() == 3);
  SEED_CHECK(hit.groups[1].size() == 12);
  return SEED_VERDICT(manager);
}

// ---- A sliding window as the only group ----------------------------------------------------------------------------

// A window of one block of 16 tokens.
template <class S>
constexpr Config<S> pure_window_config(std::optional<std::int64_t> interval) {
  Config<S> config = config_of_groups<S>(100, 16, {window_group(16, 16)});
  config.retention_interval = interval;
  return config;
}

// Computes a prompt of 16 blocks and gives the places of those that are cached.
template <class W>
constexpr Places<W> cached_of_16(Manager<W>& manager) {
  using S = StorageOf<W>;
  const auto req = manager.make_request("0", blocks_of<S>(16, 16));
  const Hit<S> hit = manager.get_computed_blocks(req);
  if (!manager.allocate_groups(req, 16 * 16, hit)) return {};
  return manager.cached_places(req, 0);
}

// The length of the hit of a replay of that prompt.
template <class W>
constexpr Count replayed_hit(Manager<W>& manager) {
  using S = StorageOf<W>;
  const auto replay = manager.make_request("1", blocks_of<S>(16, 16));
  return manager.get_computed_blocks(replay).num_tokens;
}

// Covers: CACHE-09, LOOK-07, LOOK-01, POOL-09
template <class W>
constexpr Verdict test_pure_swa_retention_interval_caches_sparse_tails() {
  using S = StorageOf<W>;
  Manager<W> manager(pure_window_config<S>(64));

  // An interval is 4 blocks, of which the window takes 1: blocks 3, 7, 11 and 15. A replay resumes at
  // floor(255 / 16) * 16 = 240, after block 14.
  SEED_CHECK(cached_of_16(manager) == Places<W>{3, 7, 11, 14, 15});
  SEED_CHECK(replayed_hit(manager) == 240);
  return SEED_VERDICT(manager);
}

// Covers: CACHE-09, LOOK-07, LOOK-01, POOL-09
template <class W>
constexpr Verdict test_pure_swa_retention_latest_only() {
  using S = StorageOf<W>;
  Manager<W> manager(pure_window_config<S>(0));
  SEED_CHECK(cached_of_16(manager) == Places<W>{14});
  SEED_CHECK(replayed_hit(manager) == 240);
  return SEED_VERDICT(manager);
}

// Without an interval every end of a block may be the end of a hit, so all are cached.
// Covers: CACHE-08, POOL-09
template <class W>
constexpr Verdict test_pure_swa_retention_dense_default_caches_all() {
  using S = StorageOf<W>;
  Manager<W> manager(pure_window_config<S>({}));
  SEED_CHECK(cached_of_16(manager) == Places<W>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
  return SEED_VERDICT(manager);
}

}  // namespace kvspec::seed
