// Whether a configuration has a group of some kind.
#pragma once

#include <algorithm>

#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

template <class Matches>
bool any_group(const Config<Growing>& config, Matches&& matches) {
  return std::ranges::any_of(config.groups, matches);
}

}  // namespace kvspec::fuzz
