// The clause registry: every rule of the specification, once. The normative text (docs/specification.md) carries the
// same ids, kinds, origins and sentences and adds formulas and examples; a test fails when text, registry and code
// disagree.
//
// Origin: "S n" is rule n read off the recorded system, "test_..." a test of the seed, "B" a defect and "C" an
// invariant of the catalogue of real bugs, "D" a decision of this specification where the recorded system has no rule.
// The numbers are those of the project's source documents; nothing there is needed to understand a clause.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "spec/execution.hpp"

namespace kvspec {

enum class ClauseKind : std::uint8_t {
  effect,     // what a command does
  rejection,  // what an input must satisfy; breaking it gives an Error with this clause and changes nothing
  invariant,  // what every reachable state satisfies, some only while callers keep what they owe
  deviation,  // what the recorded system does where it has a defect; the other clauses say what is right
};

// X(enumerator, id, kind, origin, sentence)
// clang-format off
#define KVSPEC_CLAUSES(X) \
  X(hash_01, "HASH-01", effect, "S 1; test_prefill", "The hash of a block is H over its parent's digest (or the none hash), the tuple of its token ids, and its extra keys or None.") \
  X(hash_02, "HASH-02", effect, "S 2; test_prefill", "sha256_cbor is SHA-256 over the canonical CBOR of that triple.") \
  X(hash_03, "HASH-03", effect, "S 3; test_prefill", "sha256 is SHA-256 over the protocol-5 pickle of that triple, every object written out in full.") \
  X(hash_04, "HASH-04", effect, "S 4", "With a seed the none hash is H of the seed string; otherwise the configuration gives its bytes.") \
  X(hash_05, "HASH-05", effect, "S 3", "A pickle frame that has reached 64 KiB ends before the next object, and an object of 64 KiB or more stands outside any frame.") \
  X(hash_06, "HASH-06", effect, "S 5; test_mm_prefix_caching; test_cache_key_salting", "The extra keys of a block are, in this order, the pair of \"lora\" and the LoRA name, the multimodal items that overlap the block, on the first block the pair of \"salt\" and the cache salt if that is not empty, and the digest of the block's prompt-embedding rows; none of them is None.") \
  X(hash_07, "HASH-07", effect, "S 7; test_mm_prefix_caching", "Multimodal items are considered in order: one that ends at or before the block's start is passed over, one that starts before the block's end gives its identifier and its offset from the block's start, which may be negative, and the first that does not end inside the block is the last considered; a block that starts at or after the end of the request's last item has none.") \
  X(hash_08, "HASH-08", effect, "C I7", "Hashing considers every multimodal item, whether the tokens of a block came with the request or were appended, so that the hashes of a request follow from what it holds.") \
  X(hash_09, "HASH-09", effect, "S 5", "With prompt embeddings every block has a digest key: SHA-256 of its rows as little-endian float32, which is SHA-256 of nothing past the prompt.") \
  X(hash_10, "HASH-10", effect, "S 8", "A group whose blocks span k hash blocks uses the concatenation of the k digests as the hash of a block.") \
  X(hash_11, "HASH-11", effect, "S 9; test_block_removed_event_group_idx", "The index key of a block is its hash and its group, written as the hash followed by the group in four big-endian bytes.") \
  X(hash_12, "HASH-12", effect, "S 8; test_prefill", "A request of n tokens has floor(n / hash block size) hashes; with caching off it has none.") \
  X(hash_13, "HASH-13", effect, "D", "With hash_bits = b every digest keeps only its last b bits, so that collisions can be forced.") \
  X(hash_14, "HASH-14", effect, "S 4", "xxhash and xxhash_cbor are XXH3 with 128 bits in its canonical, big-endian form, over the bytes that sha256 and sha256_cbor hash; the model takes XXH3 from a library and is not constexpr with them.") \
  X(req_01, "REQ-01", rejection, "D", "A new request has an id that no live request has.") \
  X(req_02, "REQ-02", rejection, "D", "A command that names a request names a live one.") \
  X(req_03, "REQ-03", rejection, "D", "A new request has at least one token.") \
  X(req_04, "REQ-04", rejection, "S 7", "The multimodal items of a request are ordered by offset.") \
  X(req_05, "REQ-05", rejection, "S 5", "Prompt embeddings have one row per prompt token, all of one width of at least 1.") \
  X(req_06, "REQ-06", effect, "S 5", "The prompt tokens of a request with prompt embeddings are all 0.") \
  X(req_07, "REQ-07", effect, "test_decode", "Appended tokens extend the request one by one, and each block they fill extends its hashes.") \
  X(req_08, "REQ-08", effect, "S 19", "A request that asks for prompt log-probabilities, even 0 of them, never reads the prefix cache.") \
  X(pool_01, "POOL-01", effect, "S 10", "Block 0 is the null block: taken out of the free queue at construction, never allocated, freed, cached or counted.") \
  X(pool_02, "POOL-02", effect, "S 10; test_prefill", "The free queue starts as the blocks 1 to num_blocks - 1 in that order.") \
  X(pool_03, "POOL-03", effect, "S 12; test_evict", "Allocation takes blocks from the head of the free queue, evicts the hash of each in that order, and sets each reference count to 1.") \
  X(pool_04, "POOL-04", rejection, "S 12", "No more blocks are taken from the pool than are free.") \
  X(pool_05, "POOL-05", effect, "S 13; test_prefill", "Touching a block other than the null block removes it from the free queue if its reference count is 0, and adds 1 to the count.") \
  X(pool_06, "POOL-06", effect, "S 14; test_evict", "Freeing decrements every listed block first and then appends those that reached 0, each once and in the order they are first listed, to the tail of the free queue; the null block is left alone.") \
  X(pool_07, "POOL-07", effect, "S 14", "Freeing with prepend puts those blocks at the head of the free queue instead, the first listed first.") \
  X(pool_08, "POOL-08", rejection, "D", "A pool-level command frees or caches only blocks that pool-level commands hold, and frees each at most as often as it is held.") \
  X(pool_09, "POOL-09", effect, "S 11; test_block_lookup_cache_multi_blocks_per_key", "A key may hold several blocks in insertion order; a look-up returns the first; duplicates are never merged.") \
  X(pool_10, "POOL-10", effect, "S 11; test_maybe_evict_cached_block", "Evicting a block removes that block alone from its key and clears its hash; the size of the index counts keys that hold a block.") \
  X(pool_11, "POOL-11", effect, "S 17", "evict_blocks removes hashes only: reference counts, queue positions and cached counts stay.") \
  X(pool_12, "POOL-12", rejection, "S 17", "A block id is below num_blocks.") \
  X(pool_13, "POOL-13", effect, "S 18; test_reset_prefix_cache", "Reset succeeds if and only if no block but the null block is used; it then clears every hash and the index and keeps the queue's order.") \
  X(pool_14, "POOL-14", effect, "S 10", "Usage is 1 - free / (num_blocks - 1), and 0 if there is no block but the null block.") \
  X(look_01, "LOOK-01", effect, "S 19; test_eagle_enabled_removes_last_block", "A look-up considers at most num_tokens - 1 tokens, so that the last token is always computed.") \
  X(look_02, "LOOK-02", effect, "S 19; test_prefill_plp", "With caching off, or for a request that never reads the prefix cache, the answer is empty and no statistics are recorded.") \
  X(look_03, "LOOK-03", effect, "S 21; test_prefill", "Full attention hits the longest run of cached blocks from the left, cut to the alignment: the block size of a single group, the scheduler block size of several.") \
  X(look_04, "LOOK-04", effect, "S 21; S 24; test_eagle_with_partial_blocks", "An EAGLE group - one that is flagged, one whose spec a flagged group shares, or any group if use_eagle is set and none is flagged - drops the last block of a non-empty hit and cuts it to the alignment again; a state-space group drops nothing.") \
  X(look_05, "LOOK-05", effect, "S 20", "A hit that is empty in every group is the empty value: passing it to allocate_slots is the same as passing none.") \
  X(look_06, "LOOK-06", effect, "C I29", "A look-up changes nothing but the statistics and the hit remembered for the request.") \
  X(look_07, "LOOK-07", effect, "S 22; test_different_block_size", "A sliding-window group hits the rightmost run of r = max(cdiv(window - 1, block size), 1) cached blocks, r + 1 in an EAGLE group, that ends, the dropped block left out, at the alignment; the blocks before the run are null.") \
  X(look_08, "LOOK-08", effect, "S 22", "Where no run of a sliding-window group is long enough, the run at the left end is the hit, cut to the alignment.") \
  X(look_09, "LOOK-09", effect, "S 27", "A chunked group hits, without asking, every block before the chunk in which the longest hit considered ends, as null blocks, and then the run of cached blocks from there.") \
  X(look_10, "LOOK-10", effect, "S 28; test_prefill_hybrid_model_mamba_align", "A state-space group hits the rightmost cached block that ends at the alignment, with null blocks before it.") \
  X(look_11, "LOOK-11", effect, "S 23; test_prefill_hybrid_model_combinations", "Groups of equal specs, the EAGLE flag aside, are looked up together, and a block is a hit only where each of them has it cached; specs are considered in order of first appearance, full attention before all others.") \
  X(look_12, "LOOK-12", effect, "S 23; test_prefill_hybrid_model; test_prefill_hybrid_model_combinations", "With several groups the common length starts at num_tokens - 1, each spec in turn lowers it to its own hit within it, and this repeats until no spec lowers it; if there are two specs and the first is full attention, one turn is enough.") \
  X(look_13, "LOOK-13", effect, "S 23", "Full attention is looked up in the first turn only; later it rounds the common length down to its block size.") \
  X(look_14, "LOOK-14", effect, "S 24; test_prefill_hybrid_model_eagle; test_prefill_hybrid_model_combinations_eagle; test_eagle_with_sliding_window", "In several groups, a spec that drops its last block is looked up to one block beyond the common length, num_tokens - 1 at most, and is then verified: it drops nothing more, until a look-up that dropped nothing lowers the length.") \
  X(look_15, "LOOK-15", effect, "S 23; C I10", "At the end every full attention hit is cut to the common length, so that the hits of all groups have that length.") \
  X(alloc_01, "ALLOC-01", rejection, "S 44", "An allocation has new tokens or external tokens.") \
  X(alloc_02, "ALLOC-02", rejection, "D", "num_new_computed_tokens is the length in tokens of the hit that is passed, 0 if none is.") \
  X(alloc_03, "ALLOC-03", rejection, "S 31", "A group takes a hit only if it holds no block of the request and has no cached count of it, and external tokens only if it holds none or has one; cross attention groups take neither.") \
  X(alloc_04, "ALLOC-04", rejection, "C I9", "Each block of a passed hit still carries the hash that the look-up found.") \
  X(alloc_05, "ALLOC-05", rejection, "D", "The computed tokens of the request before the call lie in blocks it holds, cross attention groups aside.") \
  X(alloc_06, "ALLOC-06", rejection, "D", "Computed, hit, external and new tokens together stay within max_model_len.") \
  X(alloc_07, "ALLOC-07", effect, "S 29; S 30; test_can_fit_full_sequence_full_attention_still_gates_oversized", "With full_sequence_must_fit the request is refused unless the blocks its whole sequence needs, each group's at most its admission cap, are free; a refusal here changes nothing.") \
  X(alloc_08, "ALLOC-08", effect, "S 31; test_prefill_not_enough_free_blocks_with_computed_blocks", "The need of a request with a cached count is max(required - held, 0); otherwise max(required - max(skipped, hits + held), 0) plus the hits from place max(skipped - held, 0) on that are not null and have a reference count of 0.") \
  X(alloc_09, "ALLOC-09", effect, "S 29; test_prefill_not_enough_free_blocks_with_computed_blocks", "After the gate the blocks of skipped tokens are freed; if then the need exceeds the free blocks the answer is null and no hit is touched.") \
  X(alloc_10, "ALLOC-10", effect, "S 33; test_prefill", "Taking a hit, or loading external tokens with an empty one, touches the blocks of the hit that are not skipped, in every group before any block is allocated, makes them, after a null block for each skipped one, the head of the block table, and sets the cached count to its length, also when caching is delayed or off.") \
  X(alloc_11, "ALLOC-11", effect, "S 33", "For external tokens the table of a request without a cached count, once the hit is taken, grows to cdiv(total, block size) blocks, total being computed, hit and external tokens together, before the blocks for new tokens, unless all of the total is skipped.") \
  X(alloc_12, "ALLOC-12", effect, "S 30; test_prefill; test_decode", "The block table grows to cdiv(min(total + new + lookahead, max_model_len), block size) blocks, total being computed, hit and external tokens together; the blocks this adds are the answer.") \
  X(alloc_13, "ALLOC-13", effect, "S 30; test_decode", "Unless caching is off or delayed, blocks are then cached up to min(total + new, num_tokens) tokens, total being computed, hit and external tokens together.") \
  X(alloc_14, "ALLOC-14", effect, "S 44", "Under context parallelism the block size of a group is its own times the decode and prefill world sizes.") \
  X(alloc_15, "ALLOC-15", effect, "S 38", "Blocks that full attention and MLA groups allocate are listed until take_new_block_ids drains them or they are freed.") \
  X(alloc_16, "ALLOC-16", effect, "S 32; test_can_fit_full_sequence_swa_cap_admits_long_prompt", "The admission cap of a sliding-window group is cdiv(min(window - 1 + max_num_batched_tokens, max_model_len), block size) + 1, that of a chunked group cdiv(min(chunk + max_num_batched_tokens, max_model_len), block size); other groups have none, and it applies at the gate only.") \
  X(alloc_17, "ALLOC-17", effect, "S 43", "A cross attention group takes no hit and no external tokens; its table has cdiv(num_encoder_tokens, block size) blocks.") \
  X(alloc_18, "ALLOC-18", rejection, "S 37", "Under the recorded semantics, an allocation that is not refused neither needs a shorter table of an aligned state-space group nor takes more blocks than are free.") \
  X(alloc_19, "ALLOC-19", rejection, "B LAT-18", "A request that must fit as a whole needs at most the num_blocks - 1 blocks there are, each group's share at most its admission cap.") \
  X(cache_01, "CACHE-01", effect, "S 30; test_cache_blocks; test_cache_blocks_multi_group", "Caching up to n tokens does nothing unless floor(n / block size) exceeds the cached count (0 if absent); otherwise it gives each block in between its hash, enters it in the index, and moves the cached count there.") \
  X(cache_02, "CACHE-02", rejection, "D", "The range to cache lies within the block table.") \
  X(cache_03, "CACHE-03", rejection, "S 12", "The range to cache lies within the request's hashes.") \
  X(cache_04, "CACHE-04", rejection, "S 12", "A block to cache has no hash yet.") \
  X(cache_05, "CACHE-05", effect, "S 39; test_null_parent_block_hash", "Null blocks and masked blocks in the range are passed over; the cached count moves past them.") \
  X(cache_06, "CACHE-06", effect, "S 43", "cache_blocks does nothing when caching is off.") \
  X(cache_07, "CACHE-07", effect, "S 34; test_hybrid_cache_blocks_clamped_to_lcm; test_eagle_swa_boundary_caches_post_boundary_block", "Several groups cache up to n tokens rounded down to the scheduler block size, an EAGLE group also the block after those, if the rounded n is not 0 and n covers it; a single group does not round.") \
  X(cache_08, "CACHE-08", effect, "S 25; test_hybrid_cache_blocks_swa_tail_window_only; test_eagle_swa_alignment_caches_extra_block; test_eagle_grouped_swa_siblings_use_same_cache_mask", "A sliding-window group caches, of each segment of scheduler block size tokens, the last r blocks, r as in LOOK-07, an EAGLE group the last r + 1, shifted by one block; all of them where that many reach the segment.") \
  X(cache_09, "CACHE-09", effect, "S 25; S 26; test_pure_swa_retention_interval_caches_sparse_tails; test_pure_swa_retention_latest_only; test_hybrid_local_kv_retention_mtp_reuses_latest_boundary", "With a retention interval the segments have that length, 0 meaning none, and a sliding-window group also caches as many blocks before the replay boundary: floor((num_prompt_tokens - 1) / scheduler block size) scheduler blocks, shifted by one block in an EAGLE group.") \
  X(free_01, "FREE-01", effect, "S 15; test_evict", "Freeing a request frees the block table of each group in turn, from its last block to its first, and forgets its table and cached count; sliding-window groups have an order of their own.") \
  X(free_02, "FREE-02", effect, "S 43", "Freeing a request that holds no blocks changes nothing in the pool.") \
  X(free_03, "FREE-03", effect, "S 43", "A dropped request is gone and its id may be used again; one that is not dropped is preempted and keeps its tokens and hashes.") \
  X(free_04, "FREE-04", effect, "S 35", "The first tokens that no later token attends to are skipped: of n computed tokens none in full and cross attention, max(n - window + 1, 0) in a sliding window, n rounded down to whole chunks in chunked attention, n - 1 in a state-space group; a block is skipped when all its tokens are.") \
  X(free_05, "FREE-05", effect, "S 42", "The common prefix of a full attention group is the number of leading blocks of the request whose reference count equals the number of block tables of the group; that of another group, and with caching off any, is 0.") \
  X(free_06, "FREE-06", effect, "B R-07", "Asking about a request gives it no block table: a request without one has no common prefix, no skipped blocks and nothing held.") \
  X(free_07, "FREE-07", effect, "S 16", "Skipped blocks are freed from the last to the first, those with a hash to the tail of the free queue, then those without one to its head, and a null block takes the place of each.") \
  X(free_08, "FREE-08", effect, "S 15; test_swa_free_split_keeps_cached_tail_ahead_of_scratch", "Freeing a table of a sliding-window group puts its cached blocks, from the last to the first, at the tail of the free queue, then its other blocks in the same order at the head.") \
  X(free_09, "FREE-09", effect, "S 35; S 37", "When a state-space group frees skipped blocks, they follow from the certain tokens: the computed ones less num_speculative_blocks, 0 at least.") \
  X(mamba_01, "MAMBA-01", effect, "S 36", "In the modes none and all a state-space group needs and gets num_speculative_blocks blocks more than its slots take.") \
  X(mamba_02, "MAMBA-02", effect, "S 36", "A block cached since the step started holds no state yet: a request whose hit ends with one is refused until new_step_starts.") \
  X(mamba_03, "MAMBA-03", effect, "S 37", "In the mode align lookahead is left out: the table has cdiv(total + new, block size) + num_speculative_blocks blocks, total being computed, hit and external tokens together, of which the running state, the speculative blocks and, until they are freed, earlier states are real and all others null.") \
  X(mamba_04, "MAMBA-04", effect, "S 37", "In the mode align the need is what the table lacks of its length once the hit is taken and external tokens have their block, clamped to at least 0 and at most 1 if the request has a running state, 1 + num_speculative_blocks if it has none; plus that block, plus the hits that are not skipped and have a reference count of 0. ALLOC-19 reckons with 1 + num_speculative_blocks.") \
  X(mamba_05, "MAMBA-05", effect, "S 37", "In the mode align a table grows by null blocks up to the running state, the speculative blocks of the step before, moved to the end, and new blocks for what is left; the answer is the table from its previous length on, null and moved blocks included.") \
  X(mamba_06, "MAMBA-06", effect, "S 37", "In the mode align a table that grows notes the place of its last state: its previous length - 1 - num_speculative_blocks, or its previous length - 1 where the state came with a hit.") \
  X(event_01, "EVENT-01", effect, "S 39; B LAT-24; test_kv_cache_events", "A caching call emits, for each run of neighbouring blocks it stored in a group, one BlockStored.") \
  X(event_02, "EVENT-02", effect, "S 39; B LAT-24; test_null_parent_block_hash; test_kv_cache_events_with_lora", "BlockStored has the hashes of the run, the hash before it as parent (None at 0), the tokens of the run, the group's block size, the LoRA's id and name, and the extra keys of each block of the run.") \
  X(event_03, "EVENT-03", effect, "S 40", "A hash in an event is the integer of its last eight bytes, big-endian, or with events_int_hashes off its bytes.") \
  X(event_04, "EVENT-04", effect, "S 12; test_kv_cache_events", "Each eviction emits one BlockRemoved with the hash and the group.") \
  X(event_05, "EVENT-05", effect, "S 18; test_kv_cache_events", "A successful reset emits AllBlocksCleared, also with caching off.") \
  X(event_06, "EVENT-06", effect, "S 41; test_kv_cache_events; test_block_stored_event_group_idx; test_block_stored_event_group_idx_out_of_bounds", "take_events adds the kind and sliding window of the group to each BlockStored; one whose group does not exist is returned without.") \
  X(event_07, "EVENT-07", effect, "S 41; test_kv_cache_events", "take_events drains the queue; with events off nothing is ever queued.") \
  X(stat_01, "STAT-01", effect, "S 19; B LAT-23", "A look-up that read the cache is counted, once, when its request is next given slots: one request, its number of tokens and its hit tokens; the look-ups of preempted requests are counted apart.") \
  X(stat_02, "STAT-02", effect, "S 18", "Taking the statistics returns them and starts afresh; a successful reset marks them.") \
  X(stat_03, "STAT-03", effect, "test_prefix_cache_stats_disabled", "With log_stats off the statistics stay zero and unmarked.") \
  X(conf_01, "CONF-01", rejection, "D", "num_blocks is between 1 and 2^24.") \
  X(conf_02, "CONF-02", rejection, "D", "Every block size is between 1 and 2^20 tokens, and so is each product with the context-parallel world sizes.") \
  X(conf_03, "CONF-03", rejection, "S 44", "With caching on, the block size of a single group times the context-parallel world sizes is the hash block size.") \
  X(conf_04, "CONF-04", rejection, "S 44", "With caching on, the hash block size divides the block size of every group, and num_blocks blocks of it have at most 2^32 hash blocks.") \
  X(conf_05, "CONF-05", rejection, "D", "The scheduler block size is a multiple of the hash block size and of the block size of every group.") \
  X(conf_06, "CONF-06", rejection, "S 44", "With caching on there is at least one group, and several groups do not all have one spec.") \
  X(conf_07, "CONF-07", rejection, "S 26; S 44; test_hybrid_local_kv_retention_interval_rejects_invalid", "A retention interval needs a sliding-window group, is not negative, and is a multiple of the scheduler block size.") \
  X(conf_08, "CONF-08", rejection, "D", "max_model_len and, if present, max_num_batched_tokens are between 1 and 2^31 - 1.") \
  X(conf_09, "CONF-09", rejection, "D", "The context-parallel world sizes are between 1 and 1024; they are 1 unless every group is full attention or MLA and, with caching on, there is one group.") \
  X(conf_10, "CONF-10", rejection, "D", "A group has exactly the parameters of its kind, each in range: a window or chunk of at least 1 token, a mamba cache mode.") \
  X(conf_11, "CONF-11", rejection, "D", "The none hash has 16 or 32 bytes.") \
  X(conf_12, "CONF-12", rejection, "D", "hash_bits is between 1 and 256.") \
  X(conf_13, "CONF-13", rejection, "S 27", "With caching on there is no cross attention group, a chunked group is not an EAGLE group, and a chunked group among others has the scheduler block size.") \
  X(dev_01, "DEV-01", deviation, "B LAT-01", "Recorded: each group takes its hit and is given blocks for external tokens before the next group takes its hit, so that one group can be given a block of another's hit.") \
  X(dev_02, "DEV-02", deviation, "B LAT-02; S 28", "Recorded: a state-space group of an EAGLE spec is looked up one block beyond the common length like one that drops its last block, but drops none, so that the hit can exceed that of the other groups.") \
  X(dev_03, "DEV-03", deviation, "B LAT-03; S 37", "Recorded: when a step needs fewer blocks than an aligned state-space group has, its need counts as a negative number, and an allocation that is not refused fails.") \
  X(dev_04, "DEV-04", deviation, "B LAT-06; S 6", "Recorded: when a request already has hashes, hashing the blocks that appended tokens fill considers the last multimodal item only; events consider all items.") \
  X(dev_05, "DEV-05", deviation, "B LAT-07; S 5", "Recorded: the LoRA name and the cache salt are bare texts among the extra keys, so that one can pass for the other.") \
  X(dev_06, "DEV-06", deviation, "S 42", "Recorded: asking for the common prefix of a full attention group, for the blocks that are skipped or for the need of an aligned state-space group gives a request without a block table an empty one, which counts as a table from then on.") \
  X(dev_07, "DEV-07", deviation, "S 23", "Recorded: only the full attention groups of the first spec are cut to the common length.") \
  X(dev_08, "DEV-08", deviation, "S 25", "Recorded: the run r of a sliding window of 1 token is 0 blocks, so that, unless it is an EAGLE group, it caches nothing and never hits.") \
  X(dev_09, "DEV-09", deviation, "B LAT-18", "Recorded: a request that can never fit is refused, again and again.") \
  X(dev_10, "DEV-10", deviation, "B LAT-21; S 38", "Recorded: a block that is freed stays listed as new until take_new_block_ids drains the list, which may be never.") \
  X(dev_11, "DEV-11", deviation, "B LAT-23; S 19", "Recorded: a look-up is counted at once, also if its request is refused and looks up again.") \
  X(dev_12, "DEV-12", deviation, "B LAT-24; S 39", "Recorded: a caching call of a group whose range is not empty emits one BlockStored with the tokens of the whole range, the hash before the range as parent, and the hashes of the blocks stored, even if there are none.") \
  X(dev_13, "DEV-13", deviation, "C I13", "Recorded: the need of an aligned state-space group leaves out the block that external tokens are given, and counts a hit that they make superfluous, so that an allocation can be refused for nothing or run out of free blocks halfway.") \
  X(dev_14, "DEV-14", deviation, "S 16; C I20", "Recorded: freeing skipped blocks stops at the first null block, so that in the mode align states that were left behind null blocks are kept until the request ends. Only the block of the last state is freed apart, at the tail, once its place is below cdiv(certain tokens, block size) - 1.") \
  X(trace_01, "TRACE-01", rejection, "D", "A trace is valid UTF-8 with one JSON value per line.") \
  X(trace_02, "TRACE-02", rejection, "D", "The first line of a trace is an object with the member config, every other line one with the member in, but for the record of a state that may follow an error.") \
  X(trace_03, "TRACE-03", rejection, "D", "The member op names an operation of the format.") \
  X(trace_04, "TRACE-04", rejection, "D", "An operation has exactly the members of the format, each of its type.") \
  X(trace_05, "TRACE-05", rejection, "D", "A number lies within the range of its member.") \
  X(trace_06, "TRACE-06", rejection, "D", "Nothing but a record of the state follows the line of an error.") \
  X(trace_07, "TRACE-07", rejection, "D", "A trace file can be read, has at least a configuration, and its replay fits into memory.") \
  X(engine_01, "ENGINE-01", rejection, "D", "The first answer of an engine is its hello: the protocol's version, who it is, and what it supports, the five operations that every engine performs included.") \
  X(engine_02, "ENGINE-02", rejection, "D", "Each request is answered by one line that is a JSON object with the answer that the request has.") \
  X(engine_03, "ENGINE-03", rejection, "D", "An answer is a whole line: the output of an engine does not end within one.") \
  X(engine_04, "ENGINE-04", rejection, "D", "An answer comes within the time limit.") \
  X(engine_05, "ENGINE-05", rejection, "D", "An engine that is asked answers, however late.") \
  X(engine_06, "ENGINE-06", rejection, "D", "An engine runs until its input ends.") \
  X(engine_07, "ENGINE-07", rejection, "D", "An engine performs every operation that its hello lists, and takes every valid configuration that it does not call unsupported.") \
  X(device_01, "DEVICE-01", rejection, "D", "Work for a CUDA device is asked of a build that has CUDA.") \
  X(device_02, "DEVICE-02", rejection, "D", "A CUDA device is present, with a driver that the build's CUDA runtime accepts.") \
  X(device_03, "DEVICE-03", rejection, "D", "The device has at least the compute capability that the build was compiled for.") \
  X(device_04, "DEVICE-04", rejection, "D", "What is put on a device fits into its memory.") \
  X(device_05, "DEVICE-05", rejection, "D", "Every other call of the CUDA runtime succeeds.") \
  X(device_06, "DEVICE-06", rejection, "D", "The encoding of a block that is hashed on a device has less than 64 KiB.") \
  X(scope_01, "SCOPE-01", rejection, "D", "A manager of bounded scope is given a configuration and commands that its scope holds.") \
  X(mode_01, "MODE-01", effect, "D", "Under ids, block ids are compared up to a renaming that is one to one, keeps the null block and does not change while a manager lives; all else is compared as it is.") \
  X(mode_02, "MODE-02", effect, "D", "Under order, the renaming of a free block that holds nothing cached may change when it is given out; the order of such blocks in the free queue is not compared, that of the others is.") \
  X(mode_03, "MODE-03", effect, "D", "Under no-events, configurations have no events and none are taken; all else is compared as it is.") \
  X(mode_04, "MODE-04", effect, "D", "Under no-hashes, the hashes of requests are not compared, configurations have no events and states are not asked for; all else is compared as it is.") \
  X(mode_05, "MODE-05", effect, "D", "Under eviction, which includes order, a manager is compared until a cached block is evicted to make room or a content is cached in a second block: of the allocation that evicts, what it refuses, how many blocks it gives to each group and how many are left free; of what a second block is cached by, nothing.") \
  X(i1, "I1", invariant, "C I1", "The free queue, walked forwards, is the reverse of the same walk backwards, holds num_free blocks and none twice.") \
  X(i2, "I2", invariant, "C I2", "A block other than the null block is in the free queue if and only if its reference count is 0.") \
  X(i3, "I3", invariant, "C I3", "The reference count of a block is the number of its occurrences in block tables plus the number of times pool-level commands hold it.") \
  X(i4, "I4", invariant, "C I4", "A block is in the tables of one group only and, unless hash_bits makes digests collide, at most once in each table.") \
  X(i5, "I5", invariant, "C I5", "The null block is not in the free queue and has no hash.") \
  X(i6, "I6", invariant, "C I6", "A block has a hash if and only if the index holds it under exactly that key, and no key is empty.") \
  X(i7, "I7", invariant, "C I7", "A request has floor(num_tokens / hash block size) hashes with caching on and none with caching off, and the same request - tokens, LoRA, items, salt, embeddings - always gets the same hashes, whether its tokens came at once or were appended.") \
  X(i8, "I8", invariant, "C I8", "Two blocks of different content - the tokens up to the end of the block, LoRA, items and their offsets, salt, embeddings - never have the same hash, unless hash_bits makes digests collide.") \
  X(i9, "I9", invariant, "C I9", "Every position of a hit that is read holds what the request itself would have computed there.") \
  X(i10, "I10", invariant, "C I10", "A hit has the same length in tokens in every group, at most num_tokens - 1, and a multiple of the scheduler block size or, with a single group, of its block size.") \
  X(i11, "I11", invariant, "C I11", "Each group alone supports a hit: full attention has every block of it cached, a sliding window the run before its end, chunks the blocks from the chunk's start, a state-space group the last block.") \
  X(i12, "I12", invariant, "C I12", "A prompt that was computed and cached and of which nothing was evicted since hits all of its scheduler blocks but the one with the last token, and one less under EAGLE; windows under EAGLE and state-space groups of the modes none and align keep too little for that.") \
  X(i13, "I13", invariant, "C I13", "The need of a group is not negative, and an allocation that succeeds takes exactly the blocks it was predicted to need; one that is refused changes nothing but the blocks of skipped tokens.") \
  X(i14, "I14", invariant, "C I14", "An allocation that is not refused finds as many free blocks as it takes.") \
  X(i15, "I15", invariant, "C I15", "A request that must fit as a whole and can never fit is rejected, not refused.") \
  X(i16, "I16", invariant, "C I16", "A cached count belongs to a block table and is at most its length.") \
  X(i17, "I17", invariant, "C I17", "No cached block covers a token that the request does not have, so that no draft is ever hashed.") \
  X(i18, "I18", invariant, "C I18", "A block that a caller holds, as for a read or a write in flight, is not free.") \
  X(i19, "I19", invariant, "C I19", "Every place of a block table that the next token reads has a block other than the null block: all of full attention, those in the window or the chunk, the running state.") \
  X(i20, "I20", invariant, "C I20", "After an allocation without lookahead and external tokens, a sliding-window or chunked group holds at most its admission cap of blocks, and an aligned state-space group at most 3 + num_speculative_blocks + cdiv(num_speculative_blocks, block size).") \
  X(i21, "I21", invariant, "C I21", "A block table has at most cdiv(max_model_len, block size) blocks, in a state-space group num_speculative_blocks more; cross attention follows the encoder.") \
  X(i22, "I22", invariant, "C I22", "What BlockStored added, less what BlockRemoved took and AllBlocksCleared emptied, is what the index holds: as many blocks for each hash and group, never less than none.") \
  X(i23, "I23", invariant, "C I23", "A BlockStored has block_size tokens and one entry of extra keys for each hash, and its hashes follow from its parent, tokens and extra keys.") \
  X(i24, "I24", invariant, "C I24", "No request resumes from a state that is cached in the same step.") \
  X(i25, "I25", invariant, "C I25", "After a successful reset the index is empty, no block has a hash and every look-up misses.") \
  X(i26, "I26", invariant, "C I26", "When every request has been freed and nothing is held, every block but the null block is free, no table is left and no block is listed as new.") \
  X(i27, "I27", invariant, "C I27", "The statistics count each admission of a request that looked up once, and nothing else.") \
  X(i28, "I28", invariant, "C I28", "With every block free, an allocation is not refused if the pool has the slots it asks for, and one block more for each aligned state-space group that takes a hit or external tokens, but for a state cached in the same step.") \
  X(i29, "I29", invariant, "C I29", "A look-up or a refused allocation, repeated, gives the same answer.") \
  X(i30, "I30", invariant, "C I30", "The model and an implementation answer every command alike and reach the same state.")
// clang-format on

enum class Clause : std::uint8_t {
#define KVSPEC_CLAUSE_ENUMERATOR(name, id, kind, origin, sentence) name,
  KVSPEC_CLAUSES(KVSPEC_CLAUSE_ENUMERATOR)
#undef KVSPEC_CLAUSE_ENUMERATOR
};

struct ClauseEntry {
  Clause clause;
  std::string_view id;
  ClauseKind kind;
  std::string_view origin;
  std::string_view sentence;
};

inline constexpr auto clause_registry = std::to_array<ClauseEntry>({
#define KVSPEC_CLAUSE_ENTRY(name, id, kind, origin, sentence) {Clause::name, id, ClauseKind::kind, origin, sentence},
    KVSPEC_CLAUSES(KVSPEC_CLAUSE_ENTRY)
#undef KVSPEC_CLAUSE_ENTRY
});

constexpr const ClauseEntry& describe(Clause clause) { return clause_registry[static_cast<std::size_t>(clause)]; }

}  // namespace kvspec
