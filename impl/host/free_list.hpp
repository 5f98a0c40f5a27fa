// The free queue: a doubly linked list of blocks, threaded through one array of 32-bit links.
//
//      sentinel = block 0                      Block 0, the null block, is never free [POOL-01], so its links are the
//     +---------------------------+            two ends of the queue: next(0) is the head, prev(0) the tail. No
//     v                           |            operation has a special case for an empty queue or for an end.
//   [ 0 ] <-> [ 1 ] <-> ... <-> [n-1]
//
// What is stored is not next(b) but next(b) - (b + 1), and not prev(b) but prev(b) - (b - 1), modulo 2^32. In the
// initial queue 1, 2, ..., n-1 [POOL-02] every such difference is 0 except at the two places where the list closes, so
// zeroed memory *is* the initial queue: constructing a queue of any length writes two links, and the pages of blocks
// that nothing has asked for yet are never touched. The price is one addition per link.
//
// The list trusts its caller: a block that is removed is in the queue, a block that is added is not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "impl/host/zeroed_array.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::host {

class FreeList {
 public:
  FreeList() = default;
  // The blocks 1 .. num_blocks - 1 in order; num_blocks is at least 1.
  explicit FreeList(std::size_t num_blocks) : links_(num_blocks), size_(num_blocks - 1) {
    const BlockId last = static_cast<BlockId>(num_blocks - 1);
    set_next(last, sentinel);
    set_prev(sentinel, last);
  }

  std::size_t size() const { return size_; }

  // Both return the sentinel, 0, past an end; from the sentinel they give the head and the tail.
  BlockId next(BlockId b) const { return links_[b].next + b + 1; }
  BlockId prev(BlockId b) const { return links_[b].prev + b - 1; }

  void remove(BlockId b) {
    const BlockId before = prev(b);
    const BlockId after = next(b);
    set_next(before, after);
    set_prev(after, before);
    --size_;
  }

  // To the tail.
  void append(BlockId b) {
    append_some([&](auto&& add) { add(b); });
  }

  // To the tail, each block that feed(add) calls add(block) with. The tail stays in a register meanwhile, so that a
  // block costs the writing of its own two links.
  template <class F>
  void append_some(F&& feed) {
    Links* const links = links_.data();
    BlockId tail = prev(sentinel);
    std::size_t count = 0;
    feed([&](BlockId b) {
      links[tail].next = b - tail - 1;
      links[b].prev = tail - b + 1;
      tail = b;
      ++count;
    });
    set_next(tail, sentinel);
    set_prev(sentinel, tail);
    size_ += count;
  }

  // To the head.
  void prepend(BlockId b) {
    const BlockId head = next(sentinel);
    set_prev(head, b);
    set_next(b, head);
    set_prev(b, sentinel);
    set_next(sentinel, b);
    ++size_;
  }

  // Takes `count` <= size() blocks from the head into out, calling visit(block) as soon as each is known: the walk is a
  // chain of dependent loads, and what visit prefetches arrives behind it.
  template <class F>
  void take(std::size_t count, BlockId* out, F&& visit) {
    BlockId b = next(sentinel);
    for (std::size_t i = 0; i < count; ++i) {
      out[i] = b;
      const BlockId after = next(b);
      visit(b);
      b = after;
    }
    set_next(sentinel, b);
    set_prev(b, sentinel);
    size_ -= count;
  }

 private:
  static constexpr BlockId sentinel = null_block;

  struct Links {
    std::uint32_t next;  // minus (own index + 1)
    std::uint32_t prev;  // minus (own index - 1)
  };

  void set_next(BlockId b, BlockId next) { links_[b].next = next - b - 1; }
  void set_prev(BlockId b, BlockId prev) { links_[b].prev = prev - b + 1; }

  ZeroedArray<Links> links_{};
  std::size_t size_ = 0;
};

}  // namespace kvspec::host
