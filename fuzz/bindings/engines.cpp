// The engines of the C library: the model, and the implementation that it does not know of.
#include <array>

#include "impl/host/manager.hpp"
#include "model/oracle/c_api/inspected_engine.hpp"

namespace kvspec::c_api {

std::span<const LinkedEngine> linked_engines() {
  static constexpr auto engines =
      std::to_array<LinkedEngine>({{"model", inspected_model}, {"host", inspected<host::Manager>}});
  return engines;
}

}  // namespace kvspec::c_api
