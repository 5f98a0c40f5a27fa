// The list of all cases: the one place that GoogleTest, the compiler's theorems and docs/seed.md are made from.
//
//   X(case, parameters, world, limits, arguments...)
//
// parameters is the name of the instance ("" if the case has only one); it is pytest's, with underscores for dashes,
// which GoogleTest's filters give a meaning. world and limits are for the compiler: the model with exact hashes where a
// case compares hashes, else with symbols; and the capacities the case needs (limits.hpp). The lists are apart so that
// the compiler may prove them in parallel.
#pragma once

#include "tests/seed/admission.hpp"
#include "tests/seed/block_sizes.hpp"
#include "tests/seed/eagle.hpp"
#include "tests/seed/events.hpp"
#include "tests/seed/eviction.hpp"
#include "tests/seed/hashing.hpp"
#include "tests/seed/hybrid.hpp"
#include "tests/seed/index.hpp"
#include "tests/seed/limits.hpp"
#include "tests/seed/prefill.hpp"
#include "tests/seed/retention.hpp"

// clang-format off
#define KVSPEC_SEED_PREFILL_CASES(X)                                                                          \
  X(test_prefill, "sha256", ModelWorld,                                                                       \
    (.blocks = 11, .tokens = 160, .hashes = 10, .requests = 2), HashFunction::sha256)                         \
  X(test_prefill, "sha256_cbor", ModelWorld,                                                                  \
    (.blocks = 11, .tokens = 160, .hashes = 10, .requests = 2), HashFunction::sha256_cbor)                    \
  X(test_prefill_plp, "", ModelWorld, (.blocks = 11, .tokens = 55, .hashes = 3, .requests = 2))               \
  X(test_decode, "", SymbolicWorld, (.blocks = 11, .tokens = 78, .hashes = 4, .requests = 1))                 \
  X(test_basic_prefix_caching_disabled, "", SymbolicWorld,                                                    \
    (.blocks = 5, .tokens = 16, .hashes = 4, .requests = 2))                                                  \
  X(test_prefill_not_enough_free_blocks_with_computed_blocks, "", SymbolicWorld,                              \
    (.blocks = 11, .tokens = 144, .hashes = 11, .requests = 3))

#define KVSPEC_SEED_EVICTION_CASES(X)                                                                         \
  X(test_evict, "", SymbolicWorld, (.blocks = 11, .tokens = 87, .hashes = 8, .requests = 2))                  \
  X(test_hash_block_correct_reuse, "", SymbolicWorld, (.blocks = 2, .tokens = 16, .hashes = 1))               \
  X(test_computed_blocks_not_evicted, "", SymbolicWorld,                                                      \
    (.blocks = 3, .tokens = 32, .hashes = 3, .requests = 2))                                                  \
  X(test_reset_prefix_cache, "", SymbolicWorld, (.blocks = 11, .tokens = 55, .hashes = 3, .requests = 2))     \
  X(test_prefix_cache_stats_disabled, "", SymbolicWorld, (.blocks = 11, .tokens = 16, .hashes = 1))           \
  X(test_maybe_evict_cached_block, "", SymbolicWorld, (.blocks = 5, .tokens = 16, .hashes = 3, .requests = 3)) \
  X(test_swa_free_split_keeps_cached_tail_ahead_of_scratch, "", SymbolicWorld,                                \
    (.blocks = 100, .tokens = 128, .hashes = 16, .hash = 128))

#define KVSPEC_SEED_HASHING_CASES(X)                                                                          \
  X(test_cache_blocks, "sha256", ModelWorld, (.blocks = 6, .tokens = 14, .hashes = 3), HashFunction::sha256)  \
  X(test_cache_blocks, "sha256_cbor", ModelWorld,                                                             \
    (.blocks = 6, .tokens = 14, .hashes = 3), HashFunction::sha256_cbor)                                      \
  X(test_cache_blocks_multi_group, "", SymbolicWorld, (.blocks = 11, .tokens = 14, .hashes = 3))              \
  X(test_mm_prefix_caching, "", ModelWorld,                                                                   \
    (.blocks = 11, .tokens = 64, .hashes = 4, .requests = 2, .items = 3, .keys = 2))                          \
  X(test_cache_key_salting, "", ModelWorld, (.blocks = 11, .tokens = 64, .hashes = 4, .requests = 3))         \
  X(recorded_digests, "sha256", ModelWorld,                                                                   \
    (.blocks = 7, .tokens = 20, .hashes = 2, .keys = 2), HashFunction::sha256)                                \
  X(recorded_digests, "sha256_cbor", ModelWorld,                                                              \
    (.blocks = 13, .tokens = 7, .hashes = 3, .requests = 2, .keys = 2), HashFunction::sha256_cbor)

