// A list of fixed capacity inside the value, as InplaceVector of spec/storage.hpp, for states of which a device holds a
// hundred thousand: its size is a byte, a list of capacity 0 has no elements, and elements beyond the size are not
// initialised, because most of what a device would do otherwise is writing zeros. It is no part of a constant
// expression, which is what InplaceVector is for: nvcc tries to evaluate constexpr constructors, and with states of
// this size that takes it minutes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>
#include <type_traits>

#include "spec/execution.hpp"

namespace kvspec::fuzz::farm {

// The elements of a list. A union does not initialise them, and copies them in words, where bytes would be copied one
// by one.
template <class T, std::size_t Capacity>
union PackedItems {
  KVSPEC_EXEC PackedItems() {}
  KVSPEC_EXEC T* data() { return items; }
  KVSPEC_EXEC const T* data() const { return items; }

  T items[Capacity];
};
template <class T>
union PackedItems<T, 0> {
  KVSPEC_EXEC T* data() { return reinterpret_cast<T*>(this); }
  KVSPEC_EXEC const T* data() const { return reinterpret_cast<const T*>(this); }

  unsigned char none;
};

template <class T, std::size_t Capacity>
class PackedList {
 public:
  static_assert(Capacity < 256);

  using value_type = T;
  using size_type = std::size_t;
  using iterator = T*;
  using const_iterator = const T*;
  // Small elements by value: a device cannot refer to a constant of the namespace, which has no address there.
  using Argument = std::conditional_t<sizeof(T) <= sizeof(void*), T, const T&>;

  KVSPEC_EXEC PackedList() {}
  KVSPEC_EXEC PackedList(std::initializer_list<T> init) {
    for (const T& x : init) push_back(x);
  }
  template <class It>
    requires(!std::is_integral_v<It>)
  KVSPEC_EXEC PackedList(It first, It last) {
    insert(data(), first, last);
  }

  KVSPEC_EXEC constexpr std::size_t size() const { return size_; }
  KVSPEC_EXEC constexpr bool empty() const { return size_ == 0; }

  KVSPEC_EXEC T* data() { return items_.data(); }
  KVSPEC_EXEC const T* data() const { return items_.data(); }
  KVSPEC_EXEC T* begin() { return data(); }
  KVSPEC_EXEC T* end() { return data() + size_; }
  KVSPEC_EXEC const T* begin() const { return data(); }
  KVSPEC_EXEC const T* end() const { return data() + size_; }
  KVSPEC_EXEC T& operator[](std::size_t i) { return data()[i]; }
  KVSPEC_EXEC const T& operator[](std::size_t i) const { return data()[i]; }
  KVSPEC_EXEC T& front() { return data()[0]; }
  KVSPEC_EXEC const T& front() const { return data()[0]; }
  KVSPEC_EXEC T& back() { return data()[size_ - 1]; }
  KVSPEC_EXEC const T& back() const { return data()[size_ - 1]; }

  // A full list stays as it is: who has to know is told by the manager of small scope, whose lists are no longer, and
  // which asks whether its answers were cut.
  KVSPEC_EXEC constexpr void push_back(Argument x) {
    if constexpr (Capacity > 0) {
      if (size_ < Capacity) data()[size_++] = x;
    }
  }
  KVSPEC_EXEC constexpr void pop_back() { --size_; }
  KVSPEC_EXEC constexpr void clear() { size_ = 0; }
  KVSPEC_EXEC constexpr void resize(std::size_t count) { resize(count, T{}); }
  KVSPEC_EXEC constexpr void resize(std::size_t count, Argument value) {
    if (count > Capacity) count = Capacity;
    for (std::size_t i = size_; i < count; ++i) data()[i] = value;
    size_ = static_cast<std::uint8_t>(count);
  }
  KVSPEC_EXEC constexpr void assign(std::size_t count, Argument value) {
    clear();
    resize(count, value);
  }
  KVSPEC_EXEC constexpr T* insert(const T* at, Argument x) {
    const std::size_t index = static_cast<std::size_t>(at - data());
    if (size_ == Capacity) return data() + index;
    for (std::size_t i = size_++; i > index; --i) data()[i] = data()[i - 1];
    data()[index] = x;
    return data() + index;
  }
  template <class It>
    requires(!std::is_integral_v<It>)
  KVSPEC_EXEC constexpr T* insert(const T* at, It first, It last) {
    const std::size_t index = static_cast<std::size_t>(at - data());
    const std::size_t room = Capacity - size_;
    std::size_t count = static_cast<std::size_t>(last - first);
    if (count > room) count = room;
    for (std::size_t i = size_; i > index; --i) data()[i - 1 + count] = data()[i - 1];
    for (std::size_t i = 0; i < count; ++i) data()[index + i] = *first++;
    size_ = static_cast<std::uint8_t>(size_ + count);
    return data() + index;
  }
  KVSPEC_EXEC constexpr T* erase(const T* at) { return erase(at, at + 1); }
  KVSPEC_EXEC constexpr T* erase(const T* first, const T* last) {
    const std::size_t from = static_cast<std::size_t>(first - data());
    const std::size_t count = static_cast<std::size_t>(last - first);
    for (std::size_t i = from; i + count < size_; ++i) data()[i] = data()[i + count];
    size_ = static_cast<std::uint8_t>(size_ - count);
    return data() + from;
  }

  KVSPEC_EXEC constexpr bool operator==(const PackedList& other) const {
    if (size_ != other.size_) return false;
    for (std::size_t i = 0; i < size_; ++i) {
      if (!(data()[i] == other.data()[i])) return false;
    }
    return true;
  }

 private:
  PackedItems<T, Capacity> items_;
  std::uint8_t size_ = 0;
};

}  // namespace kvspec::fuzz::farm
