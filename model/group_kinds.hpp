// The group kinds the model knows: the one place that maps a kind to its rules. A kind is a type of static functions
// in model/groups/; adding one is its file, its case here and its name in events (annotate in model/caching.hpp).
// docs/design.md has the whole list.
#pragma once

#include "model/groups/chunked_local.hpp"
#include "model/groups/cross_attention.hpp"
#include "model/groups/full_attention.hpp"
#include "model/groups/mamba.hpp"
#include "model/groups/sliding_window.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"

namespace kvspec::model {

// Calls f with the rules of the kind.
template <class F>
KVSPEC_EXEC constexpr auto with_rules_of(GroupKind kind, F f) {
  switch (kind) {
    case GroupKind::swa:
    case GroupKind::swa_mla:
      return f(SlidingWindow{});
    case GroupKind::chunked:
      return f(ChunkedLocal{});
    case GroupKind::mamba:
      return f(Mamba{});
    case GroupKind::cross:
      return f(CrossAttention{});
    case GroupKind::full:
    case GroupKind::mla:
      break;
  }
  return f(FullAttention{});
}

}  // namespace kvspec::model
