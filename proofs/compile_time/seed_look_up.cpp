// The cases about look-ups with EAGLE and about the index as theorems.
#include "proofs/compile_time/seed.hpp"

namespace kvspec::seed {

KVSPEC_SEED_LOOK_UP_CASES(KVSPEC_PROVE_SEED_CASE)

}  // namespace kvspec::seed
