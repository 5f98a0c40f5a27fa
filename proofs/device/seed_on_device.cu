// The model compiles for a device: a case of the seed, the text that the compiler proves and that GoogleTest runs, as
// the body of a kernel, on states of fixed capacity. Nothing of the model is written for it.
#include "spec/storage.hpp"
#include "tests/seed/cases.hpp"
#include "tests/seed/worlds.hpp"

namespace kvspec::seed {

// *line becomes the line of the expression that the case fails at, 0 if it passes.
__global__ void run_case(int* line) {
  using Limits = KVSPEC_SEED_LIMITS(.blocks = 3, .tokens = 32, .hashes = 2, .events = 3);
  *line = test_kv_cache_events<ModelWorld<Fixed<Limits>>>(2).line;
}

}  // namespace kvspec::seed
