// Every case on the model in fixed storage.

#include "tests/seed/cases.hpp"
#include "tests/seed/registration.hpp"
#include "tests/seed/worlds.hpp"

namespace kvspec::seed {
namespace {

// Room for every case; the theorems give each case its own.
inline constexpr Capacities capacities{.blocks = 100,
                                       .tokens = 512,
                                       .hashes = 32,
                                       .requests = 3,
                                       .groups = 4,
                                       .events = 11,
                                       .items = 3,
                                       .keys = 2,
                                       .text = 25,
                                       .hash = 128};
using FixedWorld = ModelWorld<Fixed<Limits<capacities>>>;

}  // namespace

void register_fixed_cases() {
#define KVSPEC_REGISTER_SEED_CASE(name, parameters, world, limits, ...) \
  register_case(#name, parameters, "model_fixed", [] { return name<FixedWorld>(__VA_ARGS__); });
  KVSPEC_SEED_FIXED_CASES(KVSPEC_REGISTER_SEED_CASE)
#undef KVSPEC_REGISTER_SEED_CASE
}

}  // namespace kvspec::seed
