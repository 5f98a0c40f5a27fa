// The model compiles for a device: cases of the seed, the text that the compiler proves and that GoogleTest runs, as
// the body of a kernel, on states of fixed capacity. Nothing of the model is written for it.
#include "spec/storage.hpp"
#include "tests/seed/cases.hpp"
#include "tests/seed/worlds.hpp"

namespace kvspec::seed {

// lines[i] becomes the line of the expression that case i fails at, 0 if it passes.
__global__ void run_cases(int* lines) {
  lines[0] = test_kv_cache_events<ModelWorld<Fixed<Limits<3, 32, 2, 1, 3>>>>(2).line;
  lines[1] = test_eagle_with_partial_blocks<ModelWorld<Fixed<Limits<10, 37, 2, 1>>>>().line;
}

}  // namespace kvspec::seed
