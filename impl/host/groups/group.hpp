// One group of layers that share block tables, and where its kind's rules are found.
//
// A kind is a class of static functions in a file of its own, all of the shape of FullAttention; visit_kind is the only
// place that knows them all, and adding a kind is a file and a case there. What the kinds share - the pool, the tables,
// the order of the steps of an allocation - is the manager's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "impl/host/groups/full_attention.hpp"
#include "spec/config.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::host {

struct Group {
  GroupId id = 0;
  GroupSpec spec{};
  std::int64_t block_size = 1;           // tokens, context parallelism included [ALLOC-14]
  std::size_t digests_per_block = 1;     // block_size / hash block size [HASH-10]
  Count num_tables = 0;                  // block tables, empty ones included [FREE-05, FREE-06]
  std::vector<BlockId> new_block_ids{};  // until drained [ALLOC-15]

  // Full blocks in a number of tokens, and blocks that cover it: tokens < 2^32, and covered ones < 2^31. Block sizes
  // are at most 2^20, so 32 bits suffice, in which dividing takes half as long.
  std::int64_t blocks_in(std::int64_t num_tokens) const {
    return static_cast<std::uint32_t>(num_tokens) / static_cast<std::uint32_t>(block_size);
  }
  std::int64_t blocks_covering(std::int64_t num_tokens) const { return blocks_in(num_tokens + block_size - 1); }
};

// f(rules of the kind).
template <class F>
decltype(auto) visit_kind(GroupKind kind, F&& f) {
  switch (kind) {
    case GroupKind::full:
    case GroupKind::mla:
    default:  // a valid configuration has no other kind [CONF-14]
      return std::forward<F>(f)(FullAttention());
  }
}

}  // namespace kvspec::host
