// allocate_slots. Its preconditions are in allocate_checks.cpp, what it caches in caching.cpp.
#include <algorithm>
#include <limits>

#include "impl/host/groups/kinds.hpp"
#include "impl/host/manager.hpp"

namespace kvspec::host {

// Whether the request goes on within the blocks it has, skips none and fills none: what most steps of a decoding
// request do. All preconditions hold then, nothing is needed, and nothing changes. It needs neither a division nor the
// pool, however many groups there are.
bool Manager::is_quiet(const Request& request, const AllocateSlots<Growing>& command) const {
  if (command.num_new_tokens == 0 || command.num_new_computed_tokens != 0 ||
      command.num_external_computed_tokens != 0 || command.new_computed_blocks == PassedHit::computed ||
      command.full_sequence_must_fit) {
    return false;
  }
  const QuietRange& quiet = request.quiet;
  const std::int64_t computed = command.req_num_computed_tokens;
  const std::int64_t confirmed = computed + command.num_new_tokens;
  const std::int64_t num_tokens = std::min(confirmed, static_cast<std::int64_t>(request.tokens.size()));
  return quiet.computed_from <= computed && computed < quiet.computed_to &&
         confirmed + command.num_lookahead_tokens <= quiet.max_slots && num_tokens < quiet.caches_at;
}

// An allocation was granted: when does the next one have something to do? Fewer computed tokens skip nothing that more
// have not skipped.
void Manager::note_quiet_range(Request& request) {
  constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  QuietRange quiet{.computed_from = 0, .computed_to = never, .max_slots = config_.max_model_len, .caches_at = never};
  for (const Group& group : groups_) {
    const BlockTable& table = request.tables[group.id];
    visit_kind(group, [&]<class Kind>(Kind) {
      const std::int64_t usable = size_of(table.blocks) - Kind::blocks_beyond(group);
      quiet.max_slots = std::min(quiet.max_slots, usable * group.block_size);
      quiet.caches_at = std::min(quiet.caches_at, caches_at(group, table));
      if constexpr (Kind::skips) quiet.computed_to = std::min(quiet.computed_to, Kind::next_skip(group, table));
      if constexpr (Kind::aligns_states) {  // nor may the table be longer than required [ALLOC-18]
        quiet.computed_from = std::max(quiet.computed_from, (usable - 1) * group.block_size);
      }
      if constexpr (!Kind::follows_request) quiet.computed_to = 0;  // the encoder's length decides
    });
  }
  request.quiet = quiet;
}

// [MAMBA-02]
bool Manager::waits_for_state(const Request& request, const Allocation& allocation, const Group& group) const {
  const std::size_t length = passed_hit(request, allocation, group.id).size();
  return length > 0 && group.cached_this_step.contains(key_digests(request, group, length - 1));
}

// The free blocks that tables as long as the demand asks for would use up, over all groups; at the gate none is charged
// more than its admission cap. [ALLOC-07, ALLOC-08]
std::int64_t Manager::needed(const Request& request, const Allocation& allocation, const Demand& demand, bool gate,
                             const Deviations& deviations) const {
  std::int64_t total = 0;
  for (const Group& group : groups_) {
    visit_kind(group, [&]<class Kind>(Kind) {
      if (Kind::has_states && waits_for_state(request, allocation, group)) {
        total += config_.num_blocks;  // more than can be free
        return;
      }
      const std::int64_t required = std::min(Kind::required(group, demand), gate ? group.admission_cap : Group::no_cap);
      const std::span<const BlockId> hit = passed_hit(request, allocation, group.id);
      total += Kind::needed(pool_, group, request.tables[group.id], hit, demand, required, deviations);
    });
  }
  return total;
}

// An aligned state-space group whose need was reckoned was asked for its table. [DEV-06]
void Manager::ask_about_states(Request& request, const Allocation& allocation) {
  if (!deviations_.asking_makes_a_table) return;
  for (Group& group : groups_) {
    const bool asks = visit_kind(group, []<class Kind>(Kind) { return Kind::aligns_states; });
    if (asks && !waits_for_state(request, allocation, group)) ask_for_table(group, request.tables[group.id]);
  }
}

// Makes the hit the head of the table, null blocks in place of what is skipped. [ALLOC-10]
void Manager::take_hit(Request& request, const Allocation& allocation, Group& group) {
  BlockTable& table = request.tables[group.id];
  visit_kind(group, [&]<class Kind>(Kind) {
    table.took_head = Kind::follows_request && !table.cached;
    if (!table.took_head) return;
    const std::span<const BlockId> hit = passed_hit(request, allocation, group.id);
    const std::size_t skipped = static_cast<std::size_t>(Kind::skipped_blocks(group, allocation.demand.computed));
    const std::span<const BlockId> touched = hit.subspan(std::min(skipped, hit.size()));
    pool_.touch(touched);
    table.blocks.assign(skipped, null_block);
    table.blocks.insert(table.blocks.end(), touched.begin(), touched.end());
    table.cached = static_cast<Count>(table.blocks.size());
    table.num_cleared = static_cast<Count>(skipped);
  });
}

// Adds the blocks that external tokens are loaded into. [ALLOC-11]
void Manager::load_external(Request& request, const Allocation& allocation, Group& group) {
  BlockTable& table = request.tables[group.id];
  if (!table.took_head || !allocation.demand.external) return;
  const std::int64_t computed = allocation.demand.computed;
  visit_kind(group, [&]<class Kind>(Kind) {
    const bool all_skipped =
        Kind::skipped_blocks(group, computed) > 0 && Kind::skipped_tokens(group, computed) == computed;
    if (!all_skipped) Kind::extend(pool_, group, table, group.blocks_covering(computed));
  });
}

// Makes the head of every table: its part of the hit, and the blocks of external tokens.
void Manager::take_heads(Request& request, const Allocation& allocation) {
  if (!allocation.takes_hit && !allocation.demand.external) return;
  for (Group& group : groups_) {
    take_hit(request, allocation, group);
    if (deviations_.groups_take_hits_in_turn) load_external(request, allocation, group);
  }
  if (deviations_.groups_take_hits_in_turn) return;
  for (Group& group : groups_) load_external(request, allocation, group);
}

Result<bool> Manager::allocate(Request& request, const AllocateSlots<Growing>& command) {
  if (is_quiet(request, command)) {
    for (BlockTable& table : request.tables) table.num_added = 0;
    count_look_up(request);
    return true;
  }
  Allocation allocation{};
  if (const std::optional<Error> error = check(request, command, allocation)) return *error;
  const Demand& demand = allocation.demand;
  const auto num_free = [&] { return static_cast<std::int64_t>(pool_.num_free()); };

  if (command.full_sequence_must_fit && needed(request, allocation, allocation.whole, true, deviations_) > num_free()) {
    ask_about_states(request, allocation);
    return false;  // [ALLOC-07]
  }
  const std::int64_t need = needed(request, allocation, demand, false, deviations_);
  if (const std::optional<Error> error = check_survives(request, allocation, need)) return *error;
  ask_about_states(request, allocation);
  remove_skipped(request, demand.computed);
  if (need > num_free()) return false;  // [ALLOC-09]

  take_heads(request, allocation);
  for (Group& group : groups_) {
    BlockTable& table = request.tables[group.id];
    make_table(group, table);
    visit_kind(group, [&]<class Kind>(Kind) { Kind::grow(pool_, group, table, demand); });  // [ALLOC-12]
  }
  if (allocation.caches) {  // [ALLOC-13]
    const std::int64_t num_tokens = static_cast<std::int64_t>(request.tokens.size());
    for (Group& group : groups_) cache(request, group, std::min(demand.confirmed, num_tokens));
  }
  note_quiet_range(request);
  count_look_up(request);
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

}  // namespace kvspec::host
