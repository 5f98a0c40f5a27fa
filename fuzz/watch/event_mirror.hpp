// A consumer of the events, as anyone could run one: it mirrors what is cached from BlockStored, BlockRemoved and
// AllBlocksCleared alone, and checks that it is told the truth. [I22, I23]
//
//   I22  the mirror counts blocks for each hash, as events show it, and group. No count is ever below 0, and whenever
//        the events have been drained the counts are those of the index.
//   I23  each BlockStored has as many tokens and extra keys as its hashes need, and its hashes follow from its parent,
//        its tokens and its extra keys. They are hashed here again. The parent is a hash that some request has; an
//        integer stands for the digest that a request has been given (fuzz/watch/hash_book.hpp). Blocks of several hash
//        blocks are hashed again only if they have no extra keys: those of the hash blocks in them are not told.
#pragma once

#include <cstdint>
#include <span>

#include "fuzz/watch/flat_map.hpp"
#include "fuzz/watch/group_facts.hpp"
#include "fuzz/watch/hash_book.hpp"
#include "fuzz/watch/inspected.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/invariants.hpp"

namespace kvspec::fuzz {

class EventMirror {
 public:
  EventMirror(const Config<Growing>& config, const std::vector<GroupFacts>& groups);

  // The events that take_events returned, all there were.
  Finding took(const Inspected& system, std::span<const Event<Growing>> events, HashBook& hashes);

 private:
  struct Entry {
    std::uint32_t count = 0;
    std::uint32_t seen = 0;  // in the index, in walk number `walk`
    std::uint64_t walk = 0;
  };

  std::uint64_t key_of(const EventHash<Growing>& hash, GroupId group) const;
  Finding take(const BlockStored<Growing>& event, HashBook& hashes);
  Finding take(const BlockRemoved<Growing>& event);
  Finding has_its_sizes(const BlockStored<Growing>& event, std::int64_t block_size) const;
  Finding has_true_hashes(const BlockStored<Growing>& event, std::int64_t block_size, HashBook& hashes) const;
  Finding equals_index(const Inspected& system);

  const Config<Growing>& config_;
  const std::vector<GroupFacts>& groups_;
  Digest none_hash_{};
  FlatMap<Entry> blocks_;
  std::uint64_t total_ = 0;  // of all counts
  std::uint64_t walk_ = 0;
};

}  // namespace kvspec::fuzz
