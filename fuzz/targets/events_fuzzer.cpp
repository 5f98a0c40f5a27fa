#include "fuzz/targets/entry.hpp"
#include "fuzz/targets/targets.hpp"

KVSPEC_BREED_COMMANDS

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvspec::fuzz::run_events_input({data, size});
  return 0;
}
