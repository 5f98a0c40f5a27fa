#include "fuzz/host_engine.hpp"

#include "impl/host/manager.hpp"

namespace kvspec::fuzz {

oracle::MakeEngine host_engine() { return oracle::engine_of<host::Manager>(); }

}  // namespace kvspec::fuzz
