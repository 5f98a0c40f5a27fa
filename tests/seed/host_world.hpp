// The world of the optimised implementation. Expected hashes come from the model's encoders, so that a case does not
// compare the implementation with itself.
#pragma once

#include "impl/host/hash_index.hpp"
#include "impl/host/manager.hpp"
#include "model/hashing/block_hash.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::seed {

struct HostWorld {
  // The index is made for a number of blocks; the cases name blocks below 128.
  struct Index : host::HashIndex {
    Index() : host::HashIndex(128) {}
  };

  using Storage = Growing;
  using System = host::Manager;
  using Hashing = model::ExactHashing;
  static constexpr Semantics semantics = Semantics::recorded;
  static constexpr bool checks_invariants = true;
};

}  // namespace kvspec::seed
