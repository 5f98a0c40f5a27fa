// What a look-up may find and what it has to find. [I10, I11, I12]
//
//   I10, I11  from the hashes that the blocks of the hit have now, group by group;
//   I12       from what was cached for a request and still has its hash: where that includes all that a hit of some
//             length needs, a request that begins alike finds at least that much.
//
// I12 asks only when a hit is shorter than it could be at best, so it costs little. It says nothing where hashes
// collide, where blocks of state-space groups are not all kept (modes none and align), where a window drops the last
// block of a hit, and where a chunk does not consist of whole blocks (GroupFacts::splits_blocks). With a retention
// interval it is about the replay of the same prompt.
#pragma once

#include <cstdint>
#include <vector>

#include "fuzz/watch/group_facts.hpp"
#include "fuzz/watch/inspected.hpp"
#include "fuzz/watch/story.hpp"

namespace kvspec::fuzz {

class Hits {
 public:
  using Hit = GetComputedBlocks<Growing>::Observation;

  Hits(const Config<Growing>& config, const std::vector<GroupFacts>& groups);

  // I10, I11
  Finding is_supported(const Inspected& system, const RequestStory& request, const Hit& hit) const;
  // I12
  Finding is_complete(const Inspected& system, const Stories& stories, const RequestStory& request,
                      const Hit& hit) const;

  // Blocks [from, to) of the request's table in a group were cached, those that were null or masked left out.
  void cached(const Inspected& system, RequestStory& request, const GroupFacts& group, std::int64_t from,
              std::int64_t to) const;
  // The request was admitted with a hit, or with none.
  void admitted(RequestStory& request, const Hit* hit) const;

 private:
  std::int64_t longest_expected(const RequestStory& known, const RequestStory& request) const;
  bool is_all_there(const Inspected& system, const RequestStory& known, std::int64_t tokens) const;

  const std::vector<GroupFacts>& groups_;
  std::int64_t alignment_ = 1;  // of hits
  std::int64_t scheduler_block_size_ = 1;
  std::int64_t hash_block_size_ = 1;
  std::int64_t largest_block_ = 1;
  bool retains_ = false;  // there is a retention interval
  bool drops_ = false;    // some group drops its last block
  bool says_something_ = false;
};

}  // namespace kvspec::fuzz
