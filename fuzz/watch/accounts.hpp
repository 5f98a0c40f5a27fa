// The accounts that are kept of commands: what the statistics should be, who holds blocks, and what was answered last.
// [I25, I26, I27, I29]
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "fuzz/watch/inspected.hpp"
#include "fuzz/watch/story.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/invariants.hpp"

namespace kvspec::fuzz {

// I27: each admission of a request that looked up, once.
class Statistics {
 public:
  explicit Statistics(const Config<Growing>& config)
      : counts_(config.log_stats.value_or(true)), caching_(config.enable_caching) {}

  // The request was given slots.
  void admitted(RequestStory& request) {
    if (request.is_recorded || !request.hit) return;
    request.is_recorded = true;
    if (!counts_ || !caching_ || !request.reads_cache) return;
    const std::uint64_t hits = request.hit->num_computed_tokens;
    (request.is_preempted ? due_.preempted_requests : due_.requests) += 1;
    (request.is_preempted ? due_.preempted_queries : due_.queries) += request.num_queried;
    (request.is_preempted ? due_.preempted_hits : due_.hits) += hits;
  }

  Finding took(const PrefixCacheStats& seen) {
    const PrefixCacheStats due = due_;
    due_ = {};
    const auto differs = [](const char* what, std::uint64_t actual, std::uint64_t expected) {
      return Violation{.clause = Clause::i27,
                       .what = what,
                       .actual = static_cast<std::int64_t>(actual),
                       .expected = static_cast<std::int64_t>(expected)};
    };
    if (seen.requests != due.requests) {
      return differs("the statistics count other requests than were admitted", seen.requests, due.requests);
    }
    if (seen.queries != due.queries) return differs("the statistics count other queries", seen.queries, due.queries);
    if (seen.hits != due.hits) return differs("the statistics count other hits", seen.hits, due.hits);
    if (seen.preempted_requests != due.preempted_requests || seen.preempted_queries != due.preempted_queries ||
        seen.preempted_hits != due.preempted_hits) {
      return differs("the statistics count other look-ups of preempted requests", seen.preempted_requests,
                     due.preempted_requests);
    }
    return {};
  }

 private:
  bool counts_;
  bool caching_;
  PrefixCacheStats due_{};
};

// I26: while no request has slots and nothing is held, everything is given back.
class Holdings {
 public:
  void took(std::size_t blocks) { num_held_ += blocks; }
  void gave(std::size_t blocks) { num_held_ -= std::min(num_held_, blocks); }

  bool are_none(const Stories& stories) const { return num_held_ == 0 && stories.num_with_slots() == 0; }

  Finding is_all_given_back(const Inspected& system, const Stories& stories) const {
    if (!are_none(stories)) return {};
    if (system.num_free() + 1 != system.num_blocks()) {
      return Violation{.clause = Clause::i26,
                       .what = "nobody has blocks but not all are free",
                       .actual = system.num_free(),
                       .expected = std::int64_t{system.num_blocks()} - 1};
    }
    if (const auto table = system.any_table()) {
      return Violation{.clause = Clause::i26,
                       .what = "a request without slots has a block table",
                       .group = table->first,
                       .request = table->second};
    }
    return {};
  }

  Finding has_no_new_blocks(const BlockList<Growing>& listed, const Stories& stories) const {
    if (listed.empty() || !are_none(stories)) return {};
    return Violation{.clause = Clause::i26, .what = "a block that nobody has is listed as new", .block = listed[0]};
  }

 private:
  std::size_t num_held_ = 0;  // references of pool-level callers
};

// I29: a look-up or a refused allocation, repeated at once, gives the same answer.
class Repetition {
 public:
  // `before`: what the last look-up of the request found.
  Finding looked_up(const GetComputedBlocks<Growing>& command, const GetComputedBlocks<Growing>::Observation& seen,
                    const std::optional<GetComputedBlocks<Growing>::Observation>& before) {
    const bool again = look_up_ && *look_up_ == command && before;
    refusal_.reset();
    look_up_ = command;
    if (!again || *before == seen) return {};
    return different(before->num_computed_tokens, seen.num_computed_tokens);
  }
  Finding refused(const AllocateSlots<Growing>& command, const AllocateSlots<Growing>::Observation& seen) {
    const bool again = refusal_ && *refusal_ == command;
    Finding found;
    if (again && seen.num_free != num_free_) found = different(num_free_, seen.num_free);
    look_up_.reset();
    refusal_ = command;
    num_free_ = seen.num_free;
    return found;
  }
  Finding granted(const AllocateSlots<Growing>& command, const AllocateSlots<Growing>::Observation& seen) {
    const bool again = refusal_ && *refusal_ == command;
    forget();
    return again ? Finding(different(num_free_, seen.num_free)) : Finding{};
  }
  // Any other command came in between.
  void forget() {
    look_up_.reset();
    refusal_.reset();
  }

 private:
  static Violation different(std::int64_t before, std::int64_t now) {
    return {.clause = Clause::i29,
            .what = "a command that changes nothing, repeated, gives another answer",
            .actual = now,
            .expected = before};
  }

  std::optional<GetComputedBlocks<Growing>> look_up_;
  std::optional<AllocateSlots<Growing>> refusal_;
  std::int64_t num_free_ = 0;
};

// I25: after a successful reset nothing is cached.
inline Finding is_reset(const Inspected& system) {
  if (system.num_keys() != 0) {
    return Violation{.clause = Clause::i25,
                     .what = "the index is not empty after a reset",
                     .actual = static_cast<std::int64_t>(system.num_keys())};
  }
  for (BlockId b = 0; b < system.num_blocks(); ++b) {
    if (system.has_hash(b)) {
      return Violation{.clause = Clause::i25, .what = "a block has a hash after a reset", .block = b};
    }
  }
  return {};
}

// I25, as long as nothing has been cached again.
inline Finding misses_after_reset(const Inspected& system, const GetComputedBlocks<Growing>::Observation& hit) {
  if (system.num_keys() != 0) return {};
  for (const BlockList<Growing>& blocks : hit.blocks) {
    for (const BlockId b : blocks) {
      if (b == null_block) continue;
      return Violation{.clause = Clause::i25, .what = "a look-up finds a block although none is cached", .block = b};
    }
  }
  return {};
}

}  // namespace kvspec::fuzz
