// Construction, look-up and the commands that read or clear.
#include "impl/host/manager.hpp"

#include <algorithm>
#include <utility>

namespace kvspec::host {
namespace {

std::vector<std::uint32_t> digests_of_group(const std::vector<Group>& groups) {
  std::vector<std::uint32_t> result;
  for (const Group& group : groups) result.push_back(static_cast<std::uint32_t>(group.digests_per_block));
  return result;
}

// [EVENT-06]
SpecKind spec_kind(GroupKind kind) {
  switch (kind) {
    case GroupKind::full:
      return SpecKind::full_attention;
    case GroupKind::mla:
      return SpecKind::mla_attention;
    case GroupKind::swa:
      return SpecKind::sliding_window;
    case GroupKind::swa_mla:
      return SpecKind::sliding_window_mla;
    case GroupKind::chunked:
      return SpecKind::chunked_local_attention;
    case GroupKind::mamba:
      return SpecKind::mamba;
    case GroupKind::cross:
      return SpecKind::cross_attention;
  }
  return SpecKind::full_attention;
}

}  // namespace

Result<Manager> Manager::create(const Config<Growing>& config) {
  const Result<Done> valid = validate(config);
  if (!valid) return valid.error();
  return Manager(config);
}

Manager::Manager(const Config<Growing>& config)
    : config_(config), hasher_(config), held_(static_cast<std::size_t>(config.num_blocks)) {
  for (const GroupSpec& spec : config.groups) {
    Group group{};
    group.id = static_cast<GroupId>(groups_.size());
    group.spec = spec;
    group.block_size = config.effective_block_size(spec);
    // With caching off nothing has a hash, and the block sizes need not fit.
    if (config.enable_caching)
      group.digests_per_block = static_cast<std::size_t>(group.block_size / config.hash_block_size);
    groups_.push_back(std::move(group));
  }
  pool_ = BlockPool(static_cast<std::size_t>(config.num_blocks), digests_of_group(groups_), config.events);
}

Request* Manager::find(std::string_view id) {
  const std::optional<RequestHandle> handle = requests_.find(id);
  return handle ? &requests_[*handle] : nullptr;
}

HashIndex::Key Manager::key_of(const Request& request, const Group& group, std::size_t block) const {
  const std::size_t k = group.digests_per_block;
  return {std::span<const Hash256>(request.digests).subspan(block * k, k), group.id};
}

Manager::Answer<GetComputedBlocks<Growing>> Manager::step(const GetComputedBlocks<Growing>& command) {
  Request* const request = find(command.req);
  if (request == nullptr) return Error{Clause::req_02};
  GetComputedBlocks<Growing>::Observation answer{};
  answer.blocks.resize(groups_.size());
  if (!config_.enable_caching || request->skip_reading_prefix_cache) return answer;  // [LOOK-02, REQ-08]

  const std::int64_t num_tokens = static_cast<std::int64_t>(request->tokens.size());
  request->has_hit = false;
  for (const Group& group : groups_) {
    std::vector<BlockId>& hit = request->hit[group.id];
    visit_kind(group.spec.kind, [&]<class Kind>(Kind) {
      typename Kind::Search search{};
      search.group = group.id;
      search.digests_per_block = group.digests_per_block;
      search.max_blocks = static_cast<std::size_t>((num_tokens - 1) / group.block_size);  // [LOOK-01]
      search.drop_last = config_.is_eagle(group.spec);
      Kind::find_longest_hit(pool_, request->digests, search, hit);
    });
    request->has_hit = request->has_hit || !hit.empty();  // [LOOK-05]
    answer.blocks[group.id] = hit;
    answer.num_computed_tokens = static_cast<Count>(static_cast<std::int64_t>(hit.size()) * group.block_size);
  }
  if (config_.log_stats.value_or(true)) {  // [STAT-01, STAT-03]
    const bool preempted = command.num_preemptions > 0;
    (preempted ? stats_.preempted_requests : stats_.requests) += 1;
    (preempted ? stats_.preempted_queries : stats_.queries) += request->tokens.size();
    (preempted ? stats_.preempted_hits : stats_.hits) += answer.num_computed_tokens;
  }
  return answer;
}

// Full attention skips no tokens. [FREE-04]
Manager::Answer<RemoveSkippedBlocks<Growing>> Manager::step(const RemoveSkippedBlocks<Growing>& command) {
  if (find(command.req) == nullptr) return Error{Clause::req_02};
  return RemoveSkippedBlocks<Growing>::Observation{.num_free = num_free()};
}

Manager::Answer<ResetPrefixCache<Growing>> Manager::step(const ResetPrefixCache<Growing>&) {
  const bool done = pool_.reset();
  if (done && config_.log_stats.value_or(true)) stats_.reset = true;  // [STAT-02, STAT-03]
  return ResetPrefixCache<Growing>::Observation{.result = done};
}

// Only state-space groups care which step a block was cached in.
Manager::Answer<NewStepStarts<Growing>> Manager::step(const NewStepStarts<Growing>&) { return Done{}; }

Manager::Answer<TakeNewBlockIds<Growing>> Manager::step(const TakeNewBlockIds<Growing>&) {
  TakeNewBlockIds<Growing>::Observation answer{};
  for (Group& group : groups_) {  // [ALLOC-15]
    answer.result.insert(answer.result.end(), group.new_block_ids.begin(), group.new_block_ids.end());
    group.new_block_ids.clear();
  }
  return answer;
}

Manager::Answer<TakeEvents<Growing>> Manager::step(const TakeEvents<Growing>&) {
  TakeEvents<Growing>::Observation answer{};
  if (pool_.events().empty()) return answer;
  answer.events = pool_.events().pending(config_.events_int_hashes);
  pool_.events().clear();  // [EVENT-07]
  for (Event<Growing>& event : answer.events) {
    BlockStored<Growing>* const stored = std::get_if<BlockStored<Growing>>(&event);
    if (stored == nullptr || stored->group_idx >= groups_.size()) continue;  // [EVENT-06]
    const GroupSpec& spec = groups_[stored->group_idx].spec;
    stored->kv_cache_spec_kind = spec_kind(spec.kind);
    if (spec.sliding_window) stored->kv_cache_spec_sliding_window = static_cast<Count>(*spec.sliding_window);
  }
  return answer;
}

Manager::Answer<GetNumCommonPrefixBlocks<Growing>> Manager::step(const GetNumCommonPrefixBlocks<Growing>& command) {
  Request* const request = find(command.req);
  if (request == nullptr) return Error{Clause::req_02};
  GetNumCommonPrefixBlocks<Growing>::Observation answer{};
  answer.result.resize(groups_.size());
  if (!config_.enable_caching) return answer;
  for (Group& group : groups_) {
    BlockTable& table = request->tables[group.id];
    if (!table.exists) {  // [FREE-06]
      table.exists = true;
      ++group.num_tables;
    }
    answer.result[group.id] = visit_kind(
        group.spec.kind, [&]<class Kind>(Kind) { return Kind::common_prefix(pool_, table, group.num_tables); });
  }
  return answer;
}

Manager::Answer<GetBlockIds<Growing>> Manager::step(const GetBlockIds<Growing>& command) {
  const Request* const request = find(command.req);
  if (request == nullptr) return Error{Clause::req_02};
  GetBlockIds<Growing>::Observation answer{};
  for (const BlockTable& table : request->tables) answer.result.push_back(table.blocks);
  return answer;
}

Manager::Answer<TakeStats<Growing>> Manager::step(const TakeStats<Growing>&) {
  return std::exchange(stats_, PrefixCacheStats{});  // [STAT-02]
}

Manager::Answer<DumpState<Growing>> Manager::step(const DumpState<Growing>&) { return dump(); }

}  // namespace kvspec::host
