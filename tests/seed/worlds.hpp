// The worlds a case runs in. A world is
//
//   Storage, System    the storage policy and the manager under test
//   Hashing            what the case computes expected hashes with; void if hashes are symbols, which only the manager
//                      that numbered them knows
//   Index              the map from a key to its blocks: insert(key, block), pop(key, block) -> bool,
//                      first(key) -> std::optional<BlockId>
//   semantics          the rules where the recorded system has a defect
//   checks_invariants  whether every invariant is checked after every command
#pragma once

#include "model/hash_index.hpp"
#include "model/hashing/block_hash.hpp"
#include "model/hashing/symbolic_hashing.hpp"
#include "model/manager.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::seed {

// The model with exact hashes, in growing or fixed storage. The seed tests the recorded system, defects included.
template <class S>
struct ModelWorld {
  using Storage = S;
  using System = model::Manager<S, model::ExactHashing>;
  using Hashing = model::ExactHashing;
  using Index = model::HashIndex<S>;
  static constexpr Semantics semantics = Semantics::recorded;
  static constexpr bool checks_invariants = true;
};

// A world whose semantics are set before a case runs: one instantiation of each case serves both.
template <class World>
struct UnderEitherSemantics : World {
  static inline Semantics semantics = Semantics::recorded;
};

// The model with symbols for hashes, which cost the compiler less than SHA-256.
template <class S>
struct SymbolicWorld {
  using Storage = S;
  using System = model::Manager<S, model::SymbolicHashing<S>>;
  using Hashing = void;
  using Index = model::HashIndex<S>;
  static constexpr Semantics semantics = Semantics::recorded;
  static constexpr bool checks_invariants = true;
};

}  // namespace kvspec::seed
