// A manager as the seed's tests speak to it. Nothing here decides anything: every call is one command, and everything
// a case looks at comes from an observation or from the inspection interface (spec/invariants.hpp). So one text of a
// case fits the model in either storage and every implementation.
//
// Three differences of form run through all cases:
//   - The seed makes requests outside the manager; here making one is a command, and freeing one drops it.
//   - The seed sets num_computed_tokens on the request; here each allocation carries it.
//   - Each allocation of the seed that passes a hit passes the hit's length beside it, as number of blocks times
//     16; here the length is taken from the hit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/invariants.hpp"
#include "spec/result.hpp"
#include "spec/vocabulary.hpp"
#include "tests/seed/verdict.hpp"

namespace kvspec::seed {

// ---- Token lists, as the seed writes them in Python ----------------------------------------------------------------

// list(range(first, last))
template <class S>
constexpr TokenList<S> range(Token first, Token last) {
  TokenList<S> tokens{};
  for (Token t = first; t < last; ++t) tokens.push_back(t);
  return tokens;
}

// [token] * count
template <class S>
constexpr TokenList<S> repeat(Token token, std::size_t count) {
  return TokenList<S>(count, token);
}

// [i for i in range(count) for _ in range(size)]
template <class S>
constexpr TokenList<S> blocks_of(Token count, std::size_t size) {
  TokenList<S> tokens{};
  for (Token t = 0; t < count; ++t) {
    for (std::size_t i = 0; i < size; ++i) tokens.push_back(t);
  }
  return tokens;
}

// a + b + ...
template <class List, class... Lists>
constexpr List concat(List all, const Lists&... more) {
  (all.insert(all.end(), more.begin(), more.end()), ...);
  return all;
}

// The tokens of block i.
template <class List>
constexpr std::span<const Token> tokens_of_block(const List& tokens, std::size_t i, std::size_t block_size) {
  return {tokens.data() + i * block_size, block_size};
}

// ---- Keys and events -----------------------------------------------------------------------------------------------

template <class S>
constexpr BlockKey<S> block_key(const Digest& digest, GroupId group) {
  return {BlockHash<S>(digest.begin(), digest.end()), group};
}

template <class S>
constexpr ExtraKey<S> text_key(const char* text) {
  return {.kind = ExtraKeyKind::text, .text = text, .offset = 0, .digest = {}};
}

template <class S>
constexpr ExtraKey<S> item_key(const char* identifier, std::int64_t offset) {
  return {.kind = ExtraKeyKind::item, .text = identifier, .offset = offset, .digest = {}};
}

// A digest as an event shows it by default: its last eight bytes as a big-endian number. [EVENT-03]
template <class S>
constexpr EventHash<S> event_hash(const Digest& digest) {
  EventHash<S> shown{};
  for (std::size_t i = digest.size - 8u; i < digest.size; ++i) shown.integer = shown.integer << 8 | digest.bytes[i];
  return shown;
}

// A literal digest, from 64 hexadecimal digits.
constexpr Digest digest(std::string_view hex) {
  Digest d{};
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const char c = hex[i];
    const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    d.bytes[i / 2] = static_cast<std::uint8_t>(d.bytes[i / 2] << 4 | digit);
  }
  return d;
}

// ---- Requests ------------------------------------------------------------------------------------------------------

// What a case may give a request beside its tokens.
template <class S>
struct Extras {
  std::optional<MultimodalItems<S>> mm{};
  std::optional<Lora<S>> lora{};
  std::optional<Text<S>> cache_salt{};
  std::optional<Count> prompt_logprobs{};
};

// Places in a block table.
template <class S>
using PlaceList = typename S::template list<Count, Bound::blocks>;

template <class S>
struct Request {
  RequestId<S> id{};
  DigestList<S> block_hashes{};
  Count num_tokens = 0;
  Count num_computed_tokens = 0;
};

template <class S>
struct Hit {
  BlockList<S> blocks{};    // of the first group
  BlockTables<S> groups{};  // of each group
  Count num_tokens = 0;
};

// ---- The manager ---------------------------------------------------------------------------------------------------

// W is a world (tests/seed/worlds.hpp). The first command that is refused, and the first invariant that is broken,
// stop everything after it and become the verdict.
template <class W>
class Manager {
 public:
  using S = typename W::Storage;
  using System = typename W::System;

  constexpr explicit Manager(const Config<S>& config)
      : config_(with_semantics(config)), system_(System::create(config_)) {
    if (!system_) stopped_by_ = describe(system_.error().clause).id;
  }

  // Why no manager is made of a configuration, if none is.
  static constexpr std::optional<Error> rejection(const Config<S>& config) {
    const auto system = System::create(with_semantics(config));
    if (system) return {};
    return system.error();
  }

  // Passed, unless a command was refused or an invariant is broken.
  constexpr Verdict verdict(const char* file, int line) const {
    return stopped_by_.empty() ? Verdict{} : Verdict{file, line, stopped_by_};
  }

