// The implementations as engines, compiled once for whoever wants them behind that interface.
#pragma once

#include <string>
#include <vector>

#include "impl/cuda/device.hpp"
#include "model/oracle/engine.hpp"
#include "spec/clauses.hpp"

namespace kvspec::fuzz {

oracle::MakeEngine host_engine();

// With just these deviations, whatever the semantics of a configuration.
oracle::MakeEngine host_engine(std::vector<Clause> deviations);

// The CUDA-backed implementation. (fuzz/cuda/cuda_manager.hpp)
oracle::MakeEngine cuda_engine(cuda::Place place);
// Why the place cannot be used on this machine, in words; empty if it can.
std::string absence_of(cuda::Place place);

}  // namespace kvspec::fuzz
