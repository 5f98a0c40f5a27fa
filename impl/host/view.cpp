// The canonical dumps of the state; see spec/dump.hpp for their order.
#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "impl/host/manager.hpp"

namespace kvspec::host {
namespace {

BlockKey<Growing> to_key(std::span<const Hash256> digests, GroupId group) {
  const std::span<const std::uint8_t> bytes = concatenation(digests);
  BlockKey<Growing> key{};
  key.hash.assign(bytes.begin(), bytes.end());
  key.group = group;
  return key;
}

bool key_before(const Duplicates<Growing>& a, const Duplicates<Growing>& b) {
  return std::tie(a.key.hash, a.key.group) < std::tie(b.key.hash, b.key.group);
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
  return dump;
}

StateDump<Growing> Manager::dump() const {
  const HashIndex& index = pool_.index();
  StateDump<Growing> dump{};
  dump.free_queue.reserve(pool_.num_free());
  walk_free([&](BlockId b) { dump.free_queue.push_back(b); });
  dump.num_free = num_free();
  dump.usage = pool_.usage();
  dump.cached_map_size = num_keys();
  for (BlockId b = 1; b < num_blocks(); ++b) {
    if (pool_.ref_cnt(b) != 0) dump.ref_cnt.push_back({.block = b, .value = pool_.ref_cnt(b)});
    if (index.has_hash(b)) dump.hashes.push_back({.block = b, .value = to_key(index.digests(b), index.group(b))});
  }
  index.walk_duplicates([&](const std::vector<BlockId>& blocks) {
    const BlockId first = blocks.front();
    dump.dups.push_back({.key = to_key(index.digests(first), index.group(first)), .blocks = blocks});
  });
  std::ranges::sort(dump.dups, key_before);
  const std::vector<const Request*> requests = requests_by_id();
  for (const Group& group : groups_) dump.managers.push_back(this->dump(group, requests));
  return dump;
}

View<Growing> Manager::view() const {
  View<Growing> view{};
  view.state = dump();
  for (const Group& group : groups_) view.new_block_ids.push_back(group.new_block_ids);
  for (BlockId b = 1; total_held_ != 0 && b < num_blocks(); ++b) {
    if (held_[b] != 0) view.held.push_back({.block = b, .value = held_[b]});
  }
  view.events = pool_.events().pending(config_.events_int_hashes);
  view.stats = stats_;
  for (const Request* const request : requests_by_id()) {
    RequestDump<Growing> dump{};
    dump.req = request->id;
    dump.num_tokens = static_cast<Count>(request->tokens.size());
    for (const Hash256& digest : request->digests) dump.block_hashes.push_back(to_digest(digest));
    if (request->has_hit) dump.hit = request->hit;
    view.requests.push_back(std::move(dump));
  }
  return view;
}

}  // namespace kvspec::host
