// Every case on the model in growing storage, under both semantics.

#include "tests/seed/cases.hpp"
#include "tests/seed/registration.hpp"
#include "tests/seed/worlds.hpp"

namespace kvspec::seed {
namespace {

using World = UnderEitherSemantics<ModelWorld<Growing>>;

}  // namespace

void register_model_cases() {
#define KVSPEC_REGISTER_SEED_CASE(name, parameters, world, limits, ...) \
  register_case(#name, parameters, "model", [] {                        \
    World::semantics = Semantics::recorded;                             \
    return name<World>(__VA_ARGS__);                                    \
  });                                                                   \
  register_sound_case(#name, parameters, "model_sound", [] {            \
    World::semantics = Semantics::sound;                                \
    return name<World>(__VA_ARGS__);                                    \
  });
  KVSPEC_SEED_CASES(KVSPEC_REGISTER_SEED_CASE)
#undef KVSPEC_REGISTER_SEED_CASE
}

}  // namespace kvspec::seed
