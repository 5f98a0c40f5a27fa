// How many different states a run has met, approximately: each state sets one bit of a table, and the bits are counted.
// States that share a bit are counted once, so the number is a lower bound.
#pragma once

#include <cstdint>
#include <vector>

#include "spec/dump.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

class Sketch {
 public:
  Sketch();

  // What is told apart: the free queue, the reference counts, which blocks have a hash, the tables' lengths and cached
  // counts, and the requests' lengths. The content of tokens and hashes is not.
  void enter(const View<Growing>& view);

  std::uint64_t distinct() const { return distinct_; }

 private:
  std::vector<std::uint64_t> bits_;
  std::uint64_t distinct_ = 0;
};

}  // namespace kvspec::fuzz
