// What the `kvspec` command is linked with beside the model: the host implementation, and lockstep.
#include "fuzz/command/lockstep_command.hpp"
#include "fuzz/host_engine.hpp"
#include "model/oracle/command.hpp"

namespace kvspec::oracle {

void register_linked(Registry& registry) {
  registry.add({"host", fuzz::host_engine()});
  registry.add(fuzz::add_lockstep);
}

}  // namespace kvspec::oracle
