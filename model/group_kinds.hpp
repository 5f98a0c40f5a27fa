// The group kinds the model knows: the one place that maps a kind to its rules. A kind is a type of static functions
// in model/groups/; adding one is its file and its case here.
#pragma once

#include "model/groups/full_attention.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"

namespace kvspec::model {

// Calls f with the rules of the kind. A valid configuration has no other kind. [CONF-14]
template <class F>
KVSPEC_EXEC constexpr auto with_rules_of(GroupKind kind, F f) {
  switch (kind) {
    case GroupKind::full:
    case GroupKind::mla:
    default:
      return f(FullAttention{});
  }
}

}  // namespace kvspec::model
