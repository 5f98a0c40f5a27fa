// The host implementation as an engine, compiled once for whoever wants it behind that interface.
#pragma once

#include "model/oracle/engine.hpp"

namespace kvspec::fuzz {

oracle::MakeEngine host_engine();

}  // namespace kvspec::fuzz
