// The cases about eviction, re-use and resetting as theorems.
#include "proofs/compile_time/seed.hpp"

namespace kvspec::seed {

KVSPEC_SEED_EVICTION_CASES(KVSPEC_PROVE_SEED_CASE)

}  // namespace kvspec::seed
