// The state of a manager: everything that a command can depend on or change.
#pragma once

#include "model/block_pool.hpp"
#include "model/group.hpp"
#include "model/request.hpp"
#include "spec/config.hpp"
#include "spec/dump.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

template <class S, class Hashing>
struct State {
  Config<S> config{};
  Hashing hashing{};
  BlockPool<S> pool{};
  typename S::template list<Group<S>, Bound::groups> groups{};
  typename S::template list<Request<S>, Bound::requests> requests{};  // the live ones, oldest first
  PrefixCacheStats stats{};

  bool operator==(const State&) const = default;

  KVSPEC_EXEC constexpr Request<S>* find(const RequestId<S>& id) {
    for (Request<S>& request : requests) {
      if (request.id == id) return &request;
    }
    return nullptr;
  }
  KVSPEC_EXEC constexpr const Request<S>* find(const RequestId<S>& id) const {
    for (const Request<S>& request : requests) {
      if (request.id == id) return &request;
    }
    return nullptr;
  }
};

}  // namespace kvspec::model
