// The content oracle: what every block of the pool holds, as if the entries themselves were there. A page that is
// handed out wrongly is seen in what it holds, whatever the hashes say. [I9, I19, I24]
//
// Who writes what (positions of a request; group by group):
//
//   an allocation that succeeds writes the tokens it is for: those computed in the step, and external ones, which are
//   loaded with the request's own content. Blocks that an allocation takes from the pool hold nothing before that.
//   Tokens that the request does not have yet - drafts, tokens in flight - hold nothing that counts. A later command
//   that names more computed tokens says that they were right: then they are written. Rejected drafts are computed
//   anew. Slots for a drafter beyond the new tokens are never read.
//
// Since a block is written from its first position on, one number and one identity are what it holds: how many
// positions, and the identity of the last of them, which stands for all before it. A block of a state-space group holds
// one state: that after the last token written in it. A caller whose steps end inside of a block of an aligned group
// has to put the state at its end there; that it does so is not checked.
//
// Who reads what: a step that computes from position n on reads, in each group, the positions from first_read(n)
// (fuzz/watch/group_facts.hpp) to n. A hit of n tokens makes the same positions readable. They are checked when a hit
// is found and whenever slots are given. What has been skipped for good is not read again: a caller that names fewer
// computed tokens than before, by more than rejected drafts, has lost it.
//
// A block that a pool-level caller caches under a hash of its choice is believed to hold what the caller says.
#pragma once

#include <cstdint>
#include <vector>

#include "fuzz/watch/page_observer.hpp"
#include "fuzz/watch/story.hpp"

namespace kvspec::fuzz {

class ContentOracle {
 public:
  // `pages` is told what happens to blocks, unless it is null; it outlives this.
  ContentOracle(const Config<Growing>& config, const std::vector<GroupFacts>& groups, const HashBook& hashes,
                PageObserver* pages = nullptr)
      : groups_(groups), hashes_(hashes), blocks_(static_cast<std::size_t>(config.num_blocks)), pages_(pages) {}

  // ---- What changes the blocks ----

  // The caller says that the first `computed` tokens of the request are computed.
  void claimed(RequestStory& request, std::int64_t computed);
  // The pool gave the block away: to a table of a group, or to a pool-level caller.
  void taken(BlockId b, GroupId g) {
    blocks_[b] = Content{.identity = {}, .count = 0, .group = g};
    if (pages_ != nullptr) pages_->taken(b);
  }
  // Positions [from, to) of the request are written.
  void written(const RequestStory& request, std::int64_t from, std::int64_t to);
  // A caller vouches for the block.
  void vouched(BlockId b) {
    blocks_[b].is_vouched = true;
    if (pages_ != nullptr) pages_->vouched(b);
  }
  // Blocks [from, to) of the request's table in a state-space group were cached in this step.
  void cached(const GroupFacts& group, const TableSeen& table, std::int64_t from, std::int64_t to);
  void step_starts() { ++step_; }

  // ---- What is checked ----

  // A look-up found `hit`. [I9]
  Finding readable(const RequestStory& request, const GetComputedBlocks<Growing>::Observation& hit) const;
  // A step of the request reads its tables before position n; what was skipped at `furthest` tokens is not needed.
  // [I9, I19]
  Finding read(const RequestStory& request, std::int64_t n, std::int64_t furthest) const;
  // A hit was taken. [I24]
  Finding resumes(const RequestStory& request, const GetComputedBlocks<Growing>::Observation& hit) const;

 private:
  struct Content {
    Identity identity{};     // of the last position
    std::int64_t count = 0;  // positions from the first on
    GroupId group = 0;
    bool is_vouched = false;
    std::uint64_t cached_in = 0;  // number of the step, state-space groups only
  };

  bool holds(BlockId b, const GroupFacts& group, const RequestStory& request, std::int64_t i, std::int64_t to) const;
  // Block i of a table of the request, the null block where the table ends before it.
  Finding check_block(const std::vector<BlockId>& table, const GroupFacts& group, const RequestStory& request,
                      std::int64_t i, std::int64_t to, const char* null_text) const;

  const std::vector<GroupFacts>& groups_;
  const HashBook& hashes_;  // where hashes can collide, what a hit holds is not known
  std::vector<Content> blocks_;
  PageObserver* pages_;
  std::uint64_t step_ = 1;
};

}  // namespace kvspec::fuzz
