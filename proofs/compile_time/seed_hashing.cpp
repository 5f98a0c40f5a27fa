// The cases about what hashes cover as theorems, the digests included.
#include "proofs/compile_time/seed.hpp"

namespace kvspec::seed {

KVSPEC_SEED_HASHING_CASES(KVSPEC_PROVE_SEED_CASE)

}  // namespace kvspec::seed
