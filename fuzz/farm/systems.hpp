// The two systems of a farm: the model, the one source that runs everywhere, and the manager of small scope.
#pragma once

#include "fuzz/farm/lane.hpp"
#include "fuzz/farm/planted.hpp"
#include "fuzz/farm/storage.hpp"
#include "impl/cuda/small/manager.hpp"
#include "model/hashing/prefix_hashing.hpp"
#include "model/manager.hpp"

namespace kvspec::fuzz::farm {

template <class S>
using Model = model::Manager<S, model::PrefixHashing<S>>;
template <class S>
using Small = Planted<S, cuda::small::Manager<S>>;

using FarmLane = Lane<Storage, Model<Storage>, Small<Storage>>;

}  // namespace kvspec::fuzz::farm
