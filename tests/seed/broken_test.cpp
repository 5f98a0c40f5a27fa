// Every case fails on some broken manager, and every fault is seen by some case.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/seed/broken_world.hpp"
#include "tests/seed/cases.hpp"

namespace kvspec::seed {
namespace {

struct BrokenCase {
  std::string name;
  Verdict (*run)();
};

const std::vector<BrokenCase>& broken_cases() {
#define KVSPEC_BROKEN_SEED_CASE(name, parameters, world, limits, ...) \
  {#name "/" parameters, [] { return name<BrokenWorld>(__VA_ARGS__); }},
  static const std::vector<BrokenCase> cases = {KVSPEC_SEED_CASES(KVSPEC_BROKEN_SEED_CASE)};
#undef KVSPEC_BROKEN_SEED_CASE
  return cases;
}

std::vector<std::string> failing_with(Fault fault) {
  current_fault = fault;
  std::vector<std::string> failing;
  for (const BrokenCase& c : broken_cases()) {
    if (!c.run().passed()) failing.push_back(c.name);
  }
  current_fault = Fault::none;
  return failing;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

TEST(BrokenSeed, without_a_fault_every_case_passes) { EXPECT_TRUE(failing_with(Fault::none).empty()); }

TEST(BrokenSeed, every_fault_fails_a_case_and_every_case_fails) {
  std::vector<std::string> failed_once;
  for (int fault = 1; fault <= static_cast<int>(last_fault); ++fault) {
    const std::vector<std::string> failing = failing_with(static_cast<Fault>(fault));
    EXPECT_FALSE(failing.empty()) << "no case sees fault number " << fault;
    EXPECT_LT(failing.size(), broken_cases().size()) << "every case fails with fault number " << fault;
    failed_once.insert(failed_once.end(), failing.begin(), failing.end());
  }
  for (const BrokenCase& c : broken_cases()) {
    EXPECT_TRUE(contains(failed_once, c.name)) << c.name << " passes with every fault";
  }
}

// The verdict names what failed: the order of the queue after both requests are freed.
TEST(BrokenSeed, verdict_names_the_expression) {
  current_fault = Fault::frees_from_first_to_last;
  const Verdict verdict = test_evict<BrokenWorld>();
  current_fault = Fault::none;
  EXPECT_FALSE(verdict.passed());
  EXPECT_EQ(verdict.expression, "manager.free_queue() == Ids<W>{10, 6, 5, 4, 3, 2, 1, 9, 8, 7}");
}

// Each fault is seen by the case that is about it.
TEST(BrokenSeed, faults_fail_the_cases_about_them) {
  const struct {
    Fault fault;
    const char* name;
  } expected[] = {
      {Fault::frees_from_first_to_last, "test_prefill/sha256"},
      {Fault::allocates_beside_the_hit, "test_computed_blocks_not_evicted/"},
      {Fault::touches_hits_it_refuses, "test_prefill_not_enough_free_blocks_with_computed_blocks/"},
      {Fault::never_caches, "test_decode/"},
      {Fault::keeps_hashes_of_taken_blocks, "test_hash_block_correct_reuse/"},
      {Fault::hashes_tokens_alone, "test_mm_prefix_caching/"},
      {Fault::hashes_tokens_alone, "test_cache_key_salting/"},
      {Fault::hashes_tokens_alone, "test_kv_cache_events_with_lora/2"},
      {Fault::uses_the_other_hash_function, "test_prefill/sha256_cbor"},
      {Fault::reads_cache_for_everyone, "test_prefill_plp/"},
      {Fault::ignores_eagle, "test_eagle_enabled_removes_last_block/"},
      {Fault::ignores_eagle, "test_eagle_with_partial_blocks/"},
      {Fault::caches_although_disabled, "test_basic_prefix_caching_disabled/"},
      {Fault::counts_although_disabled, "test_prefix_cache_stats_disabled/"},
      {Fault::knows_group_0_only, "test_cache_blocks_multi_group/"},
      {Fault::knows_group_0_only, "test_block_removed_event_group_idx/2"},
      {Fault::knows_group_0_only, "test_block_stored_event_group_idx_out_of_bounds/"},
      {Fault::caches_one_block_less, "test_cache_blocks/sha256"},
      {Fault::evicts_the_whole_key, "test_maybe_evict_cached_block/"},
      {Fault::claims_to_have_reset, "test_reset_prefix_cache/"},
      {Fault::loses_removed_events, "test_kv_cache_events/10"},
      {Fault::loses_parents, "test_null_parent_block_hash/"},
      {Fault::finds_the_last_duplicate, "test_block_lookup_cache_multi_blocks_per_key/"},
      {Fault::pops_whatever_is_first, "test_block_lookup_cache_single_block_per_key/"},
      {Fault::ignores_eagle, "test_prefill_hybrid_model_eagle/"},
      {Fault::ignores_eagle, "test_prefill_hybrid_model_combinations_eagle/2g_full+sw"},
      {Fault::ignores_eagle, "test_eagle_with_sliding_window/"},
      {Fault::knows_group_0_only, "test_block_stored_event_group_idx/1"},
      {Fault::never_caches, "test_prefill_hybrid_model_combinations/2g_sw+sw_large"},
      {Fault::looks_up_the_first_group_only, "test_prefill_hybrid_model/"},
      {Fault::looks_up_the_first_group_only, "test_different_block_size/"},
      {Fault::caches_masked_blocks, "test_hybrid_cache_blocks_swa_tail_window_only/"},
      {Fault::caches_beyond_the_alignment, "test_hybrid_cache_blocks_clamped_to_lcm/"},
      {Fault::caches_no_block_for_the_drop, "test_eagle_swa_alignment_caches_extra_block/"},
      {Fault::caches_no_block_for_the_drop, "test_eagle_swa_boundary_caches_post_boundary_block/"},
      {Fault::caches_no_block_for_the_drop, "test_eagle_grouped_swa_siblings_use_same_cache_mask/"},
      {Fault::ignores_retention, "test_hybrid_local_kv_retention_interval_aligns_in_manager/"},
      {Fault::ignores_retention, "test_hybrid_local_kv_retention_interval_rejects_invalid/33"},
      {Fault::ignores_retention, "test_hybrid_local_kv_retention_interval_rejects_invalid/minus_32"},
      {Fault::ignores_retention, "test_hybrid_local_kv_retention_interval_survives_recycling/"},
      {Fault::ignores_retention, "test_pure_swa_retention_interval_caches_sparse_tails/"},
      {Fault::forgets_the_replay_boundary, "test_hybrid_local_kv_retention_latest_only_reuses_replay_boundary/"},
      {Fault::forgets_the_replay_boundary, "test_hybrid_local_kv_retention_mtp_reuses_latest_boundary/"},
      {Fault::forgets_the_replay_boundary, "test_pure_swa_retention_latest_only/"},
      {Fault::ignores_the_gate, "test_can_fit_full_sequence_full_attention_still_gates_oversized/"},
      {Fault::ignores_the_admission_cap, "test_can_fit_full_sequence_swa_cap_admits_long_prompt/"},
      {Fault::frees_windows_like_full_attention, "test_swa_free_split_keeps_cached_tail_ahead_of_scratch/"},
      {Fault::describes_the_next_group, "test_block_stored_event_group_idx_multiple_groups/"},
      {Fault::keeps_every_state, "test_prefill_hybrid_model_mamba_align/"},
      {Fault::never_starts_a_step, "test_prefill_hybrid_model_combinations/4g_interleaved_full+mamba"},
  };
  for (const auto& e : expected) {
    EXPECT_TRUE(contains(failing_with(e.fault), e.name))
        << e.name << " passes with fault " << static_cast<int>(e.fault);
  }
}

}  // namespace
}  // namespace kvspec::seed
