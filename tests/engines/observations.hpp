// Answers of an engine that name blocks.
#pragma once

#include <utility>

#include "spec/commands.hpp"
#include "spec/storage.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::engines {

using S = Growing;

// The blocks of an allocation.
inline Observation<S> given_out(BlockTables<S> blocks) {
  AllocateSlots<S>::Observation seen{};
  seen.result = std::move(blocks);
  return seen;
}

// The block tables of a request.
inline Observation<S> table(BlockTables<S> blocks) {
  GetBlockIds<S>::Observation seen{};
  seen.result = std::move(blocks);
  return seen;
}

}  // namespace kvspec::engines
