// Construction, and the commands that read or clear.
#include "impl/host/manager.hpp"

#include <algorithm>
#include <utility>

#include "impl/host/groups/kinds.hpp"

namespace kvspec::host {
namespace {

std::vector<std::uint32_t> digests_of_group(const std::vector<Group>& groups) {
  std::vector<std::uint32_t> result;
  for (const Group& group : groups) result.push_back(static_cast<std::uint32_t>(group.digests_per_block));
  return result;
}

// [CACHE-08, CACHE-09]
CacheMask mask_of(const Group& group, const Config<Growing>& config) {
  CacheMask mask{};
  mask.shift = group.is_eagle ? 1 : 0;
  mask.run = group.run + mask.shift;
  mask.scheduler_tokens = config.scheduler_block_size;
  mask.scheduler_blocks = config.scheduler_block_size / group.block_size;
  mask.keeps_replay = config.retention_interval.has_value();
  mask.segment = mask.keeps_replay ? *config.retention_interval / group.block_size : mask.scheduler_blocks;
  mask.keeps_all = mask.segment != 0 && mask.run >= mask.segment;
  return mask;
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
  return Manager(config, Deviations::of(config.is_sound()));
}

Result<Manager> Manager::create(const Config<Growing>& config, std::span<const Clause> deviations) {
  const Result<Done> valid = validate(config);
  if (!valid) return valid.error();
  return Manager(config, Deviations::of(deviations));
}

Manager::Manager(const Config<Growing>& config, const Deviations& deviations)
    : config_(config), deviations_(deviations), hasher_(config), held_(static_cast<std::size_t>(config.num_blocks)) {
  for (const GroupSpec& spec : config.groups) {
    groups_.push_back(group_of(spec));
    groups_.back().id = static_cast<GroupId>(groups_.size() - 1);
  }
  specs_ = spec_groups();
  pool_ = BlockPool(static_cast<std::size_t>(config.num_blocks), digests_of_group(groups_), config.events,
                    deviations_.freed_blocks_stay_listed);
}

Group Manager::group_of(const GroupSpec& spec) const {
  const std::int64_t longest = config_.max_model_len;
  const std::int64_t batch = config_.max_num_batched_tokens.value_or(longest);
  Group group{};
  group.spec = spec;
  group.block_size = config_.effective_block_size(spec);
  group.is_eagle = std::ranges::any_of(
      config_.groups, [&](const GroupSpec& other) { return spec.same_spec(other) && config_.is_eagle(other); });
  group.window = spec.sliding_window.value_or(0);
  group.chunk = spec.attention_chunk_size.value_or(0);
  group.num_speculative = spec.num_speculative_blocks.value_or(0);
  // With caching off nothing has a hash, and the block sizes need not fit.
  if (config_.enable_caching) {
    group.digests_per_block = static_cast<std::size_t>(group.block_size / config_.hash_block_size);
  }
  group.cached_this_step = KeySet(group.digests_per_block);
  if (is_sliding_window(spec.kind)) {
    group.admission_cap = SlidingWindow::admission_cap(group, batch, longest);
    group.run = SlidingWindow::run(group);
    if (group.run == 0 && !deviations_.window_of_one_caches_nothing) group.run = 1;
    group.mask = mask_of(group, config_);
  } else if (spec.kind == GroupKind::chunked) {
    group.admission_cap = ChunkedLocal::admission_cap(group, batch, longest);
  }
  return group;
}

// In order of first appearance, full attention first. [LOOK-11]
std::vector<Manager::SpecGroup> Manager::spec_groups() const {
  std::vector<SpecGroup> specs;
  for (const bool full : {true, false}) {
    for (const Group& group : groups_) {
      if (is_full_attention(group.spec.kind) != full) continue;
      const auto same = [&](const SpecGroup& spec) { return groups_[spec.members[0]].spec.same_spec(group.spec); };
      const auto found = std::ranges::find_if(specs, same);
      if (found != specs.end()) {
        found->members.push_back(group.id);
        continue;
      }
      // A state-space group drops nothing. [LOOK-04]
      const bool drops = group.spec.kind != GroupKind::mamba || deviations_.states_are_sought_beyond;
      specs.push_back({.members = {group.id}, .is_full = full, .looks_beyond = group.is_eagle && drops});
    }
  }
  return specs;
}

Request* Manager::find(std::string_view id) {
  const std::optional<RequestHandle> handle = requests_.find(id);
  return handle ? &requests_[*handle] : nullptr;
}

std::span<const Hash256> Manager::key_digests(const Request& request, const Group& group, std::size_t block) const {
  const std::size_t k = group.digests_per_block;
  return std::span<const Hash256>(request.digests).subspan(block * k, k);
}

void Manager::make_table(Group& group, BlockTable& table) {
  if (table.exists) return;
  table.exists = true;
  ++group.num_tables;
}

// What asking about a request does to its table. [FREE-06]
void Manager::ask_for_table(Group& group, BlockTable& table) {
  if (deviations_.asking_makes_a_table) make_table(group, table);
}

Manager::Answer<ResetPrefixCache<Growing>> Manager::step(const ResetPrefixCache<Growing>&) {
  const bool done = pool_.reset();
  if (done && config_.log_stats.value_or(true)) stats_.reset = true;  // [STAT-02, STAT-03]
  return ResetPrefixCache<Growing>::Observation{.result = done};
}

// [MAMBA-02]
Manager::Answer<NewStepStarts<Growing>> Manager::step(const NewStepStarts<Growing>&) {
  for (Group& group : groups_) group.cached_this_step.clear();
  return Done{};
}

// [ALLOC-15]
Manager::Answer<TakeNewBlockIds<Growing>> Manager::step(const TakeNewBlockIds<Growing>&) {
  TakeNewBlockIds<Growing>::Observation answer{};
  BlockTables<Growing> lists(groups_.size());
  pool_.drain_new([&](GroupId g, BlockId b) { lists[g].push_back(b); });
  if (!lists.empty()) answer.result = std::move(lists[0]);
  for (std::size_t g = 1; g < lists.size(); ++g) {
    answer.result.insert(answer.result.end(), lists[g].begin(), lists[g].end());
  }
  return answer;
}

Manager::Answer<TakeEvents<Growing>> Manager::step(const TakeEvents<Growing>&) {
  TakeEvents<Growing>::Observation answer{};
  answer.events = pool_.events().pending(config_.events_int_hashes, hasher_.digest_size());
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
  if (!config_.enable_caching) return answer;  // [FREE-05]
  for (Group& group : groups_) {
    BlockTable& table = request->tables[group.id];
    if (is_full_attention(group.spec.kind)) ask_for_table(group, table);
    answer.result[group.id] =
        visit_kind(group, [&]<class Kind>(Kind) { return Kind::common_prefix(pool_, table, group.num_tables); });
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

Manager::Answer<DumpState<Growing>> Manager::step(const DumpState<Growing>&) { return dump(requests_by_id()); }

}  // namespace kvspec::host
