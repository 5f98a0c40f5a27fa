// Hands what a run shows of the model to whoever looks on.
#pragma once

#include "fuzz/model_host.hpp"
#include "fuzz/reach/reach.hpp"
#include "fuzz/reach/state_features.hpp"
#include "model/manager.hpp"

namespace kvspec::fuzz {

struct Onlooker {
  Onlookers to;

  void begins(const model::HostModel& model) {
    if (to.reach != nullptr) to.reach->begins(model);
  }
  template <class C, class R>
  void saw(const model::HostModel& model, const C& command, const R& result) {
    if (to.reach != nullptr) to.reach->saw(model, command, result);
    if (to.features != nullptr) to.features->saw(model, command, result);
  }
};

}  // namespace kvspec::fuzz
