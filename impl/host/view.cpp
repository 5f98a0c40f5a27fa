// The canonical dumps of the state; see spec/dump.hpp for their order.
#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "impl/host/manager.hpp"

namespace kvspec::host {
namespace {

BlockKey<Growing> to_key(const HashBytes& bytes, GroupId group) {
  BlockKey<Growing> key{};
  bytes.copy_to(key.hash);
  key.group = group;
  return key;
}

bool before(const BlockKey<Growing>& a, const BlockKey<Growing>& b) {
  return std::tie(a.hash, a.group) < std::tie(b.hash, b.group);
}

}  // namespace

std::vector<const Request*> Manager::requests_by_id() const {
  std::vector<const Request*> requests;
  requests.reserve(requests_.size());
  requests_.each([&](const Request& request) { requests.push_back(&request); });
  std::ranges::sort(requests, {}, [](const Request* request) { return std::string_view(request->id); });
  return requests;
}

GroupDump<Growing> Manager::dump(const Group& group, std::span<const Request* const> requests) const {
  GroupDump<Growing> dump{};
  for (const Request* const request : requests) {
    const BlockTable& table = request->tables[group.id];
    if (table.exists) dump.req_blocks.push_back({.req = request->id, .value = table.blocks});
    if (table.cached) dump.num_cached_block.push_back({.req = request->id, .value = *table.cached});
  }
  if (group.spec.kind == GroupKind::mamba) dump_states(group, requests, dump);
  return dump;
}

// What only state-space groups have, and what only aligned ones have. [MAMBA-02, MAMBA-05, MAMBA-06]
void Manager::dump_states(const Group& group, std::span<const Request* const> requests,
                          GroupDump<Growing>& dump) const {
  BlockKeyList<Growing>& keys = dump.cached_blocks_this_step.emplace();
  for (std::size_t i = 0; i < group.cached_this_step.size(); ++i) {
    keys.push_back(to_key(bytes_of(group.cached_this_step[i]), group.id));
  }
  std::ranges::sort(keys, before);
  if (*group.spec.mamba_cache_mode != MambaCacheMode::align) return;
  dump.last_state_block_idx.emplace();
  dump.allocated_block_reqs.emplace();
  for (const Request* const request : requests) {
    const BlockTable& table = request->tables[group.id];
    if (table.last_state) dump.last_state_block_idx->push_back({.req = request->id, .value = *table.last_state});
    if (table.has_running_state) dump.allocated_block_reqs->push_back(request->id);
  }
}

StateDump<Growing> Manager::dump(std::span<const Request* const> requests) const {
  const HashIndex& index = pool_.index();
  StateDump<Growing> dump{};
  dump.free_queue.reserve(pool_.num_free());
  walk_free([&](BlockId b) { dump.free_queue.push_back(b); });
  dump.num_free = num_free();
  dump.usage = pool_.usage();
  dump.cached_map_size = num_keys();
  for (BlockId b = 1; b < num_blocks(); ++b) {
    if (pool_.ref_cnt(b) != 0) dump.ref_cnt.push_back({.block = b, .value = pool_.ref_cnt(b)});
    if (index.has_hash(b)) dump.hashes.push_back({.block = b, .value = to_key(hash(b), index.group(b))});
  }
  index.walk_duplicates([&](const std::vector<BlockId>& blocks) {
    const BlockId first = blocks.front();
    dump.dups.push_back({.key = to_key(hash(first), index.group(first)), .blocks = blocks});
  });
  std::ranges::sort(dump.dups, before, &Duplicates<Growing>::key);
  dump.managers.reserve(groups_.size());
  for (const Group& group : groups_) dump.managers.push_back(this->dump(group, requests));
  return dump;
}

View<Growing> Manager::view() const {
  const std::vector<const Request*> requests = requests_by_id();
  View<Growing> view{};
  view.state = dump(requests);
  view.new_block_ids.resize(groups_.size());
  pool_.each_new([&](GroupId g, BlockId b) { view.new_block_ids[g].push_back(b); });
  for (BlockId b = 1; total_held_ != 0 && b < num_blocks(); ++b) {
    if (held_[b] != 0) view.held.push_back({.block = b, .value = held_[b]});
  }
  view.events = pool_.events().pending(config_.events_int_hashes, hasher_.digest_size());
  view.stats = stats_;
  view.requests.reserve(requests.size());
  for (const Request* const request : requests) {
    RequestDump<Growing>& dump = view.requests.emplace_back();
    dump.req = request->id;
    dump.num_tokens = static_cast<Count>(request->tokens.size());
    dump.block_hashes.reserve(request->digests.size());
    for (const Hash256& digest : request->digests)
      dump.block_hashes.push_back(to_digest(digest, hasher_.digest_size()));
    if (request->has_hit) dump.hit = request->hit;
  }
  return view;
}

}  // namespace kvspec::host
