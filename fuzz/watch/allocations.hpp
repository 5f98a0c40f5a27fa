// What an allocation takes, and when it may be refused. [I13, I14, I15, I20, I28]
//
// The need of every group is reckoned here from the tables before the command, by ALLOC-08, ALLOC-17, MAMBA-01 and
// MAMBA-04, and compared with the blocks that really left the free queue. Reference counts from before the command
// follow from those after it: a hit that is taken gains one reference.
//
// Where hashes collide a hit can list a block twice; then nothing is said about its need.
#pragma once

#include <cstdint>
#include <vector>

#include "fuzz/watch/group_facts.hpp"
#include "fuzz/watch/inspected.hpp"
#include "fuzz/watch/story.hpp"

namespace kvspec::fuzz {

// An allocation that is under way, in tokens where nothing else is said.
struct Demand {
  const AllocateSlots<Growing>* command = nullptr;
  const GetComputedBlocks<Growing>::Observation* hit = nullptr;  // that is passed; null if none or empty
  std::int64_t computed = 0;                                     // computed, hit and external ones
  std::int64_t end = 0;                                          // and new ones
  std::int64_t slots = 0;                                        // and lookahead, within the longest sequence
  std::int64_t whole = 0;                                        // of the whole sequence
  Count free_before = 0;                                         // blocks
  bool may_wait = false;                                         // it may resume from a state cached in this step

  std::size_t num_hits(GroupId g) const { return hit == nullptr ? 0 : hit->blocks[g].size(); }
  bool takes_computed() const { return hit != nullptr || command->num_external_computed_tokens > 0; }
};

class Allocations {
 public:
  Allocations(const Config<Growing>& config, const std::vector<GroupFacts>& groups)
      : config_(config),
        groups_(groups),
        max_batched_(config.max_num_batched_tokens.value_or(config.max_model_len)),
        num_usable_(config.num_blocks - 1) {}

  Demand demand_of(const RequestStory& request, const AllocateSlots<Growing>& command, Count free_before) const;

  // The allocation failed as wrong: a well-formed one finds its blocks. [I13, I14]
  Finding failed(const RequestStory& request, Error error) const;
  // `after`: the tables of the request now; request.tables are those before.
  Finding granted(const Inspected& system, const RequestStory& request, const Demand& demand,
                  const std::vector<TableSeen>& after) const;
  Finding refused(const Inspected& system, const RequestStory& request, const Demand& demand,
                  const std::vector<TableSeen>& after) const;

  // Length of the table once the hit is taken and the external tokens have blocks.
  std::int64_t length_with_computed(const GroupFacts& group, const RequestStory& request, const Demand& demand) const;
  // Length that an aligned state-space group's table is to have. [MAMBA-03]
  static std::int64_t aligned_length(const GroupFacts& group, std::int64_t tokens) {
    return divided_up(tokens, group.block_size) + group.speculative;
  }

 private:
  enum class Question : std::uint8_t { gate, allocation };
  struct References {
    const Inspected& system;
    const std::vector<TableSeen>& after;
    bool granted;

    // Of a block of the hit, before the command.
    Count before(const GroupFacts& group, std::size_t place, BlockId b) const;
  };

  std::int64_t need(const GroupFacts& group, const RequestStory& request, const Demand& demand, Question question,
                    const References& references) const;
  std::int64_t freed(const Inspected& system, const RequestStory& request, const std::vector<TableSeen>& after) const;
  std::int64_t at_most(const Demand& demand, std::int64_t tokens, bool gate) const;
  Finding is_tight(const RequestStory& request, const Demand& demand, const std::vector<TableSeen>& after) const;

  const Config<Growing>& config_;
  const std::vector<GroupFacts>& groups_;
  std::int64_t max_batched_;
  std::int64_t num_usable_;
};

}  // namespace kvspec::fuzz
