// The combinations of group kinds as theorems.
#include "proofs/compile_time/seed.hpp"

namespace kvspec::seed {

KVSPEC_SEED_COMBINATION_CASES(KVSPEC_PROVE_SEED_CASE)

}  // namespace kvspec::seed
