#include "fuzz/sketch.hpp"

#include "fuzz/random.hpp"

namespace kvspec::fuzz {

namespace {

constexpr std::uint64_t num_bits = std::uint64_t{1} << 25;  // 4 MiB; a 60 s run meets about a million states

}  // namespace

Sketch::Sketch() : bits_(num_bits / 64) {}

void Sketch::enter(const View<Growing>& view) {
  std::uint64_t hash = view.state.num_free;
  const auto add = [&](std::uint64_t x) { hash = (hash ^ x) * 0x9e3779b97f4a7c15U + 1; };
  for (const BlockId b : view.state.free_queue) add(b);
  for (const auto& entry : view.state.ref_cnt) add((std::uint64_t{entry.block} << 32) + entry.value);
  for (const auto& entry : view.state.hashes) add(entry.block);
  for (const GroupDump<Growing>& group : view.state.managers) {
    for (const auto& table : group.req_blocks) add(table.value.size());
    for (const auto& cached : group.num_cached_block) add(cached.value);
  }
  for (const RequestDump<Growing>& request : view.requests) add(request.num_tokens);
  const std::uint64_t bit = mix(hash) % num_bits;
  std::uint64_t& word = bits_[bit / 64];
  const std::uint64_t mask = std::uint64_t{1} << (bit % 64);
  if ((word & mask) == 0) ++distinct_;
  word |= mask;
}

}  // namespace kvspec::fuzz
