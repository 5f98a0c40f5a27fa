// The clause registry: every rule of the specification, once. The normative text (docs/specification.md) carries the
// same ids, kinds, origins and sentences and adds formulas and examples; a test fails when text, registry and code
// disagree.
//
// Origin: "S n" is rule n read off the recorded system, "test_..." a test of the seed, "C" an invariant the catalogue
// of real bugs suggests, "D" a decision of this specification where the recorded system has no rule.
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
  invariant,  // what every reachable state satisfies
};

// X(enumerator, id, kind, origin, sentence)
// clang-format off
#define KVSPEC_CLAUSES(X) \
  X(hash_01, "HASH-01", effect, "S 1; test_prefill", "The hash of a block is H over its parent's digest (or the none hash), the tuple of its token ids, and its extra keys or None.") \
  X(hash_02, "HASH-02", effect, "S 2; test_prefill", "sha256_cbor is SHA-256 over the canonical CBOR of that triple.") \
  X(hash_03, "HASH-03", effect, "S 3; test_prefill", "sha256 is SHA-256 over the protocol-5 pickle of that triple, every object written out in full.") \
  X(hash_04, "HASH-04", effect, "S 4", "With a seed the none hash is H of the seed string; otherwise the configuration gives its bytes.") \
  X(hash_05, "HASH-05", effect, "S 3", "A pickle frame that has reached 64 KiB ends before the next object, and an object of 64 KiB or more stands outside any frame.") \
  X(hash_06, "HASH-06", effect, "S 5; test_mm_prefix_caching; test_cache_key_salting", "The extra keys of a block are, in this order, the LoRA name, the multimodal items that overlap it, the cache salt on the first block, and the digest of its prompt-embedding rows; none of them is None.") \
  X(hash_07, "HASH-07", effect, "S 7; test_mm_prefix_caching", "Multimodal items are considered in order: one that ends at or before the block's start is passed over, one that starts before the block's end gives its identifier and its offset from the block's start, which may be negative, and the first that does not end inside the block is the last considered; a block that starts at or after the end of the request's last item has none.") \
  X(hash_08, "HASH-08", effect, "S 6", "When a request already has hashes, hashing the blocks that appended tokens fill considers only the last multimodal item; events consider all of them.") \
  X(hash_09, "HASH-09", effect, "S 5", "With prompt embeddings every block has a digest key: SHA-256 of its rows as little-endian float32, which is SHA-256 of nothing past the prompt.") \
  X(hash_10, "HASH-10", effect, "S 8", "A group whose blocks span k hash blocks uses the concatenation of the k digests as the hash of a block.") \
  X(hash_11, "HASH-11", effect, "S 9; test_block_removed_event_group_idx", "The index key of a block is its hash and its group, written as the hash followed by the group in four big-endian bytes.") \
  X(hash_12, "HASH-12", effect, "S 8; test_prefill", "A request of n tokens has floor(n / hash block size) hashes; with caching off it has none.") \
  X(hash_13, "HASH-13", effect, "D", "With hash_bits = b every digest keeps only its last b bits, so that collisions can be forced.") \
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
  X(look_03, "LOOK-03", effect, "S 21; test_prefill", "Full attention hits the longest run of cached blocks from the left.") \
  X(look_04, "LOOK-04", effect, "S 21; S 24; test_eagle_with_partial_blocks", "An EAGLE group - one that is flagged, or any group if use_eagle is set and none is flagged - drops the last block of a non-empty hit.") \
  X(look_05, "LOOK-05", effect, "S 20", "A hit that is empty in every group is the empty value: passing it to allocate_slots is the same as passing none.") \
  X(look_06, "LOOK-06", effect, "C I29", "A look-up changes nothing but the statistics and the hit remembered for the request.") \
  X(alloc_01, "ALLOC-01", rejection, "S 44", "An allocation has new tokens or external tokens.") \
  X(alloc_02, "ALLOC-02", rejection, "D", "num_new_computed_tokens is the length in tokens of the hit that is passed, 0 if none is.") \
  X(alloc_03, "ALLOC-03", rejection, "S 31", "A hit is passed, or external tokens are added, only for a request that holds no blocks yet or, for external tokens, has a cached count.") \
  X(alloc_04, "ALLOC-04", rejection, "C I9", "Each block of a passed hit still carries the hash that the look-up found.") \
  X(alloc_05, "ALLOC-05", rejection, "D", "The computed tokens of the request before the call lie in blocks it holds.") \
  X(alloc_06, "ALLOC-06", rejection, "D", "Computed, external and new tokens together stay within max_model_len.") \
  X(alloc_07, "ALLOC-07", effect, "S 29; S 30", "With full_sequence_must_fit the request is refused unless the blocks its whole sequence needs are free; a refusal here changes nothing.") \
  X(alloc_08, "ALLOC-08", effect, "S 31; test_prefill_not_enough_free_blocks_with_computed_blocks", "The need of a request with a cached count is max(required - held, 0); otherwise max(required - (hits + held), 0) plus the hits whose reference count is 0.") \
  X(alloc_09, "ALLOC-09", effect, "S 29; test_prefill_not_enough_free_blocks_with_computed_blocks", "If the need exceeds the free blocks the answer is null and no hit is touched.") \
  X(alloc_10, "ALLOC-10", effect, "S 33; test_prefill", "Taking a hit, or loading external tokens with an empty one, touches the blocks of the hit, makes them the head of the block table and sets the cached count to their number, also when caching is delayed or off.") \
  X(alloc_11, "ALLOC-11", effect, "S 33", "External tokens of a request without a cached count get cdiv(computed + external, block size) - held new blocks, before the blocks for new tokens.") \
  X(alloc_12, "ALLOC-12", effect, "S 30; test_prefill; test_decode", "The block table grows to cdiv(min(computed + external + new + lookahead, max_model_len), block size) blocks; the blocks this adds are the answer.") \
  X(alloc_13, "ALLOC-13", effect, "S 30; test_decode", "Unless caching is off or delayed, blocks are then cached up to min(computed + external + new, num_tokens) tokens.") \
  X(alloc_14, "ALLOC-14", effect, "S 44", "Under context parallelism the block size of a group is its own times the decode and prefill world sizes.") \
  X(alloc_15, "ALLOC-15", effect, "S 38", "Blocks that full attention and MLA groups allocate are listed until take_new_block_ids drains them; freeing a block does not remove it from the list.") \
  X(cache_01, "CACHE-01", effect, "S 30; test_cache_blocks", "Caching up to n tokens does nothing unless floor(n / block size) exceeds the cached count (0 if absent); otherwise it gives each block in between its hash, enters it in the index, and moves the cached count there.") \
  X(cache_02, "CACHE-02", rejection, "D", "The range to cache lies within the block table.") \
  X(cache_03, "CACHE-03", rejection, "S 12", "The range to cache lies within the request's hashes.") \
  X(cache_04, "CACHE-04", rejection, "S 12", "A block to cache has no hash yet.") \
  X(cache_05, "CACHE-05", effect, "S 39; test_null_parent_block_hash", "Null blocks in the range are passed over.") \
  X(cache_06, "CACHE-06", effect, "S 43", "cache_blocks does nothing when caching is off.") \
  X(free_01, "FREE-01", effect, "S 15; test_evict", "Freeing a request of a full attention group frees its block table from the last block to the first, and forgets its table and cached count.") \
  X(free_02, "FREE-02", effect, "S 43", "Freeing a request that holds no blocks changes nothing in the pool.") \
  X(free_03, "FREE-03", effect, "S 43", "A dropped request is gone and its id may be used again; one that is not dropped is preempted and keeps its tokens and hashes.") \
  X(free_04, "FREE-04", effect, "S 35", "Full attention skips no tokens, so remove_skipped_blocks changes nothing for it.") \
  X(free_05, "FREE-05", effect, "S 42", "The common prefix of a full attention group is the number of leading blocks of the request whose reference count equals the number of block tables of the group; with caching off it is 0.") \
  X(free_06, "FREE-06", effect, "S 42", "With caching on, asking for the common prefix of a request without a block table gives it an empty one, which counts as a table from then on.") \
  X(event_01, "EVENT-01", effect, "S 39; test_kv_cache_events", "Each caching call of a group whose range is not empty emits one BlockStored, even if every block of the range is null.") \
  X(event_02, "EVENT-02", effect, "S 39; test_null_parent_block_hash; test_kv_cache_events_with_lora", "BlockStored has the hashes stored, the hash before the range as parent (None at 0), the tokens of the whole range, the group's block size, the LoRA's id and name, and the extra keys of each stored block, reckoned over all multimodal items.") \
  X(event_03, "EVENT-03", effect, "S 40", "A hash in an event is the integer of its last eight bytes, big-endian, or with events_int_hashes off its bytes.") \
  X(event_04, "EVENT-04", effect, "S 12; test_kv_cache_events", "Each eviction emits one BlockRemoved with the hash and the group.") \
  X(event_05, "EVENT-05", effect, "S 18; test_kv_cache_events", "A successful reset emits AllBlocksCleared, also with caching off.") \
  X(event_06, "EVENT-06", effect, "S 41; test_kv_cache_events", "take_events adds the kind and sliding window of the group to each BlockStored; one whose group does not exist is returned without.") \
  X(event_07, "EVENT-07", effect, "S 41; test_kv_cache_events", "take_events drains the queue; with events off nothing is ever queued.") \
  X(stat_01, "STAT-01", effect, "S 19", "Each look-up that reads the cache adds one request, its number of tokens and its hit tokens; the look-ups of preempted requests are counted apart.") \
  X(stat_02, "STAT-02", effect, "S 18", "Taking the statistics returns them and starts afresh; a successful reset marks them.") \
  X(stat_03, "STAT-03", effect, "test_prefix_cache_stats_disabled", "With log_stats off the statistics stay zero and unmarked.") \
  X(conf_01, "CONF-01", rejection, "D", "num_blocks is between 1 and 2^24.") \
  X(conf_02, "CONF-02", rejection, "D", "Every block size is between 1 and 2^20 tokens, and so is each product with the context-parallel world sizes.") \
  X(conf_03, "CONF-03", rejection, "S 44", "With caching on, the block size of a single group times the context-parallel world sizes equals the hash block size.") \
  X(conf_04, "CONF-04", rejection, "S 44", "With caching on, the hash block size divides the block size of every group.") \
  X(conf_05, "CONF-05", rejection, "D", "The scheduler block size is a multiple of the hash block size and of the block size of every group.") \
  X(conf_06, "CONF-06", rejection, "S 44", "With caching on there is at least one group, and several groups do not all have one spec.") \
  X(conf_07, "CONF-07", rejection, "S 26; S 44", "A retention interval needs a sliding-window group, is not negative, and is a multiple of the scheduler block size.") \
  X(conf_08, "CONF-08", rejection, "D", "max_model_len and, if present, max_num_batched_tokens are between 1 and 2^31 - 1.") \
  X(conf_09, "CONF-09", rejection, "D", "The context-parallel world sizes are between 1 and 1024, and above 1 only with a single group.") \
  X(conf_10, "CONF-10", rejection, "D", "A group has exactly the parameters of its kind, each in range: a window or chunk of at least 1 token, a mamba cache mode.") \
  X(conf_11, "CONF-11", rejection, "D", "The none hash has 16 or 32 bytes.") \
  X(conf_12, "CONF-12", rejection, "D", "hash_bits is between 1 and 256.") \
  X(conf_13, "CONF-13", rejection, "S 27", "A chunked group is not combined with EAGLE or with groups of another block size; cross attention is not combined with caching.") \
  X(conf_14, "CONF-14", rejection, "D", "This version covers one full attention or MLA group and the hash functions sha256 and sha256_cbor.") \
  X(trace_01, "TRACE-01", rejection, "D", "A trace is valid UTF-8 with one JSON value per line.") \
  X(trace_02, "TRACE-02", rejection, "D", "The first line of a trace is an object with the member config, every other line one with the member in.") \
  X(trace_03, "TRACE-03", rejection, "D", "The member op names an operation of the format.") \
  X(trace_04, "TRACE-04", rejection, "D", "An operation has exactly the members of the format, each of its type.") \
  X(trace_05, "TRACE-05", rejection, "D", "A number lies within the range of its member.") \
  X(trace_06, "TRACE-06", rejection, "D", "Nothing but a record of the state follows the line of an error.") \
  X(trace_07, "TRACE-07", rejection, "D", "A trace file can be read and has at least a configuration.") \
  X(i1, "I1", invariant, "C I1", "The free queue, walked forwards, is the reverse of the same walk backwards, holds num_free blocks and none twice.") \
  X(i2, "I2", invariant, "C I2", "A block other than the null block is in the free queue if and only if its reference count is 0.") \
  X(i3, "I3", invariant, "C I3", "The reference count of a block is the number of its occurrences in block tables plus the number of times pool-level commands hold it.") \
  X(i4, "I4", invariant, "C I4", "A block is in the tables of one group only and, unless hash_bits makes digests collide, at most once in each table.") \
  X(i5, "I5", invariant, "C I5", "The null block is not in the free queue and has no hash.") \
  X(i6, "I6", invariant, "C I6", "A block has a hash if and only if the index holds it under exactly that key, and no key is empty.") \
  X(i7, "I7", invariant, "C I7", "A request has floor(num_tokens / hash block size) hashes with caching on and none with caching off.") \
  X(i10, "I10", invariant, "C I10", "A hit has the same length in tokens in every group, at most num_tokens - 1, and a multiple of the scheduler block size or, with a single group, of its block size.") \
  X(i13, "I13", invariant, "C I13", "An allocation that succeeds takes exactly the blocks it was predicted to need, and one that is refused changes nothing.") \
  X(i16, "I16", invariant, "C I16", "A cached count belongs to a block table, is at most its length, and covers no token the request does not have.") \
  X(i19, "I19", invariant, "C I19", "The block table of a full attention group holds no null block.") \
  X(i21, "I21", invariant, "C I21", "A block table has at most cdiv(max_model_len, block size) blocks.") \
  X(i25, "I25", invariant, "C I25", "After a successful reset the index is empty, no block has a hash and every look-up misses.") \
  X(i26, "I26", invariant, "C I26", "When every request has been freed and nothing is held, every block but the null block is free and no table is left.") \
  X(i29, "I29", invariant, "C I29", "A look-up or a refused allocation, repeated, gives the same answer.")
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
