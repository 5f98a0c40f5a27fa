// The cases about the retention interval and about admission as theorems.
#include "proofs/compile_time/seed.hpp"

namespace kvspec::seed {

KVSPEC_SEED_RETENTION_CASES(KVSPEC_PROVE_SEED_CASE)

}  // namespace kvspec::seed
