// What makes blocks findable: caching up to a number of tokens, and the events that say so.
#include <algorithm>
#include <limits>
#include <utility>

#include "impl/host/groups/kinds.hpp"
#include "impl/host/manager.hpp"

namespace kvspec::host {

// Of num_tokens, those up to which a group caches. [CACHE-07]
std::int64_t Manager::cacheable(const Group& group, std::int64_t num_tokens) const {
  if (groups_.size() == 1) return num_tokens;
  const std::int64_t aligned = num_tokens / config_.scheduler_block_size * config_.scheduler_block_size;
  if (!group.is_eagle || aligned == 0) return aligned;
  return std::min(num_tokens, aligned + group.block_size);
}

// The least number of tokens with which caching has something to do for the table.
std::int64_t Manager::caches_at(const Group& group, const BlockTable& table) const {
  if (!config_.enable_caching) return std::numeric_limits<std::int64_t>::max();
  const std::int64_t cached = std::int64_t{table.cached.value_or(0)} * group.block_size;
  const std::int64_t next = cached + group.block_size;
  if (groups_.size() == 1) return next;
  const std::int64_t unit = config_.scheduler_block_size;
  const auto rounded_up = [unit](std::int64_t tokens) { return (tokens + unit - 1) / unit * unit; };
  if (!group.is_eagle) return rounded_up(next);
  return std::min(rounded_up(next), std::max(rounded_up(cached), unit) + group.block_size);
}

// The first block of a table that would be cached, from place `first` on, although it has a hash. [CACHE-04]
std::optional<BlockId> Manager::first_hashed(const Request& request, const Group& group, std::span<const BlockId> table,
                                             std::size_t first, std::int64_t num_tokens) const {
  const std::size_t full = static_cast<std::size_t>(group.blocks_in(cacheable(group, num_tokens)));
  const std::int64_t replay_end = group.mask.replay_end(request.num_prompt_tokens);
  for (std::size_t i = first; i < std::min(full, table.size()); ++i) {
    if (table[i] == null_block || !pool_.index().has_hash(table[i])) continue;
    if (group.mask.keeps_all || group.mask.keeps(i, replay_end)) return table[i];
  }
  return std::nullopt;
}

// Caches the request's blocks up to num_tokens. [CACHE-01]
void Manager::cache(Request& request, Group& group, std::int64_t num_tokens) {
  BlockTable& table = request.tables[group.id];
  const CacheRange range{.group = group.id,
                         .block_size = group.block_size,
                         .digests_per_block = group.digests_per_block,
                         .first = table.cached.value_or(0),
                         .last = static_cast<std::size_t>(group.blocks_in(cacheable(group, num_tokens)))};
  if (range.last <= range.first) return;
  std::span<const BlockId> blocks = std::span(table.blocks).subspan(range.first, range.last - range.first);
  if (!group.mask.keeps_all) {  // [CACHE-05]
    const std::int64_t replay_end = group.mask.replay_end(request.num_prompt_tokens);
    scratch_blocks_.assign(blocks.begin(), blocks.end());
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (!group.mask.keeps(range.first + i, replay_end)) scratch_blocks_[i] = null_block;
    }
    blocks = scratch_blocks_;
  }
  cache_range(request, blocks, range);
  table.cached = static_cast<Count>(range.last);
  if (group.spec.kind != GroupKind::mamba) return;
  for (std::size_t i = 0; i < blocks.size(); ++i) {  // [MAMBA-02]
    if (blocks[i] != null_block) group.cached_this_step.insert(key_digests(request, group, range.first + i));
  }
}

void Manager::cache_range(const Request& request, std::span<const BlockId> blocks, const CacheRange& range) {
  pool_.cache(request.digests.data() + range.first * range.digests_per_block, blocks, range.group);
  if (pool_.events().enabled()) log_call(request, blocks, range);
}

// The events of a caching call: one for each run of neighbouring blocks it stored. [EVENT-01]
void Manager::log_call(const Request& request, std::span<const BlockId> blocks, const CacheRange& range) {
  if (deviations_.a_caching_call_is_one_event) return log_stored(request, blocks, range);
  const auto is_null = [](BlockId b) { return b == null_block; };
  for (auto first = blocks.begin();;) {
    first = std::find_if_not(first, blocks.end(), is_null);
    if (first == blocks.end()) return;
    const auto last = std::find_if(first, blocks.end(), is_null);
    CacheRange run = range;
    run.first = range.first + static_cast<std::size_t>(first - blocks.begin());
    run.last = run.first + static_cast<std::size_t>(last - first);
    log_stored(request, {first, last}, run);
    first = last;
  }
}

// One event for the whole of a range. [EVENT-02]
void Manager::log_stored(const Request& request, std::span<const BlockId> blocks, const CacheRange& range) {
  const std::size_t k = range.digests_per_block;
  const std::size_t count = range.last - range.first;
  const std::size_t size = static_cast<std::size_t>(range.block_size);
  const std::span<const Hash256> digests = request.digests;
  EventLog::Stored event{.group = range.group,
                         .block_size = static_cast<Count>(range.block_size),
                         .digests_per_block = k,
                         .digests = digests.subspan(range.first * k, count * k),
                         .blocks = blocks,
                         .tokens = std::span<const Token>(request.tokens).subspan(range.first * size, count * size)};
  if (range.first > 0) event.parent = digests.subspan((range.first - 1) * k, k);
  const KeySources& keys = request.keys;
  if (keys.none()) {
    pool_.events().stored(event);
    return;
  }
  EventLog::Annex annex{};
  if (keys.has_lora) {
    annex.lora_id = keys.lora_id;
    annex.lora_name = keys.lora_name;
  }
  KeyScan scan(keys);
  for (std::size_t i = 0; i < count; ++i) {
    if (blocks[i] == null_block) continue;
    const std::int64_t start = static_cast<std::int64_t>(range.first + i) * range.block_size;
    scan.find(start, start + range.block_size, scratch_keys_);
    annex.extra_keys.push_back(to_extra_keys(keys, scratch_keys_, start));
  }
  pool_.events().stored(event, std::move(annex));
}

Manager::Answer<CacheBlocks<Growing>> Manager::step(const CacheBlocks<Growing>& command) {
  Request* const request = find(command.req);
  if (request == nullptr) return Error{Clause::req_02};
  if (!config_.enable_caching) return Done{};  // [CACHE-06]
  const std::int64_t num_tokens = command.num_computed_tokens;
  const auto last_of = [&](const Group& group) { return group.blocks_in(cacheable(group, num_tokens)); };
  for (const Group& group : groups_) {
    const BlockTable& table = request->tables[group.id];
    if (last_of(group) <= std::int64_t{table.cached.value_or(0)}) continue;
    if (last_of(group) > size_of(table.blocks)) return Error{Clause::cache_02, num_tokens};
    const std::size_t num_hashes = request->digests.size() / group.digests_per_block;
    if (last_of(group) > static_cast<std::int64_t>(num_hashes)) return Error{Clause::cache_03, num_tokens};
  }
  for (const Group& group : groups_) {
    const BlockTable& table = request->tables[group.id];
    if (const auto b = first_hashed(*request, group, table.blocks, table.cached.value_or(0), num_tokens)) {
      return Error{Clause::cache_04, *b};
    }
  }
  for (Group& group : groups_) cache(*request, group, num_tokens);
  return Done{};
}

}  // namespace kvspec::host