#define KVSPEC_SEED_EVENT_CASES(X)                                                                            \
  X(test_kv_cache_events, "2", SymbolicWorld, (.blocks = 3, .tokens = 32, .hashes = 2, .events = 3), 2)       \
  X(test_kv_cache_events, "3", SymbolicWorld, (.blocks = 4, .tokens = 48, .hashes = 3, .events = 4), 3)       \
  X(test_kv_cache_events, "10", SymbolicWorld, (.blocks = 11, .tokens = 160, .hashes = 10, .events = 11), 10) \
  X(test_null_parent_block_hash, "", SymbolicWorld, (.blocks = 8, .tokens = 4, .hashes = 4))                  \
  X(test_kv_cache_events_with_lora, "2", SymbolicWorld, (.blocks = 3, .tokens = 32, .hashes = 4, .events = 3), 2) \
  X(test_kv_cache_events_with_lora, "3", SymbolicWorld, (.blocks = 4, .tokens = 48, .hashes = 6, .events = 4), 3) \
  X(test_kv_cache_events_with_lora, "10", SymbolicWorld,                                                      \
    (.blocks = 11, .tokens = 160, .hashes = 20, .events = 11), 10)                                            \
  X(test_block_stored_event_group_idx, "0", SymbolicWorld, (.blocks = 5, .tokens = 8, .hashes = 2, .groups = 3), 0) \
  X(test_block_stored_event_group_idx, "1", SymbolicWorld, (.blocks = 5, .tokens = 8, .hashes = 2, .groups = 3), 1) \
  X(test_block_stored_event_group_idx, "2", SymbolicWorld, (.blocks = 5, .tokens = 8, .hashes = 2, .groups = 3), 2) \
  X(test_block_stored_event_group_idx_multiple_groups, "", SymbolicWorld,                                     \
    (.blocks = 5, .tokens = 8, .hashes = 2, .events = 2))                                                     \
  X(test_block_stored_event_group_idx_out_of_bounds, "", SymbolicWorld, (.blocks = 5, .tokens = 4, .hashes = 1)) \
  X(test_block_removed_event_group_idx, "0", SymbolicWorld, (.blocks = 5, .tokens = 8, .hashes = 2, .events = 2), 0) \
  X(test_block_removed_event_group_idx, "1", SymbolicWorld, (.blocks = 5, .tokens = 8, .hashes = 2, .events = 2), 1) \
  X(test_block_removed_event_group_idx, "2", SymbolicWorld, (.blocks = 5, .tokens = 8, .hashes = 2, .events = 2), 2)

#define KVSPEC_SEED_EAGLE_CASES(X)                                                                            \
  X(test_eagle_enabled_removes_last_block, "", SymbolicWorld, (.blocks = 10, .tokens = 48, .hashes = 3))      \
  X(test_eagle_with_partial_blocks, "", SymbolicWorld, (.blocks = 10, .tokens = 37, .hashes = 2))             \
  X(test_eagle_with_sliding_window, "", SymbolicWorld,                                                        \
    (.blocks = 10, .tokens = 37, .hashes = 2, .requests = 2, .text = 25))                                     \
  X(test_eagle_swa_alignment_caches_extra_block, "", SymbolicWorld,                                           \
    (.blocks = 100, .tokens = 128, .hashes = 16, .hash = 128))                                                \
  X(test_eagle_swa_boundary_caches_post_boundary_block, "", SymbolicWorld,                                    \
    (.blocks = 100, .tokens = 41, .hashes = 5, .hash = 128))                                                  \
  X(test_eagle_grouped_swa_siblings_use_same_cache_mask, "", SymbolicWorld,                                   \
    (.blocks = 100, .tokens = 73, .hashes = 9, .groups = 3, .hash = 128))                                     \
  X(test_block_lookup_cache_single_block_per_key, "", SymbolicWorld, (.blocks = 2))                           \
  X(test_block_lookup_cache_multi_blocks_per_key, "", SymbolicWorld, (.blocks = 2))

