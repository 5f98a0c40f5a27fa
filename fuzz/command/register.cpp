// What the `kvspec` command is linked with beside the model: the implementations, lockstep, the farm, the check of
// engines, and traces in words.
#include "fuzz/command/check_command.hpp"
#include "fuzz/command/explain_command.hpp"
#include "fuzz/command/farm_command.hpp"
#include "fuzz/command/lockstep_command.hpp"
#include "fuzz/host_engine.hpp"
#include "fuzz/model_host.hpp"
#include "model/oracle/command.hpp"

namespace kvspec::oracle {

void register_linked(Registry& registry) {
  registry.add({std::string(fuzz::to_text(fuzz::Implementation::host)), fuzz::host_engine()});
  for (const auto on : {fuzz::Implementation::cuda, fuzz::Implementation::cuda_on_host}) {
    const cuda::Place place = on == fuzz::Implementation::cuda ? cuda::Place::device : cuda::Place::host;
    registry.add(
        {std::string(fuzz::to_text(on)), fuzz::cuda_engine(place), [place] { return fuzz::absence_of(place); }});
  }
  registry.add(fuzz::add_lockstep);
  registry.add(fuzz::add_check);
  registry.add(fuzz::add_explain);
  registry.add(fuzz::add_farm);
}

}  // namespace kvspec::oracle
