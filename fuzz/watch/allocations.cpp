#include "fuzz/watch/allocations.hpp"

#include <algorithm>
#include <cstddef>

#include "fuzz/hit_lists.hpp"

namespace kvspec::fuzz {

namespace {

bool has(const std::vector<BlockId>& blocks, BlockId b) {
  return std::find(blocks.begin(), blocks.end(), b) != blocks.end();
}

const TableSeen& table_of(const std::vector<TableSeen>& tables, GroupId g) {
  static const TableSeen none;
  return g < tables.size() ? tables[g] : none;
}

Violation broken(const RequestStory& request, Clause clause, const char* what, std::int64_t actual,
                 std::int64_t expected) {
  return {.clause = clause, .what = what, .request = request.id, .actual = actual, .expected = expected};
}

}  // namespace

Demand Allocations::demand_of(const RequestStory& request, const AllocateSlots<Growing>& command,
                              Count free_before) const {
  Demand demand{.command = &command, .free_before = free_before};
  const bool passes = command.new_computed_blocks == PassedHit::computed && request.hit;
  if (passes && std::ranges::any_of(request.hit->blocks, [](const auto& blocks) { return !blocks.empty(); })) {
    demand.hit = &*request.hit;
  }
  demand.computed = std::int64_t{command.req_num_computed_tokens} + command.num_new_computed_tokens +
                    command.num_external_computed_tokens;
  demand.end = demand.computed + command.num_new_tokens;
  demand.slots = std::min(demand.end + command.num_lookahead_tokens, config_.max_model_len);
  demand.whole = std::min<std::int64_t>(request.num_tokens(), config_.max_model_len);
  return demand;
}

Finding Allocations::failed(const RequestStory& request, Error error) const {
  if (error.clause == Clause::alloc_18) {
    return broken(request, Clause::i13, "the need of a group is negative", error.offending, 0);
  }
  if (error.clause == Clause::pool_04) {
    return broken(request, Clause::i14, "an allocation runs out of blocks", error.offending, 0);
  }
  return {};
}

Count Allocations::References::before(const GroupFacts& group, std::size_t place, BlockId b) const {
  const Count now = system.ref_cnt(b);
  if (!granted) return now;
  const std::vector<BlockId>& table = after[group.id].blocks;
  const bool is_taken = place < table.size() && table[place] == b;
  // A hit that is skipped at once is not taken; if it was free it may have been given away.
  return is_taken ? now - std::min<Count>(now, 1) : now;
}

std::int64_t Allocations::length_with_computed(const GroupFacts& group, const RequestStory& request,
                                               const Demand& demand) const {
  const TableSeen& table = table_of(request.tables, group.id);
  const std::int64_t held = static_cast<std::int64_t>(table.blocks.size());
  if (table.cached || !demand.takes_computed() || group.is_cross()) return held;
  const std::int64_t skipped = group.skipped_blocks(demand.computed);
  const std::int64_t hits = static_cast<std::int64_t>(demand.num_hits(group.id));
  const bool all_skipped = skipped > 0 && group.first_read(demand.computed) == demand.computed;
  const bool loads = demand.command->num_external_computed_tokens > 0 && !all_skipped;
  const std::int64_t length = std::max(skipped, hits);
  return loads ? std::max(length, divided_up(demand.computed, group.block_size)) : length;
}

// [ALLOC-08, ALLOC-16, ALLOC-17, MAMBA-01, MAMBA-04]
std::int64_t Allocations::need(const GroupFacts& group, const RequestStory& request, const Demand& demand,
                               Question question, const References& references) const {
  const bool gate = question == Question::gate;
  const TableSeen& table = table_of(request.tables, group.id);
  const std::int64_t held = static_cast<std::int64_t>(table.blocks.size());
  const std::int64_t slots = group.is_cross() ? demand.command->num_encoder_tokens : gate ? demand.whole : demand.slots;
  const std::int64_t hits = static_cast<std::int64_t>(demand.num_hits(group.id));
  const std::int64_t skipped = group.skipped_blocks(demand.computed);

  std::int64_t free_hits = 0;
  for (std::int64_t i = std::max<std::int64_t>(skipped - held, 0); i < hits; ++i) {
    const std::size_t place = static_cast<std::size_t>(i);
    const BlockId b = demand.hit->blocks[group.id][place];
    if (b != null_block && references.before(group, place, b) == 0) ++free_hits;
  }
  if (group.is_aligned_state()) {
    const std::int64_t length = length_with_computed(group, request, demand);
    const std::int64_t loaded = table.cached || !demand.takes_computed() ? 0 : length - std::max(skipped, hits);
    const bool has_state = group.id < request.has_state.size() && request.has_state[group.id];
    const std::int64_t missing = aligned_length(group, gate ? demand.whole : demand.end) - length;
    return std::clamp<std::int64_t>(missing, 0, has_state ? 1 : 1 + group.speculative) + loaded + free_hits;
  }
  const std::int64_t required = std::min(divided_up(slots, group.block_size) + group.speculative,
                                         gate ? group.cap : std::numeric_limits<std::int64_t>::max());
  if (table.cached) return std::max<std::int64_t>(required - held, 0);
  return std::max<std::int64_t>(required - std::max(skipped, hits + held), 0) + free_hits;
}

// Blocks that left their places in the request's tables and that nobody else refers to: they became free. The
// speculative blocks of an aligned state-space group are moved, not freed.
std::int64_t Allocations::freed(const Inspected& system, const RequestStory& request,
                                const std::vector<TableSeen>& after) const {
  std::int64_t count = 0;
  for (GroupId g = 0; g < request.tables.size(); ++g) {
    const std::vector<BlockId>& old = request.tables[g].blocks;
    const std::vector<BlockId>& now = after[g].blocks;
    const std::size_t movable = groups_[g].is_aligned_state() ? static_cast<std::size_t>(groups_[g].speculative) : 0;
    for (std::size_t i = 0; i < old.size(); ++i) {
      const BlockId b = old[i];
      if (b == null_block || (i < now.size() && now[i] == b)) continue;
      if (i + movable >= old.size() && has(now, b)) continue;
      const auto holds = [&](const TableSeen& table) { return has(table.blocks, b); };
      // What was given away again in the same command was free in between.
      if (system.ref_cnt(b) == 0 || std::ranges::any_of(after, holds)) ++count;
    }
  }
  return count;
}

Finding Allocations::granted(const Inspected& system, const RequestStory& request, const Demand& demand,
                             const std::vector<TableSeen>& after) const {
  const bool is_reckonable = demand.hit == nullptr || !lists_a_block_twice(demand.hit->blocks);
  if (is_reckonable && !request.overclaims) {
    std::int64_t needed = 0;
    const References references{system, after, true};
    for (const GroupFacts& group : groups_) needed += need(group, request, demand, Question::allocation, references);
    const std::int64_t taken =
        std::int64_t{demand.free_before} + freed(system, request, after) - std::int64_t{system.num_free()};
    if (taken != needed) {
      return broken(request, Clause::i13, "an allocation takes more or fewer blocks than it needs", taken, needed);
    }
  }
  return is_tight(request, demand, after);
}

// Only a table that ends with the tokens of this step is looked at: slots for a drafter, drafts that were rejected and
// external tokens make longer ones. [I20]
Finding Allocations::is_tight(const RequestStory& request, const Demand& demand,
                              const std::vector<TableSeen>& after) const {
  const AllocateSlots<Growing>& command = *demand.command;
  const bool is_plain = command.num_lookahead_tokens == 0 && command.num_external_computed_tokens == 0;
  if (!is_plain || request.overclaims || request.exceeds_budget || command.num_new_tokens > max_batched_) return {};
  for (const GroupFacts& group : groups_) {
    const std::vector<BlockId>& table = after[group.id].blocks;
    if (group.splits_blocks()) continue;
    std::int64_t most = group.cap;
    if (group.is_aligned_state()) {
      most = 3 + group.speculative + divided_up(group.speculative, group.block_size);
    } else if (static_cast<std::int64_t>(table.size()) > divided_up(demand.end, group.block_size)) {
      continue;
    }
    const std::int64_t real = std::ranges::count_if(table, [](BlockId b) { return b != null_block; });
    if (real <= most) continue;
    Violation found = broken(request, Clause::i20, "a request holds more blocks than it can need", real, most);
    found.group = group.id;
    return found;
  }
  return {};
}

// Blocks that the tables need at most, in a pool of their own.
std::int64_t Allocations::at_most(const Demand& demand, std::int64_t tokens, bool gate) const {
  std::int64_t blocks = 0;
  for (const GroupFacts& group : groups_) {
    if (group.is_cross()) {
      blocks += divided_up(demand.command->num_encoder_tokens, group.block_size);
    } else if (group.is_aligned_state()) {
      blocks += 1 + group.speculative;
    } else {
      const std::int64_t required = divided_up(tokens, group.block_size) + group.speculative;
      blocks += gate ? std::min(required, group.cap) : required;
    }
  }
  return blocks;
}

Finding Allocations::refused(const Inspected& system, const RequestStory& request, const Demand& demand,
                             const std::vector<TableSeen>& after) const {
  const bool must_fit = demand.command->full_sequence_must_fit;
  const std::int64_t whole = at_most(demand, demand.whole, true);
  if (must_fit && whole > num_usable_) {
    return broken(request, Clause::i15, "a request that can never fit is refused", whole, num_usable_);
  }
  // The state that an aligned state-space group resumes from has a block beside the new ones.
  std::int64_t resumed = 0;
  for (const GroupFacts& group : groups_) {
    resumed += group.is_aligned_state() && demand.takes_computed() ? 1 : 0;
  }
  const std::int64_t asked = std::max(at_most(demand, demand.slots, false), must_fit ? whole : 0) + resumed;
  if (demand.free_before == num_usable_ && asked <= num_usable_ && !demand.may_wait) {
    return broken(request, Clause::i28, "an allocation is refused although every block is free", asked, num_usable_);
  }

  for (GroupId g = 0; g < after.size(); ++g) {
    const TableSeen& old = table_of(request.tables, g);
    const TableSeen& now = after[g];
    const auto is_kept_or_null = [](BlockId before, BlockId b) { return b == before || b == null_block; };
    if (old.cached == now.cached && std::ranges::equal(old.blocks, now.blocks, is_kept_or_null)) {
      continue;
    }
    Violation found = broken(request, Clause::i13, "a refused allocation changes a block table", 0, 0);
    found.group = g;
    return found;
  }
  const std::int64_t freed_blocks = freed(system, request, after);
  const std::int64_t free_now = system.num_free();
  if (demand.free_before + freed_blocks != free_now) {
    return broken(request, Clause::i13, "a refused allocation takes blocks", free_now,
                  demand.free_before + freed_blocks);
  }
  std::int64_t needed = 0;
  std::int64_t needed_at_gate = 0;
  const References references{system, after, false};
  for (const GroupFacts& group : groups_) {
    needed += need(group, request, demand, Question::allocation, references);
    if (must_fit) needed_at_gate += need(group, request, demand, Question::gate, references);
  }
  if (!request.overclaims && needed <= free_now && needed_at_gate <= std::int64_t{demand.free_before} &&
      !demand.may_wait) {
    return broken(request, Clause::i13, "an allocation is refused although the blocks it needs are free", needed,
                  free_now);
  }
  return {};
}

}  // namespace kvspec::fuzz
