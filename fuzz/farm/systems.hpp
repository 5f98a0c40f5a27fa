// The two systems of a farm: the model, the one source that runs everywhere, and the manager of small scope.
#pragma once

#include <optional>

#include "fuzz/farm/lane.hpp"
#include "fuzz/farm/planted.hpp"
#include "fuzz/farm/prefix_hashing.hpp"
#include "fuzz/farm/storage.hpp"
#include "impl/cuda/small/manager.hpp"
#include "model/manager.hpp"
#include "spec/result.hpp"

namespace kvspec::fuzz::farm {

template <class S>
using Model = model::Manager<S, PrefixHashing<S>>;
template <class S>
using Small = Planted<S, cuda::small::Manager<S>>;

using FarmStart = Start<Storage, Model<Storage>, Small<Storage>>;
using FarmLane = Lane<Storage, Model<Storage>, Small<Storage>, false>;
// On the host alone.
using ThoroughLane = Lane<Storage, Model<Storage>, Small<Storage>, true>;

// The start of the runs of a setting; nothing if the systems do not both accept its configuration.
inline std::optional<FarmStart> make_start(const Setting<Storage>& setting) {
  const Result<Model<Storage>> left = Model<Storage>::create(setting.config);
  const Result<Small<Storage>> right = Small<Storage>::create(setting.config);
  if (!left || !right) return {};
  return FarmStart{setting, left.value(), right.value()};
}

}  // namespace kvspec::fuzz::farm
