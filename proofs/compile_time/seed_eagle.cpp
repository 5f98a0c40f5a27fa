// The cases about EAGLE and about the index as theorems.
#include "proofs/compile_time/seed.hpp"

namespace kvspec::seed {

KVSPEC_SEED_EAGLE_CASES(KVSPEC_PROVE_SEED_CASE)

}  // namespace kvspec::seed
