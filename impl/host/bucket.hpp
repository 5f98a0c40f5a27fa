// One cache line of the prefix cache's index: 15 entries that are compared all at once.
//
//   entry   8 bits of tag | 24 bits of block; 0: vacant (no tag is 0)
//   passed  how many keys that wanted this bucket, or one before it, found it full and went further on
//
// A search for a key walks from the key's home bucket and ends at the first bucket that nothing has passed. Removing an
// entry counts the buckets before it down again, so nothing is left behind: no tombstones, nothing to shift.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace kvspec::host {

struct alignas(64) Bucket {
  static constexpr std::size_t size = 15;
  static constexpr unsigned tag_shift = 24;
  static constexpr std::uint32_t block_mask = (std::uint32_t{1} << tag_shift) - 1;

  std::array<std::uint32_t, size> entries;
  std::uint32_t passed;

  // Bit i is set if entry i has the tag, or is the entry. entry 0 finds the vacant ones.
  std::uint32_t with_tag(std::uint32_t tag) const { return matches<tag_shift>(tag); }
  std::uint32_t with_entry(std::uint32_t entry) const { return matches<0>(entry); }

 private:
  static constexpr std::uint32_t every_entry = (std::uint32_t{1} << size) - 1;

  template <unsigned shift>
  std::uint32_t matches(std::uint32_t wanted) const {
#if defined(__SSE2__)
    const __m128i all = _mm_set1_epi32(static_cast<int>(wanted));
    const __m128i* const lanes = reinterpret_cast<const __m128i*>(this);
    const auto compare = [&](int i) {
      return _mm_cmpeq_epi32(_mm_srli_epi32(_mm_load_si128(lanes + i), static_cast<int>(shift)), all);
    };
    const __m128i low = _mm_packs_epi32(compare(0), compare(1));
    const __m128i high = _mm_packs_epi32(compare(2), compare(3));  // `passed` is its last lane
    return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(low, high))) & every_entry;
#else
    std::uint32_t found = 0;
    for (std::size_t i = 0; i < size; ++i) found |= static_cast<std::uint32_t>(entries[i] >> shift == wanted) << i;
    return found;
#endif
  }
};
static_assert(sizeof(Bucket) == 64);

}  // namespace kvspec::host
