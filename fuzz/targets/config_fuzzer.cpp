// Most byte strings are configurations that are wrong in many ways at once. The mutator keeps them nearly right.
#include "fuzz/targets/entry.hpp"
#include "fuzz/targets/targets.hpp"
#include "spec/trace/bytes.hpp"

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned int seed) {
  using namespace kvspec;
  fuzz::Random random(seed);
  ByteSource source({data, size});
  Config<Growing> config = decode_config(source);
  for (std::uint32_t i = 1 + random.below(2); i > 0; --i) fuzz::mutate_config(random, config, LLVMFuzzerMutate);
  std::vector<std::uint8_t> bytes;
  encode_config(config, bytes);
  if (bytes.size() > max_size) return size;
  std::ranges::copy(bytes, data);
  return bytes.size();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvspec::fuzz::run_config_input({data, size});
  return 0;
}
