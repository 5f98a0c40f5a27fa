// Groups of each kind, in a line each.
#pragma once

#include <cstdint>

#include "spec/config.hpp"

namespace kvspec {

inline GroupSpec full(std::int64_t block_size) {
  GroupSpec spec{};
  spec.kind = GroupKind::full;
  spec.block_size = block_size;
  return spec;
}
inline GroupSpec window(std::int64_t block_size, std::int64_t sliding_window, bool eagle = false) {
  GroupSpec spec = full(block_size);
  spec.kind = GroupKind::swa;
  spec.sliding_window = sliding_window;
  if (eagle) spec.is_eagle_group = true;
  return spec;
}
inline GroupSpec chunked(std::int64_t block_size, std::int64_t chunk) {
  GroupSpec spec = full(block_size);
  spec.kind = GroupKind::chunked;
  spec.attention_chunk_size = chunk;
  return spec;
}
inline GroupSpec mamba(std::int64_t block_size, MambaCacheMode mode, std::int64_t num_speculative_blocks = 0) {
  GroupSpec spec = full(block_size);
  spec.kind = GroupKind::mamba;
  spec.mamba_cache_mode = mode;
  spec.num_speculative_blocks = num_speculative_blocks;
  return spec;
}
inline GroupSpec cross(std::int64_t block_size) {
  GroupSpec spec = full(block_size);
  spec.kind = GroupKind::cross;
  return spec;
}

}  // namespace kvspec
