#include "fuzz/targets/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvspec::fuzz::run_hashing_input({data, size});
  return 0;
}
