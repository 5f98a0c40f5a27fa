// What gives blocks back: free, and remove_skipped_blocks, which allocate_slots begins with.
#include <algorithm>
#include <vector>

#include "impl/host/groups/kinds.hpp"
#include "impl/host/manager.hpp"

namespace kvspec::host {

// [FREE-07]
void Manager::remove_skipped(Request& request, std::int64_t computed) {
  for (Group& group : groups_) {
    visit_kind(group, [&]<class Kind>(Kind) {
      if constexpr (!Kind::skips) return;
      BlockTable& table = request.tables[group.id];
      const SkippedBlocks skipped = Kind::skipped(group, table, computed, deviations_);
      if (skipped.num_tokens > 0) ask_for_table(group, table);
      const std::span<BlockId> blocks = std::span(table.blocks).subspan(skipped.first, skipped.last - skipped.first);
      if (!blocks.empty()) pool_.release_split(blocks);
      if (skipped.state) pool_.release(std::span(table.blocks).subspan(*skipped.state, 1));
      skipped.each_place([&](std::size_t i) { table.blocks[i] = null_block; });
      table.num_cleared = static_cast<Count>(skipped.last);
    });
  }
}

// How many blocks remove_skipped would add to the free queue. A block may be in tables of several groups. [DEV-01]
std::int64_t Manager::freed_by_skipping(const Request& request, std::int64_t computed) const {
  std::vector<BlockId> skipped;
  for (const Group& group : groups_) {
    visit_kind(group, [&]<class Kind>(Kind) {
      if constexpr (!Kind::skips) return;
      const BlockTable& table = request.tables[group.id];
      Kind::skipped(group, table, computed, deviations_).each_place([&](std::size_t i) {
        skipped.push_back(table.blocks[i]);
      });
    });
  }
  std::ranges::sort(skipped);  // null blocks among them, which have no references
  std::int64_t freed = 0;
  for (auto first = skipped.begin(); first != skipped.end();) {
    const auto last = std::upper_bound(first, skipped.end(), *first);
    if (static_cast<std::int64_t>(pool_.ref_cnt(*first)) == last - first) ++freed;
    first = last;
  }
  return freed;
}

Manager::Answer<RemoveSkippedBlocks<Growing>> Manager::step(const RemoveSkippedBlocks<Growing>& command) {
  Request* const request = find(command.req);
  if (request == nullptr) return Error{Clause::req_02};
  remove_skipped(*request, command.total_computed_tokens);
  return RemoveSkippedBlocks<Growing>::Observation{.num_free = num_free()};
}

Manager::Answer<Free<Growing>> Manager::step(const Free<Growing>& command) {
  const std::optional<RequestHandle> handle = requests_.find(command.req);
  if (!handle) return Error{Clause::req_02};
  Request& request = requests_[*handle];
  for (Group& group : groups_) {
    const BlockTable& table = request.tables[group.id];
    if (!table.exists) continue;
    visit_kind(group, [&]<class Kind>(Kind) { Kind::release(pool_, table.blocks); });  // [FREE-01]
    --group.num_tables;
  }
  if (command.drop) {
    requests_.erase(*handle);
  } else {
    request.forget_blocks();  // [FREE-03]
  }
  return Free<Growing>::Observation{.num_free = num_free()};
}

}  // namespace kvspec::host
