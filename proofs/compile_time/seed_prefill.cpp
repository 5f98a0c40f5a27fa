// The cases about prefill and decode as theorems.
#include "proofs/compile_time/seed.hpp"

namespace kvspec::seed {

KVSPEC_SEED_PREFILL_CASES(KVSPEC_PROVE_SEED_CASE)

}  // namespace kvspec::seed
