// A list of up to sixteen block ids below sixteen, in one word: the id at place i is in bits 4i to 4i + 3, and the bits
// beyond the last place are 0.
//
//     size = 3      ... 0000 0000 0111 0010 1001
//                                   7    2    9     the list 9, 2, 7
//
// Taking from the front is a shift, adding at either end a shift and an OR, finding an id a few operations on all
// places at once. A list trusts its caller: it does not outgrow its sixteen places, and a place that is asked for is
// there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "impl/cuda/small/bits.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::cuda::small {

inline constexpr std::uint32_t word_places = 16;

class BlockWord {
 public:
  KVSPEC_EXEC constexpr std::uint32_t size() const { return size_; }
  KVSPEC_EXEC constexpr bool empty() const { return size_ == 0; }
  KVSPEC_EXEC constexpr BlockId operator[](std::size_t i) const {
    return static_cast<BlockId>(ids_ >> (bits_per_id * static_cast<std::uint32_t>(i))) & id_bits;
  }
  bool operator==(const BlockWord&) const = default;

  class Iterator {
   public:
    KVSPEC_EXEC constexpr explicit Iterator(std::uint64_t ids, std::uint32_t place) : ids_(ids), place_(place) {}
    KVSPEC_EXEC constexpr BlockId operator*() const {
      return static_cast<BlockId>(ids_ >> (bits_per_id * place_)) & id_bits;
    }
    KVSPEC_EXEC constexpr Iterator& operator++() {
      ++place_;
      return *this;
    }
    KVSPEC_EXEC constexpr bool operator!=(const Iterator& other) const { return place_ != other.place_; }

   private:
    std::uint64_t ids_;
    std::uint32_t place_;
  };
  KVSPEC_EXEC constexpr Iterator begin() const { return Iterator(ids_, 0); }
  KVSPEC_EXEC constexpr Iterator end() const { return Iterator(ids_, size_); }

  KVSPEC_EXEC constexpr void set(std::uint32_t i, BlockId b) {
    const std::uint32_t shift = bits_per_id * i;
    ids_ = (ids_ & ~(std::uint64_t{id_bits} << shift)) | std::uint64_t{b} << shift;
  }
  KVSPEC_EXEC constexpr void push_back(BlockId b) { ids_ |= std::uint64_t{b} << (bits_per_id * size_++); }

  // Cuts the list to at most n ids.
  KVSPEC_EXEC constexpr void truncate(std::uint32_t n) {
    if (n >= size_) return;
    ids_ &= low_places(n);
    size_ = n;
  }
  // Makes the list n long; null blocks are added where it is shorter.
  KVSPEC_EXEC constexpr void resize(std::uint32_t n) {
    truncate(n);
    size_ = n;
  }

  // The first place of an id, or size().
  KVSPEC_EXEC constexpr std::uint32_t find(BlockId b) const {
    // A place that holds b is 0 in `other`; subtracting 1 from each place borrows into the top bit of such a place, and
    // the lowest of them is never a false one.
    const std::uint64_t other = ids_ ^ std::uint64_t{b} * ones;
    const std::uint64_t found = (other - ones) & ~other & (ones << 3);
    return found == 0 ? size_ : std::min(lowest(found) / bits_per_id, size_);
  }
  KVSPEC_EXEC constexpr void erase_at(std::uint32_t i) {
    const std::uint64_t behind = ids_ >> (bits_per_id * i) >> bits_per_id;
    ids_ = (ids_ & low_places(i)) | behind << (bits_per_id * i);
    --size_;
  }
  // Takes the first n ids away, n < 16.
  KVSPEC_EXEC constexpr void drop_front(std::uint32_t n) {
    ids_ >>= bits_per_id * n;
    size_ -= n;
  }

  KVSPEC_EXEC constexpr void append(const BlockWord& other) {
    if (other.empty()) return;
    ids_ |= other.ids_ << (bits_per_id * size_);
    size_ += other.size_;
  }
  KVSPEC_EXEC constexpr void prepend(const BlockWord& other) {
    if (empty()) {
      *this = other;
      return;
    }
    ids_ = ids_ << (bits_per_id * other.size_) | other.ids_;
    size_ += other.size_;
  }

 private:
  static constexpr std::uint32_t bits_per_id = 4;
  static constexpr std::uint32_t id_bits = 15;
  static constexpr std::uint64_t ones = 0x1111111111111111U;  // 1 at every place

  // The bits of the first n places, n < 16.
  static KVSPEC_EXEC constexpr std::uint64_t low_places(std::uint32_t n) {
    return (std::uint64_t{1} << (bits_per_id * n)) - 1;
  }

  std::uint64_t ids_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace kvspec::cuda::small
