// The cases about prefill with several groups and about different block sizes as theorems.
#include "proofs/compile_time/seed.hpp"

namespace kvspec::seed {

KVSPEC_SEED_HYBRID_CASES(KVSPEC_PROVE_SEED_CASE)

}  // namespace kvspec::seed
