// The handle of a system.
#pragma once

#include <memory>

#include "model/oracle/c_api/inspected_engine.hpp"
#include "spec/kvspec.h"

struct kvspec_system {
  std::unique_ptr<kvspec::c_api::InspectedEngine> engine;
  bool unusable = false;  // a step was broken off, so the state may be anything
};
