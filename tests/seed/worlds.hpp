// The worlds a case runs in. A world is
//
//   Storage, System    the storage policy and the manager under test
//   Hashing            what the case computes expected hashes with
//   Index              the map from a key to its blocks: insert(key, block), pop(key, block) -> bool,
//                      first(key) -> std::optional<BlockId>
//   checks_invariants  whether every invariant is checked after every command
#pragma once

#include "model/hash_index.hpp"
#include "model/hashing/block_hash.hpp"
#include "model/manager.hpp"
#include "spec/storage.hpp"

namespace kvspec::seed {

// The model with exact hashes, in growing or fixed storage.
template <class S>
struct ModelWorld {
  using Storage = S;
  using System = model::Manager<S, model::ExactHashing>;
  using Hashing = model::ExactHashing;
  using Index = model::HashIndex<S>;
  static constexpr bool checks_invariants = true;
};

}  // namespace kvspec::seed
