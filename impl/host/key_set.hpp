// A set of index keys of one group, each k digests: those a state-space group has cached since the step started.
// [MAMBA-02] Emptied every step, so it keeps its memory, and emptying it costs as much as what was entered.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "impl/host/hash256.hpp"

namespace kvspec::host {

class KeySet {
 public:
  KeySet() = default;
  // For keys of `digests_per_key` >= 1 digests.
  explicit KeySet(std::size_t digests_per_key) : digests_per_key_(digests_per_key) {}

  std::size_t size() const { return digests_.size() / digests_per_key_; }
  // The i-th key entered.
  std::span<const Hash256> operator[](std::size_t i) const {
    return std::span<const Hash256>(digests_).subspan(i * digests_per_key_, digests_per_key_);
  }

  bool contains(std::span<const Hash256> key) const { return !digests_.empty() && slots_[slot_of(key)] != vacant; }

  // Nothing if the set contains it.
  void insert(std::span<const Hash256> key) {
    if (2 * (size() + 1) > slots_.size()) grow();
    const std::size_t slot = slot_of(key);
    if (slots_[slot] != vacant) return;
    digests_.insert(digests_.end(), key.begin(), key.end());
    slots_[slot] = static_cast<std::uint32_t>(size());
  }

  void clear() {
    for (std::size_t i = size(); i-- > 0;) slots_[slot_of((*this)[i])] = vacant;
    digests_.clear();
  }

 private:
  static constexpr std::uint32_t vacant = 0;  // other slots hold the key's number, from 1 on

  // Open addressing with linear probing; at most half of the slots are taken. The slot of the key, or the vacant one
  // at which the search for it ends. Keys are cleared from the last to the first, so a probe never meets a gap.
  std::size_t slot_of(std::span<const Hash256> key) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = (key.back().words[3] * std::uint64_t{0x9e3779b97f4a7c15} >> 32) & mask;
    while (slots_[slot] != vacant && !equal((*this)[slots_[slot] - 1], key)) slot = (slot + 1) & mask;
    return slot;
  }
  static bool equal(std::span<const Hash256> a, std::span<const Hash256> b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!(a[i] == b[i])) return false;
    }
    return true;
  }
  void grow() {
    constexpr std::size_t smallest = 16;
    slots_.assign(slots_.empty() ? smallest : 2 * slots_.size(), vacant);
    for (std::size_t i = 0; i < size(); ++i) slots_[slot_of((*this)[i])] = static_cast<std::uint32_t>(i + 1);
  }

  std::size_t digests_per_key_ = 1;
  std::vector<Hash256> digests_{};
  std::vector<std::uint32_t> slots_{};
};

}  // namespace kvspec::host