  constexpr Request<S> make_request(const char* id, const TokenList<S>& tokens, const Extras<S>& extras = {}) {
    AddRequest<S> command{};
    command.req = id;
    command.tokens = tokens;
    command.mm = extras.mm;
    command.lora = extras.lora;
    command.cache_salt = extras.cache_salt;
    command.prompt_logprobs = extras.prompt_logprobs;
    const auto seen = apply(command);
    expect_room(command.tokens, true);
    return {command.req, seen.block_hashes, seen.num_tokens, 0};
  }

  constexpr void append_output(Request<S>& req, Token token, std::size_t count) {
    AppendTokens<S> command{};
    command.req = req.id;
    command.tokens = repeat<S>(token, count);
    const auto seen = apply(command);
    req.num_tokens += static_cast<Count>(count);
    expect_room(command.tokens, seen.num_tokens == req.num_tokens);
    for (const Digest& d : seen.new_block_hashes) req.block_hashes.push_back(d);
  }

  constexpr Hit<S> get_computed_blocks(const Request<S>& req) {
    GetComputedBlocks<S> command{};
    command.req = req.id;
    const auto seen = apply(command);
    Hit<S> hit{{}, seen.blocks, seen.num_computed_tokens};
    hit.groups.resize(config_.groups.size());  // as many even if the command was refused
    if (!hit.groups.empty()) hit.blocks = hit.groups[0];
    return hit;
  }

  // The new blocks of each group; absent if the allocation is refused.
  constexpr std::optional<BlockTables<S>> allocate_groups(const Request<S>& req, Count num_new_tokens,
                                                          const std::optional<Hit<S>>& hit = {}) {
    AllocateSlots<S> command{};
    command.req = req.id;
    command.req_num_computed_tokens = req.num_computed_tokens;
    command.num_new_tokens = num_new_tokens;
    if (hit) {
      command.num_new_computed_tokens = hit->num_tokens;
      command.new_computed_blocks = PassedHit::computed;
    }
    return apply(command).result;
  }

  // The new blocks of the only group; absent if the allocation is refused.
  constexpr std::optional<BlockList<S>> allocate_slots(const Request<S>& req, Count num_new_tokens,
                                                       const std::optional<Hit<S>>& hit = {}) {
    const auto blocks = allocate_groups(req, num_new_tokens, hit);
    if (!blocks || blocks->empty()) return {};
    return (*blocks)[0];
  }

  // Allocates the first tokens of a request without a hit, if its whole sequence would fit: whether it got them.
  constexpr bool admit(const Request<S>& req, Count num_new_tokens) {
    AllocateSlots<S> command{};
    command.req = req.id;
    command.num_new_tokens = num_new_tokens;
    command.full_sequence_must_fit = true;
    return apply(command).result.has_value();
  }

  constexpr void free(const Request<S>& req) {
    Free<S> command{};
    command.req = req.id;
    command.drop = true;
    apply(command);
  }

  constexpr void new_step_starts() { apply(NewStepStarts<S>{}); }

  // The block table of the request in a group.
  constexpr BlockList<S> block_ids(const Request<S>& req, GroupId group = 0) {
    GetBlockIds<S> command{};
    command.req = req.id;
    const auto seen = apply(command);
    return group < seen.result.size() ? seen.result[group] : BlockList<S>{};
  }

  constexpr bool reset_prefix_cache() { return apply(ResetPrefixCache<S>{}).result; }
  constexpr EventList<S> take_events() { return apply(TakeEvents<S>{}).events; }
  constexpr PrefixCacheStats take_stats() { return apply(TakeStats<S>{}); }

  constexpr void evict_blocks(const BlockList<S>& blocks) {
    EvictBlocks<S> command{};
    command.block_ids = blocks;
    apply(command);
  }
  constexpr void evict_block(BlockId block) { evict_blocks({block}); }

  constexpr BlockList<S> pool_get_new_blocks(Count count) {
    PoolGetNewBlocks<S> command{};
    command.num_blocks = count;
    return apply(command).blocks;
  }

  constexpr void pool_free_blocks(const BlockList<S>& blocks) {
    PoolFreeBlocks<S> command{};
    command.block_ids = blocks;
    apply(command);
  }

  constexpr void pool_cache_full_blocks(const Request<S>& req, const BlockList<S>& blocks, Count num_cached_blocks,
                                        Count num_full_blocks, GroupId group) {
    PoolCacheFullBlocks<S> command{};
    command.req = req.id;
    command.block_ids = blocks;
    command.num_cached_blocks = num_cached_blocks;
    command.num_full_blocks = num_full_blocks;
    command.group = group;
    apply(command);
  }

