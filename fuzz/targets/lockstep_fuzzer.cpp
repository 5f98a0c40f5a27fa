// Beside covered code libFuzzer is shown the state counters, so that an input which brings the model into a new kind of
// state is kept.
#include "fuzz/targets/entry.hpp"
#include "fuzz/targets/targets.hpp"

namespace {

// libFuzzer clears what is in this section before each input and looks at it after.
__attribute__((section("__libfuzzer_extra_counters"), used)) kvspec::fuzz::StateCounters counters;

}  // namespace

KVSPEC_BREED_COMMANDS

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvspec::fuzz::run_lockstep_input({data, size}, counters);
  return 0;
}