#define KVSPEC_SEED_HYBRID_CASES(X)                                                                           \
  X(test_prefill_hybrid_model, "", ModelWorld, (.blocks = 21, .tokens = 55, .hashes = 3, .requests = 2, .groups = 3)) \
  X(test_prefill_hybrid_model_eagle, "", ModelWorld,                                                          \
    (.blocks = 31, .tokens = 103, .hashes = 6, .requests = 2, .groups = 3))                                   \
  X(test_prefill_hybrid_model_combinations_eagle, "2g_full+sw", SymbolicWorld,                                \
    (.blocks = 20, .tokens = 71, .hashes = 4, .requests = 2), {Layer::full, Layer::sliding_window}, 3)        \
  X(test_prefill_hybrid_model_mamba_align, "", SymbolicWorld, (.blocks = 30, .tokens = 55, .hashes = 3))      \
  X(test_different_block_size, "", SymbolicWorld,                                                             \
    (.blocks = 100, .tokens = 160, .hashes = 10, .requests = 3, .hash = 64))                                  \
  X(test_hybrid_cache_blocks_swa_tail_window_only, "", SymbolicWorld,                                         \
    (.blocks = 100, .tokens = 64, .hashes = 8, .hash = 128))                                                  \
  X(test_hybrid_cache_blocks_clamped_to_lcm, "", SymbolicWorld,                                               \
    (.blocks = 100, .tokens = 112, .hashes = 7, .hash = 64))

#define KVSPEC_SEED_COMBINATION(X, id, num_groups, ...)                                                       \
  X(test_prefill_hybrid_model_combinations, id, SymbolicWorld,                                                \
    (.blocks = 10 * num_groups, .tokens = 55, .hashes = 3, .requests = 2, .groups = num_groups), {__VA_ARGS__})

#define KVSPEC_SEED_COMBINATION_CASES(X)                                                                      \
  KVSPEC_SEED_COMBINATION(X, "2g_full+sw", 2, Layer::full, Layer::sliding_window)                             \
  KVSPEC_SEED_COMBINATION(X, "2g_full+mamba", 2, Layer::full, Layer::mamba)                                   \
  KVSPEC_SEED_COMBINATION(X, "2g_sw+mamba", 2, Layer::sliding_window, Layer::mamba)                           \
  KVSPEC_SEED_COMBINATION(X, "2g_sw+sw_large", 2, Layer::sliding_window, Layer::sliding_window_large)         \
  KVSPEC_SEED_COMBINATION(X, "3g_full+2sw", 3, Layer::full, Layer::sliding_window, Layer::sliding_window)     \
  KVSPEC_SEED_COMBINATION(X, "3g_full+2mamba", 3, Layer::full, Layer::mamba, Layer::mamba)                    \
  KVSPEC_SEED_COMBINATION(X, "3g_full+sw+mamba", 3, Layer::full, Layer::sliding_window, Layer::mamba)         \
  KVSPEC_SEED_COMBINATION(X, "3g_full+sw+sw_large", 3, Layer::full, Layer::sliding_window,                    \
                          Layer::sliding_window_large)                                                        \
  KVSPEC_SEED_COMBINATION(X, "3g_2full+sw", 3, Layer::full, Layer::full, Layer::sliding_window)               \
  KVSPEC_SEED_COMBINATION(X, "3g_2full+mamba", 3, Layer::full, Layer::full, Layer::mamba)                     \
  KVSPEC_SEED_COMBINATION(X, "4g_interleaved_full+sw+sw_large", 4, Layer::full, Layer::sliding_window,        \
                          Layer::full, Layer::sliding_window_large)                                           \
  KVSPEC_SEED_COMBINATION(X, "4g_interleaved_full+mamba", 4, Layer::full, Layer::mamba, Layer::full,          \
                          Layer::mamba)                                                                       \
  KVSPEC_SEED_COMBINATION(X, "4g_interleaved_full+sw_mixed", 4, Layer::full, Layer::sliding_window,           \
                          Layer::full, Layer::sliding_window_large)                                           \
  KVSPEC_SEED_COMBINATION(X, "4g_sw+mamba+sw_large+mamba", 4, Layer::sliding_window, Layer::mamba,            \
                          Layer::sliding_window_large, Layer::mamba)                                          \
  KVSPEC_SEED_COMBINATION(X, "4g_2full+sw+mamba", 4, Layer::full, Layer::full, Layer::sliding_window,         \
                          Layer::mamba)

