// The model as an engine, compiled once for whoever wants it behind that interface.
#pragma once

#include "model/oracle/engine.hpp"

namespace kvspec::oracle {

MakeEngine model_engine();

}  // namespace kvspec::oracle
