// The cases about events as theorems.
#include "proofs/compile_time/seed.hpp"

namespace kvspec::seed {

KVSPEC_SEED_EVENT_CASES(KVSPEC_PROVE_SEED_CASE)

}  // namespace kvspec::seed