#define KVSPEC_SEED_RETENTION_CASES(X)                                                                        \
  X(test_hybrid_local_kv_retention_interval_aligns_in_manager, "", SymbolicWorld,                             \
    (.blocks = 100, .tokens = 128, .hashes = 16, .hash = 128))                                                \
  X(test_hybrid_local_kv_retention_interval_rejects_invalid, "33", SymbolicWorld, (.blocks = 100), 33)        \
  X(test_hybrid_local_kv_retention_interval_rejects_invalid, "minus_32", SymbolicWorld, (.blocks = 100), -32) \
  X(test_hybrid_local_kv_retention_latest_only_reuses_replay_boundary, "", SymbolicWorld,                     \
    (.blocks = 100, .tokens = 128, .hashes = 16, .requests = 2, .hash = 128))                                 \
  X(test_hybrid_local_kv_retention_mtp_reuses_latest_boundary, "", SymbolicWorld,                             \
    (.blocks = 100, .tokens = 127, .hashes = 15, .hash = 128))                                                \
  X(test_pure_swa_retention_interval_caches_sparse_tails, "", SymbolicWorld,                                  \
    (.blocks = 100, .tokens = 256, .hashes = 16, .requests = 2))                                              \
  X(test_pure_swa_retention_latest_only, "", SymbolicWorld,                                                   \
    (.blocks = 100, .tokens = 256, .hashes = 16, .requests = 2))                                              \
  X(test_pure_swa_retention_dense_default_caches_all, "", SymbolicWorld,                                      \
    (.blocks = 100, .tokens = 256, .hashes = 16))                                                             \
  X(test_can_fit_full_sequence_swa_cap_admits_long_prompt, "", SymbolicWorld,                                 \
    (.blocks = 78, .tokens = 512, .hashes = 32))                                                              \
  X(test_can_fit_full_sequence_full_attention_still_gates_oversized, "", SymbolicWorld,                       \
    (.blocks = 16, .tokens = 256, .hashes = 16))

// Not in fixed storage: a pool of 800 blocks whose hashes have up to 64 digests of 32 bytes, in values that hold each
// hash at its largest, is 20 MB for each copy of a state. Its theorem, proofs/compile_time/seed_recycling.cpp, has a
// storage of its own.
#define KVSPEC_SEED_GROWING_CASES(X)                                                                          \
  X(test_hybrid_local_kv_retention_interval_survives_recycling, "", , ())

#define KVSPEC_SEED_FIXED_CASES(X)  \
  KVSPEC_SEED_PREFILL_CASES(X)      \
  KVSPEC_SEED_HYBRID_CASES(X)       \
  KVSPEC_SEED_COMBINATION_CASES(X)  \
  KVSPEC_SEED_EVICTION_CASES(X)     \
  KVSPEC_SEED_HASHING_CASES(X)      \
  KVSPEC_SEED_EVENT_CASES(X)        \
  KVSPEC_SEED_EAGLE_CASES(X)        \
  KVSPEC_SEED_RETENTION_CASES(X)

#define KVSPEC_SEED_CASES(X)  \
  KVSPEC_SEED_FIXED_CASES(X)  \
  KVSPEC_SEED_GROWING_CASES(X)

// The capacities in parentheses, which protect their commas from the preprocessor, as a type.
#define KVSPEC_SEED_LIMITS(...) ::kvspec::seed::Limits<::kvspec::seed::Capacities{__VA_ARGS__}>
// clang-format on
