// Every case on the model, in growing and in fixed storage.

#include "tests/seed/cases.hpp"
#include "tests/seed/registration.hpp"
#include "tests/seed/worlds.hpp"

namespace kvspec::seed {
namespace {

// Room for every case; the theorems give each case its own.
using FixedWorld = ModelWorld<Fixed<Limits<13, 160, 10, 3, 11, 2, 3>>>;

}  // namespace

void register_model_cases() {
#define KVSPEC_REGISTER_SEED_CASE(name, parameters, limits, ...)                                    \
  register_case(#name, parameters, "model", [] { return name<ModelWorld<Growing>>(__VA_ARGS__); }); \
  register_case(#name, parameters, "model_fixed", [] { return name<FixedWorld>(__VA_ARGS__); });
  KVSPEC_SEED_CASES(KVSPEC_REGISTER_SEED_CASE)
#undef KVSPEC_REGISTER_SEED_CASE
}

}  // namespace kvspec::seed
