#include "model/oracle/model_engine.hpp"

#include "model/manager.hpp"

namespace kvspec::oracle {

MakeEngine model_engine() { return engine_of<model::HostModel>(); }

}  // namespace kvspec::oracle
