// The list of all cases: the one place that GoogleTest, the compiler's theorems and docs/seed.md are made from.
//
//   X(case, parameters, limits, arguments...)
//
// parameters is the name of the instance ("" if the case has only one), limits the capacities it needs, as
// Limits<blocks, tokens, hashes, requests, events, keys, items>. The lists are apart so that the compiler may prove
// them in parallel.
#pragma once

#include "tests/seed/eagle.hpp"
#include "tests/seed/events.hpp"
#include "tests/seed/eviction.hpp"
#include "tests/seed/hashing.hpp"
#include "tests/seed/index.hpp"
#include "tests/seed/limits.hpp"
#include "tests/seed/prefill.hpp"

// clang-format off
#define KVSPEC_SEED_PREFILL_CASES(X)                                                                          \
  X(test_prefill, "sha256", (Limits<11, 160, 10, 2>), HashFunction::sha256)                                   \
  X(test_prefill, "sha256_cbor", (Limits<11, 160, 10, 2>), HashFunction::sha256_cbor)                         \
  X(test_prefill_plp, "", (Limits<11, 55, 3, 2>))                                                             \
  X(test_decode, "", (Limits<11, 78, 4, 1>))                                                                  \
  X(test_basic_prefix_caching_disabled, "", (Limits<5, 16, 4, 2>))                                            \
  X(test_prefill_not_enough_free_blocks_with_computed_blocks, "", (Limits<11, 144, 9, 3>))

#define KVSPEC_SEED_EVICTION_CASES(X)                                                                         \
  X(test_evict, "", (Limits<11, 87, 5, 2>))                                                                   \
  X(test_hash_block_correct_reuse, "", (Limits<2, 16, 1, 1>))                                                 \
  X(test_computed_blocks_not_evicted, "", (Limits<3, 32, 2, 2>))                                              \
  X(test_reset_prefix_cache, "", (Limits<11, 55, 3, 2>))                                                      \
  X(test_prefix_cache_stats_disabled, "", (Limits<11, 16, 1, 1>))                                             \
  X(test_maybe_evict_cached_block, "", (Limits<5, 16, 1, 3>))

#define KVSPEC_SEED_HASHING_CASES(X)                                                                          \
  X(test_cache_blocks, "sha256", (Limits<6, 14, 3, 1>), HashFunction::sha256)                                 \
  X(test_cache_blocks, "sha256_cbor", (Limits<6, 14, 3, 1>), HashFunction::sha256_cbor)                       \
  X(test_cache_blocks_multi_group, "", (Limits<11, 14, 3, 1>))                                                \
  X(test_mm_prefix_caching, "", (Limits<11, 64, 4, 2, 1, 2, 3>))                                              \
  X(test_cache_key_salting, "", (Limits<11, 64, 4, 3>))                                                       \
  X(recorded_digests, "sha256", (Limits<7, 20, 2, 1, 1, 2>), HashFunction::sha256)                            \
  X(recorded_digests, "sha256_cbor", (Limits<13, 7, 3, 2, 1, 2>), HashFunction::sha256_cbor)

#define KVSPEC_SEED_EVENT_CASES(X)                                                                            \
  X(test_kv_cache_events, "2", (Limits<3, 32, 2, 1, 3>), 2)                                                   \
  X(test_kv_cache_events, "3", (Limits<4, 48, 3, 1, 4>), 3)                                                   \
  X(test_kv_cache_events, "10", (Limits<11, 160, 10, 1, 11>), 10)                                             \
  X(test_null_parent_block_hash, "", (Limits<8, 4, 4, 1, 1>))                                                 \
  X(test_kv_cache_events_with_lora, "2", (Limits<3, 32, 2, 1, 3>), 2)                                         \
  X(test_kv_cache_events_with_lora, "3", (Limits<4, 48, 3, 1, 4>), 3)                                         \
  X(test_kv_cache_events_with_lora, "10", (Limits<11, 160, 10, 1, 11>), 10)                                   \
  X(test_block_stored_event_group_idx_out_of_bounds, "", (Limits<5, 4, 1, 1, 1>))                             \
  X(test_block_removed_event_group_idx, "0", (Limits<5, 8, 2, 1, 2>), 0)                                      \
  X(test_block_removed_event_group_idx, "1", (Limits<5, 8, 2, 1, 2>), 1)                                      \
  X(test_block_removed_event_group_idx, "2", (Limits<5, 8, 2, 1, 2>), 2)

#define KVSPEC_SEED_LOOK_UP_CASES(X)                                                                          \
  X(test_eagle_enabled_removes_last_block, "", (Limits<10, 48, 3, 1>))                                        \
  X(test_eagle_with_partial_blocks, "", (Limits<10, 37, 2, 1>))                                               \
  X(test_block_lookup_cache_single_block_per_key, "", (Limits<2, 1, 1, 1>))                                   \
  X(test_block_lookup_cache_multi_blocks_per_key, "", (Limits<2, 1, 1, 1>))

#define KVSPEC_SEED_CASES(X)     \
  KVSPEC_SEED_PREFILL_CASES(X)   \
  KVSPEC_SEED_EVICTION_CASES(X)  \
  KVSPEC_SEED_HASHING_CASES(X)   \
  KVSPEC_SEED_EVENT_CASES(X)     \
  KVSPEC_SEED_LOOK_UP_CASES(X)

// The type in parentheses, which protect its commas from the preprocessor.
#define KVSPEC_SEED_LIMITS(...) __VA_ARGS__
// clang-format on
