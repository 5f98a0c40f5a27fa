// A map from 64-bit keys, which are expected to be random, to small values: one array, linear probing, no erasing of
// single keys. It starts without memory, so that a watch over a handful of commands costs nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace kvspec::fuzz {

template <class V>
class FlatMap {
 public:
  std::size_t size() const { return size_; }

  V* find(std::uint64_t key) {
    if (slots_.empty()) return nullptr;
    Slot& slot = slots_[place_of(key)];
    return slot.used ? &slot.value : nullptr;
  }

  // The value under the key, value-initialised if it is new. Invalidates what find returned.
  V& at(std::uint64_t key) {
    if ((size_ + 1) * 4 > slots_.size() * 3) rebuild([](const V&) { return true; });
    Slot& slot = slots_[place_of(key)];
    if (!slot.used) {
      slot = {key, true, V{}};
      ++size_;
    }
    return slot.value;
  }

  // Keeps the entries that `keeps(value)` wants, with room for as many more.
  template <class F>
  void rebuild(F&& keeps) {
    std::vector<Slot> old = std::move(slots_);
    std::size_t kept = 0;
    for (const Slot& slot : old) kept += slot.used && keeps(slot.value) ? 1U : 0U;
    std::size_t capacity = 64;
    while (capacity < 3 * (kept + 1)) capacity *= 2;
    slots_.assign(capacity, Slot{});
    size_ = kept;
    for (Slot& slot : old) {
      if (slot.used && keeps(slot.value)) slots_[place_of(slot.key)] = std::move(slot);
    }
  }

  void clear() {
    slots_.clear();
    size_ = 0;
  }

 private:
  struct Slot {
    std::uint64_t key = 0;
    bool used = false;
    V value{};
  };

  std::size_t place_of(std::uint64_t key) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t place = static_cast<std::size_t>(key ^ (key >> 29)) & mask;
    while (slots_[place].used && slots_[place].key != key) place = (place + 1) & mask;
    return place;
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace kvspec::fuzz
