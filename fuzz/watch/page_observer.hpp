// Who keeps the entries themselves, where the content oracle only reckons with them: it is told what changes blocks and
// what is read, in the order in which it happens, and what the oracle makes of each reading. So both can be compared.
#pragma once

#include <cstdint>
#include <vector>

#include "fuzz/watch/group_facts.hpp"
#include "fuzz/watch/story.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::fuzz {

class PageObserver {
 public:
  // Positions [from, to) of a request, all in one block of a table, and the table: that of the request, or a hit.
  struct Part {
    const RequestStory& request;
    const GroupFacts& group;
    const std::vector<BlockId>& table;
    std::int64_t from = 0;
    std::int64_t to = 0;
  };

  PageObserver() = default;
  PageObserver(const PageObserver&) = delete;
  PageObserver& operator=(const PageObserver&) = delete;
  virtual ~PageObserver() = default;

  // The pool gave the block away.
  virtual void taken(BlockId b) = 0;
  // A caller vouches for what the block holds.
  virtual void vouched(BlockId b) = 0;
  virtual void written(const Part& part) = 0;
  // `holds`: whether the oracle says that all of it is there.
  virtual void read(const Part& part, bool holds) = 0;
};

}  // namespace kvspec::fuzz
