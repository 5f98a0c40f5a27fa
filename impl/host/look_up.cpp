// get_computed_blocks: the longest hit of a request, in one group or common to several.
#include <algorithm>

#include "impl/host/groups/kinds.hpp"
#include "impl/host/manager.hpp"

namespace kvspec::host {

// Looks up the groups of one spec and leaves their hits in the request; the length in blocks.
std::size_t Manager::find_hit(Request& request, const SpecGroup& spec, std::int64_t max_tokens, bool drops_last,
                              std::int64_t alignment) {
  const Group& group = groups_[spec.members[0]];
  const Search search{.pool = pool_,
                      .request = request,
                      .members = spec.members,
                      .group = group,
                      .max_tokens = max_tokens,
                      .max_blocks = static_cast<std::size_t>(group.blocks_in(max_tokens)),
                      .alignment = static_cast<std::size_t>(alignment / group.block_size),
                      .drops_last = drops_last};
  return visit_kind(group, [&]<class Kind>(Kind) { return Kind::find_longest_hit(search); });
}

// The length in tokens of the hit that is left in the request. [LOOK-01, LOOK-12]
std::int64_t Manager::find_longest_hit(Request& request) {
  const std::int64_t longest = static_cast<std::int64_t>(request.tokens.size()) - 1;
  if (groups_.size() > 1) return find_common_hit(request, longest);
  const Group& group = groups_[0];
  const std::size_t blocks = find_hit(request, specs_[0], longest, group.is_eagle, group.block_size);
  return static_cast<std::int64_t>(blocks) * group.block_size;
}

// A length on which all specs agree: each lowers it in turn, until a turn lowers it no more. [LOOK-12 .. LOOK-15]
std::int64_t Manager::find_common_hit(Request& request, std::int64_t longest) {
  const auto forget_verified = [&] {
    for (SpecGroup& spec : specs_) spec.is_verified = false;
  };
  const bool one_turn_is_enough = specs_.size() == 2 && specs_[0].is_full;
  forget_verified();
  std::int64_t length = longest;
  for (bool first_turn = true;; first_turn = false) {
    std::int64_t current = length;
    for (SpecGroup& spec : specs_) {
      const std::int64_t block_size = groups_[spec.members[0]].block_size;
      if (spec.is_full && !first_turn) continue;  // it has all of a prefix, and each length found is aligned [LOOK-13]
      const bool drops = spec.looks_beyond && !spec.is_verified;  // [LOOK-14]
      const std::int64_t within = drops ? std::min(current + block_size, longest) : current;
      const std::size_t blocks = find_hit(request, spec, within, drops, config_.scheduler_block_size);
      const std::int64_t found = static_cast<std::int64_t>(blocks) * block_size;
      if (drops) {
        spec.is_verified = true;
      } else if (found < current) {
        forget_verified();
      }
      current = found;
    }
    if (current >= length) break;
    length = current;
    if (one_turn_is_enough) break;
  }
  cut_full_attention(request, length);
  return length;
}

// [LOOK-15]
void Manager::cut_full_attention(Request& request, std::int64_t length) {
  for (const SpecGroup& spec : specs_) {
    if (!spec.is_full) return;
    const std::size_t blocks = static_cast<std::size_t>(length / groups_[spec.members[0]].block_size);
    for (const GroupId g : spec.members) request.hit[g].resize(std::min(blocks, request.hit[g].size()));
    if (deviations_.only_first_spec_is_cut) return;
  }
}

// [STAT-01, STAT-03]
void Manager::count_look_up(Request& request) {
  if (!request.look_up) return;
  const LookUp& look_up = *request.look_up;
  (look_up.preempted ? stats_.preempted_requests : stats_.requests) += 1;
  (look_up.preempted ? stats_.preempted_queries : stats_.queries) += look_up.num_tokens;
  (look_up.preempted ? stats_.preempted_hits : stats_.hits) += look_up.hit_tokens;
  request.look_up.reset();
}

Manager::Answer<GetComputedBlocks<Growing>> Manager::step(const GetComputedBlocks<Growing>& command) {
  Request* const request = find(command.req);
  if (request == nullptr) return Error{Clause::req_02};
  GetComputedBlocks<Growing>::Observation answer{};
  if (!config_.enable_caching || request->skip_reading_prefix_cache) {  // [LOOK-02, REQ-08]
    answer.blocks.resize(groups_.size());
    return answer;
  }
  request->hit_tokens = find_longest_hit(*request);
  request->has_hit = std::ranges::any_of(request->hit, [](const auto& hit) { return !hit.empty(); });  // [LOOK-05]
  answer.blocks = request->hit;
  answer.num_computed_tokens = static_cast<Count>(request->hit_tokens);
  if (config_.log_stats.value_or(true)) {
    request->look_up = LookUp{.num_tokens = request->tokens.size(),
                              .hit_tokens = answer.num_computed_tokens,
                              .preempted = command.num_preemptions > 0};
    if (deviations_.look_ups_are_counted_at_once) count_look_up(*request);
  }
  return answer;
}

}  // namespace kvspec::host
