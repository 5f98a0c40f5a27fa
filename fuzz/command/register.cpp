// What the `kvspec` command is linked with beside the model: the host implementation, and lockstep.
#include "fuzz/command/lockstep_command.hpp"
#include "impl/host/manager.hpp"
#include "model/oracle/command.hpp"

namespace kvspec::oracle {

void register_linked(Registry& registry) {
  registry.add({"host", engine_of<host::Manager>()});
  registry.add(fuzz::add_lockstep);
}

}  // namespace kvspec::oracle
