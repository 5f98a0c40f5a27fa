#include "model/manager.hpp"
#include "model/oracle/c_api/inspected_engine.hpp"

namespace kvspec::c_api {

Inspected inspected_model(const Config<Growing>& config) { return inspected<model::HostModel>(config); }

}  // namespace kvspec::c_api
