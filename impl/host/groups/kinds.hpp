// The kinds of groups: visit_kind is the only place that maps a group to its rules. Adding a kind is a file, a case
// here and its name in events (manager.cpp); docs/design.md has the whole list.
// What the kinds share - the pool, the tables, the order of the steps of an allocation - is the manager's.
#pragma once

#include <utility>

#include "impl/host/groups/chunked_local.hpp"
#include "impl/host/groups/cross_attention.hpp"
#include "impl/host/groups/full_attention.hpp"
#include "impl/host/groups/group.hpp"
#include "impl/host/groups/mamba.hpp"
#include "impl/host/groups/mamba_align.hpp"
#include "impl/host/groups/sliding_window.hpp"
#include "spec/config.hpp"

namespace kvspec::host {

// f(rules of the group's kind).
template <class F>
decltype(auto) visit_kind(const Group& group, F&& f) {
  switch (group.spec.kind) {
    case GroupKind::full:
    case GroupKind::mla:
      break;
    case GroupKind::swa:
    case GroupKind::swa_mla:
      return std::forward<F>(f)(SlidingWindow());
    case GroupKind::chunked:
      return std::forward<F>(f)(ChunkedLocal());
    case GroupKind::mamba:
      if (*group.spec.mamba_cache_mode == MambaCacheMode::align) return std::forward<F>(f)(MambaAlign());
      return std::forward<F>(f)(Mamba());
    case GroupKind::cross:
      return std::forward<F>(f)(CrossAttention());
  }
  return std::forward<F>(f)(FullAttention());
}

}  // namespace kvspec::host
