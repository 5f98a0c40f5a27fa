// allocate_slots and cache_blocks.
#include <algorithm>
#include <utility>

#include "impl/host/manager.hpp"

namespace kvspec::host {
namespace {

std::int64_t size_of(const std::vector<BlockId>& blocks) { return static_cast<std::int64_t>(blocks.size()); }

}  // namespace

std::span<const BlockId> Manager::passed_hit(const Request& request, const Allocation& allocation, GroupId g) const {
  if (!allocation.takes_hit) return {};
  return request.hit[g];
}

std::optional<Error> Manager::check(const Request& request, const AllocateSlots<Growing>& command,
                                    Allocation& allocation) const {
  const std::int64_t computed_before = command.req_num_computed_tokens;
  const std::int64_t hit_tokens = command.num_new_computed_tokens;
  const std::int64_t external = command.num_external_computed_tokens;
  const std::int64_t new_tokens = command.num_new_tokens;

  if (new_tokens == 0 && external == 0) return Error{Clause::alloc_01};
  const std::int64_t confirmed = computed_before + hit_tokens + external + new_tokens;
  if (confirmed > config_.max_model_len) return Error{Clause::alloc_06, confirmed};
  for (const Group& group : groups_) {
    if (computed_before > size_of(request.tables[group.id].blocks) * group.block_size) {
      return Error{Clause::alloc_05, computed_before};
    }
  }
  allocation.takes_hit = command.new_computed_blocks == PassedHit::computed && request.has_hit;  // [LOOK-05]
  allocation.external = external > 0;
  allocation.caches = config_.enable_caching && !command.delay_cache_blocks;
  allocation.computed = computed_before + hit_tokens + external;
  allocation.confirmed = confirmed;
  allocation.slots = std::min(confirmed + command.num_lookahead_tokens, config_.max_model_len);

  for (const Group& group : groups_) {
    const std::int64_t hit = static_cast<std::int64_t>(passed_hit(request, allocation, group.id).size());
    if (hit_tokens != hit * group.block_size) return Error{Clause::alloc_02, hit_tokens};
  }
  for (const Group& group : groups_) {
    const BlockTable& table = request.tables[group.id];
    const bool barred = allocation.takes_hit || (allocation.external && !table.cached);
    if (barred && !table.blocks.empty()) return Error{Clause::alloc_03, size_of(table.blocks)};
  }
  if (allocation.takes_hit) {
    if (const std::optional<Error> error = check_hit(request, allocation)) return error;
  }
  return check_uncached(request, allocation);
}

// [ALLOC-04]
std::optional<Error> Manager::check_hit(const Request& request, const Allocation& allocation) const {
  for (const Group& group : groups_) {
    const std::span<const BlockId> hit = passed_hit(request, allocation, group.id);
    for (std::size_t i = 0; i < hit.size(); ++i) {
      if (hit[i] != null_block && !pool_.index().holds(key_of(request, group, i), hit[i])) {
        return Error{Clause::alloc_04, hit[i]};
      }
    }
  }
  return std::nullopt;
}

// Blocks that the allocation adds have no hash; those the request already has and will cache must have none. [CACHE-04]
std::optional<Error> Manager::check_uncached(const Request& request, const Allocation& allocation) const {
  if (!allocation.caches) return std::nullopt;
  const std::int64_t num_tokens = std::min(allocation.confirmed, static_cast<std::int64_t>(request.tokens.size()));
  for (const Group& group : groups_) {
    const BlockTable& table = request.tables[group.id];
    const std::size_t full = std::min(static_cast<std::size_t>(group.blocks_in(num_tokens)), table.blocks.size());
    for (std::size_t i = table.cached.value_or(0); i < full; ++i) {
      if (pool_.index().has_hash(table.blocks[i])) return Error{Clause::cache_04, table.blocks[i]};
    }
  }
  return std::nullopt;
}

// Whether the free blocks suffice for tables that cover num_tokens. [ALLOC-08, ALLOC-09]
bool Manager::fits(const Request& request, const Allocation& allocation, std::int64_t num_tokens) const {
  std::int64_t needed = 0;
  for (const Group& group : groups_) {
    const std::span<const BlockId> hit = passed_hit(request, allocation, group.id);
    needed += visit_kind(group.spec.kind, [&]<class Kind>(Kind) {
      return Kind::blocks_needed(request.tables[group.id], group.blocks_covering(num_tokens), hit.size(),
                                 Kind::hits_to_reclaim(pool_, hit));
    });
  }
  return needed <= static_cast<std::int64_t>(pool_.num_free());
}

// Makes the hit the head of the table and adds the blocks that external tokens are loaded into.
void Manager::take_hit(Request& request, const Allocation& allocation, Group& group) {
  BlockTable& table = request.tables[group.id];
  if (table.cached || !(allocation.takes_hit || allocation.external)) return;
  const std::span<const BlockId> hit = passed_hit(request, allocation, group.id);
  pool_.touch(hit);  // [ALLOC-10]
  table.blocks.insert(table.blocks.end(), hit.begin(), hit.end());
  table.cached = static_cast<Count>(table.blocks.size());
  if (allocation.external) grow(table, group, allocation.computed);  // [ALLOC-11]
}

// Lengthens the table until it covers num_tokens.
void Manager::grow(BlockTable& table, Group& group, std::int64_t num_tokens) {
  const std::size_t before = table.blocks.size();
  const std::size_t required = static_cast<std::size_t>(group.blocks_covering(num_tokens));
  if (required <= before) return;
  table.num_added = static_cast<Count>(required - before);
  table.blocks.resize(required);
  const std::span<BlockId> added = std::span<BlockId>(table.blocks).subspan(before);
  pool_.take(added.size(), added.data());
  if (visit_kind(group.spec.kind, []<class Kind>(Kind) { return Kind::lists_new_blocks; })) {  // [ALLOC-15]
    group.new_block_ids.insert(group.new_block_ids.end(), added.begin(), added.end());
  }
}

// Whether the request goes on within the blocks it has and fills none: what most steps of a decoding request do. All
// preconditions hold then, nothing is needed, and nothing changes. It needs neither a division nor the pool.
bool Manager::stays_within_blocks(const Request& request, const AllocateSlots<Growing>& command) const {
  if (command.num_new_tokens == 0 || command.num_new_computed_tokens != 0 ||
      command.num_external_computed_tokens != 0 || command.new_computed_blocks == PassedHit::computed ||
      command.full_sequence_must_fit) {
    return false;
  }
  const std::int64_t confirmed = std::int64_t{command.req_num_computed_tokens} + command.num_new_tokens;
  const std::int64_t slots = confirmed + command.num_lookahead_tokens;
  if (slots > config_.max_model_len) return false;
  const std::int64_t num_tokens = std::min(confirmed, static_cast<std::int64_t>(request.tokens.size()));
  for (const Group& group : groups_) {
    const BlockTable& table = request.tables[group.id];
    const bool fills_none = !config_.enable_caching || num_tokens < (table.cached.value_or(0) + 1) * group.block_size;
    if (slots > size_of(table.blocks) * group.block_size || !fills_none) return false;
  }
  return true;
}

Result<bool> Manager::allocate(Request& request, const AllocateSlots<Growing>& command) {
  if (stays_within_blocks(request, command)) {
    for (BlockTable& table : request.tables) table.num_added = 0;
    return true;
  }
  Allocation allocation{};
  if (const std::optional<Error> error = check(request, command, allocation)) return *error;

  const std::int64_t num_tokens = static_cast<std::int64_t>(request.tokens.size());
  const std::int64_t whole = std::min(num_tokens, config_.max_model_len);
  if (command.full_sequence_must_fit && !fits(request, allocation, whole)) return false;  // [ALLOC-07]
  if (!fits(request, allocation, allocation.slots)) return false;                         // [ALLOC-09]
  for (Group& group : groups_) take_hit(request, allocation, group);
  for (Group& group : groups_) {
    BlockTable& table = request.tables[group.id];
    if (!table.exists) {
      table.exists = true;
      ++group.num_tables;
    }
    table.num_added = 0;
    grow(table, group, allocation.slots);  // [ALLOC-12]
  }
  if (allocation.caches) {  // [ALLOC-13]
    for (Group& group : groups_) cache(request, group, std::min(allocation.confirmed, num_tokens));
  }
  return true;
}

Manager::Answer<AllocateSlots<Growing>> Manager::step(const AllocateSlots<Growing>& command) {
  Request* const request = find(command.req);
  if (request == nullptr) return Error{Clause::req_02};
  const Result<bool> granted = allocate(*request, command);
  if (!granted) return granted.error();
  AllocateSlots<Growing>::Observation answer{};
  answer.num_free = num_free();
  if (!granted.value()) return answer;
  answer.result.emplace(groups_.size());
  for (const Group& group : groups_) {
    const BlockTable& table = request->tables[group.id];
    (*answer.result)[group.id].assign(table.blocks.end() - table.num_added, table.blocks.end());
  }
  return answer;
}

// Caches the request's blocks up to num_tokens. [CACHE-01]
void Manager::cache(Request& request, Group& group, std::int64_t num_tokens) {
  BlockTable& table = request.tables[group.id];
  const CacheRange range{.group = group.id,
                         .block_size = group.block_size,
                         .digests_per_block = group.digests_per_block,
                         .first = table.cached.value_or(0),
                         .last = static_cast<std::size_t>(group.blocks_in(num_tokens))};
  if (range.last <= range.first) return;
  cache_range(request, table.blocks, range);
  table.cached = static_cast<Count>(range.last);
}

void Manager::cache_range(const Request& request, std::span<const BlockId> table, const CacheRange& range) {
  pool_.cache(request.digests.data() + range.first * range.digests_per_block,
              table.subspan(range.first, range.last - range.first), range.group);
  if (pool_.events().enabled()) log_stored(request, table, range);
}

// [EVENT-01, EVENT-02]
void Manager::log_stored(const Request& request, std::span<const BlockId> table, const CacheRange& range) {
  const std::size_t k = range.digests_per_block;
  const std::size_t count = range.last - range.first;
  const std::size_t size = static_cast<std::size_t>(range.block_size);
  const std::span<const Hash256> digests = request.digests;
  EventLog::Stored event{.group = range.group,
                         .block_size = static_cast<Count>(range.block_size),
                         .digests_per_block = k,
                         .digests = digests.subspan(range.first * k, count * k),
                         .blocks = table.subspan(range.first, count),
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
  for (std::size_t i = range.first; i < range.last; ++i) {
    if (table[i] == null_block) continue;
    const std::int64_t start = static_cast<std::int64_t>(i) * range.block_size;
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
  const auto last_of = [&](const Group& group) { return group.blocks_in(num_tokens); };
  for (const Group& group : groups_) {
    if (last_of(group) > size_of(request->tables[group.id].blocks)) return Error{Clause::cache_02, num_tokens};
  }
  for (const Group& group : groups_) {
    const std::size_t num_hashes = request->digests.size() / group.digests_per_block;
    if (last_of(group) > static_cast<std::int64_t>(num_hashes)) return Error{Clause::cache_03, num_tokens};
  }
  Allocation allocation{};
  allocation.confirmed = num_tokens;
  allocation.caches = true;
  if (const std::optional<Error> error = check_uncached(*request, allocation)) return *error;
  for (Group& group : groups_) cache(*request, group, num_tokens);
  return Done{};
}

}  // namespace kvspec::host