  // Makes a free block findable as the block at a place of the request in a group. It becomes the last free block.
  constexpr void cache_free_block(const Request<S>& req, BlockId block, Count place, GroupId group) {
    PoolTouch<S> command{};
    command.block_ids.push_back(block);
    apply(command);
    pool_cache_full_blocks(req, BlockList<S>(place + 1u, block), place, place + 1, group);
    pool_free_blocks(command.block_ids);
  }

  // The blocks that block `index` of the request is cached in, if it is in each of the groups.
  constexpr std::optional<BlockList<S>> cached_blocks(const Request<S>& req, Count index, const CountList<S>& groups) {
    PoolGetCachedBlock<S> command{};
    command.req = req.id;
    command.index = index;
    command.groups = groups;
    return apply(command).blocks;
  }
  constexpr bool is_cached(const Request<S>& req, Count index, const CountList<S>& groups) {
    return cached_blocks(req, index, groups).has_value();
  }

  // The places of the request's blocks that are cached in a group whose blocks are hash blocks.
  constexpr PlaceList<S> cached_places(const Request<S>& req, GroupId group) {
    PlaceList<S> places{};
    for (Count i = 0; i < req.block_hashes.size(); ++i) {
      if (is_cached(req, i, {group})) places.push_back(i);
    }
    return places;
  }

  // H(parent or the none hash, tokens, extra keys or None), computed beside the system under test. [HASH-01]
  constexpr Digest hash_block_tokens(const std::optional<Digest>& parent, std::span<const Token> tokens,
                                     const ExtraKeys<S>& extra_keys = {}) const {
    static_assert(!std::is_void_v<typename W::Hashing>, "a case that compares hashes runs with exact ones");
    typename W::Hashing hashing{};
    return hashing.block(config_, parent ? *parent : hashing.none_hash(config_), tokens, extra_keys);
  }

  // ---- What can be seen of the state ----

  constexpr Count ref_cnt(BlockId block) const { return static_cast<Count>(system().ref_cnt(block)); }
  constexpr std::int64_t num_free_blocks() const { return static_cast<std::int64_t>(system().num_free()); }
  constexpr std::int64_t num_blocks() const { return static_cast<std::int64_t>(system().num_blocks()); }
  constexpr std::int64_t num_keys() const { return static_cast<std::int64_t>(system().num_keys()); }

  constexpr std::optional<BlockKey<S>> block_hash(BlockId block) const {
    if (!system().has_hash(block)) return {};
    BlockKey<S> key{};
    for (std::uint8_t byte : system().hash(block)) key.hash.push_back(byte);
    key.group = system().group(block);
    return key;
  }

  constexpr BlockList<S> free_queue() const {
    BlockList<S> queue{};
    system().walk_free([&](BlockId b) { queue.push_back(b); });
    return queue;
  }

  constexpr BlockList<S> free_queue_backwards() const {
    BlockList<S> queue{};
    system().walk_free_backwards([&](BlockId b) { queue.push_back(b); });
    return queue;
  }

  // The blocks under a key, in insertion order.
  constexpr BlockList<S> blocks_under(const BlockKey<S>& key) const {
    BlockList<S> blocks{};
    system().walk_index([&](const auto& hash, GroupId group, BlockId b, bool) {
      if (group == key.group && std::ranges::equal(hash, key.hash)) blocks.push_back(b);
    });
    return blocks;
  }

  // The events the pool has queued, before take_events annotates them. [EVENT-06]
  constexpr EventList<S> pending_events() const { return system().view().events; }

 private:
  static constexpr Config<S> with_semantics(Config<S> config) {
    config.semantics = W::semantics;
    return config;
  }

  constexpr const System& system() const { return system_.value(); }

  template <class C>
  constexpr typename C::Observation apply(const C& command) {
    if (!stopped_by_.empty()) return {};
    const auto result = system_.value().step(command);
    if (!result) {
      stopped_by_ = describe(result.error().clause).id;
      return {};
    }
    if constexpr (W::checks_invariants) {
      if (const Finding finding = invariants_.check(system())) stopped_by_ = describe(finding->clause).id;
    }
    return result.value();
  }

  // A list of tokens that outgrew the case's Limits loses its end, which most expressions would not notice.
  constexpr void expect_room(const TokenList<S>& tokens, bool length_as_expected) {
    bool fits = length_as_expected;
    if constexpr (requires { tokens.overflowed(); }) fits = fits && !tokens.overflowed();
    if (!fits && stopped_by_.empty()) stopped_by_ = "the request's length";
  }

  Config<S> config_;
  Result<System> system_;
  std::string_view stopped_by_{};  // id of the clause that was broken
  Invariants<S> invariants_{};
};

// Names every case uses: the storage, lists of block ids, one such list per group, places.
template <class W>
using StorageOf = typename W::Storage;
template <class W>
using Ids = BlockList<typename W::Storage>;
template <class W>
using Tables = BlockTables<typename W::Storage>;
template <class W>
using Places = PlaceList<typename W::Storage>;

}  // namespace kvspec::seed
