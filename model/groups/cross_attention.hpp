// Cross attention: one static allocation for the encoder's tokens, never shared and never cached.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/groups/common.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

struct CrossAttention : CommonRules<CrossAttention> {
  static constexpr bool holds_sequence = false;  // but that of the encoder's tokens [ALLOC-17]

  // There is no prefix cache to ask. [CONF-13]
  template <class S>
  static KVSPEC_EXEC constexpr BlockTables<S> find_longest_hit(const GroupSpec&, const HitQuery<S>& query) {
    return query.misses();
  }

  // [ALLOC-17]
  template <class S>
  static KVSPEC_EXEC constexpr void take_hit(BlockPool<S>&, Group<S>&, const RequestId<S>&, const BlockList<S>&,
                                             const SlotDemand&) {}
  template <class S>
  static KVSPEC_EXEC constexpr void load_external(const Config<S>&, BlockPool<S>&, Group<S>&, const RequestId<S>&,
                                                  const SlotDemand&) {}
};

}  // namespace kvspec::model
