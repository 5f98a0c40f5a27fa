// States the cases of the seed as theorems: the compiler runs each on the model, with states of fixed capacity, and
// refuses the program if an expression of a case does not hold. Constant evaluation also refuses undefined behaviour,
// so each theorem says that the model has none on the way.
#pragma once

#include "spec/storage.hpp"
#include "tests/seed/cases.hpp"
#include "tests/seed/worlds.hpp"

#define KVSPEC_PROVE_SEED_CASE(name, parameters, world, limits, ...)                                 \
  static_assert(::kvspec::seed::name<world<Fixed<KVSPEC_SEED_LIMITS limits>>>(__VA_ARGS__).passed(), \
                #name " " parameters);
