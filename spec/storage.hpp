// Storage policies: where the containers of commands, observations and model states come from.
//
//   Growing        std::vector and std::string; the host.
//   Fixed<Limits>  arrays of fixed capacity inside the value, no heap, trivially copyable; compile time and devices.
//
// A policy S provides S::list<T, Bound> (a sequence), S::text (UTF-8) and S::hash (the bytes of a block hash).
// Bound names what a list holds, so that Fixed can give each use its own capacity; Growing ignores it.
#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "spec/execution.hpp"

namespace kvspec {

// What a list counts. The comment gives the field's word for an element.
enum class Bound : std::uint8_t {
  blocks,      // block ids: the pool, the free queue, a block table
  tokens,      // token ids of one request or command
  hashes,      // block hashes of one request or event
  requests,    // live requests
  groups,      // groups of one configuration
  events,      // pending events
  items,       // multimodal items of one request
  keys,        // extra keys of one block
  duplicates,  // blocks under one key
  floats,      // prompt-embedding values of one request
};

// A vector inside the value, as std::inplace_vector is; trivially copyable when T is.
//
// Elements beyond size() are value-initialised T, which keeps copies and equality simple. Appending to a full vector
// keeps the content, drops the element and is remembered by overflowed(): on a device there is nothing to throw, and
// a run that outgrew its Limits must be told apart from a disagreement.
template <class T, std::size_t Capacity>
class InplaceVector {
 public:
  using value_type = T;
  using size_type = std::size_t;
  using iterator = T*;
  using const_iterator = const T*;
  // Small elements by value: a device cannot refer to a constant of the namespace, which has no address there.
  using Argument = std::conditional_t<sizeof(T) <= sizeof(void*) && std::is_trivially_copyable_v<T>, T, const T&>;

  constexpr InplaceVector() = default;
  KVSPEC_EXEC constexpr InplaceVector(std::initializer_list<T> init) {
    for (const T& x : init) push_back(x);
  }
  KVSPEC_EXEC constexpr InplaceVector(std::size_t count, Argument value) { resize(count, value); }
  template <class It>
    requires(!std::is_integral_v<It>)
  KVSPEC_EXEC constexpr InplaceVector(It first, It last) {
    for (; first != last; ++first) push_back(*first);
  }

  static KVSPEC_EXEC constexpr std::size_t capacity() { return Capacity; }
  KVSPEC_EXEC constexpr std::size_t size() const { return size_; }
  KVSPEC_EXEC constexpr bool empty() const { return size_ == 0; }
  KVSPEC_EXEC constexpr bool overflowed() const { return overflowed_; }

  KVSPEC_EXEC constexpr T* data() { return elements_; }
  KVSPEC_EXEC constexpr const T* data() const { return elements_; }
  KVSPEC_EXEC constexpr T* begin() { return elements_; }
  KVSPEC_EXEC constexpr T* end() { return elements_ + size_; }
  KVSPEC_EXEC constexpr const T* begin() const { return elements_; }
  KVSPEC_EXEC constexpr const T* end() const { return elements_ + size_; }
  KVSPEC_EXEC constexpr T& operator[](std::size_t i) { return elements_[i]; }
  KVSPEC_EXEC constexpr const T& operator[](std::size_t i) const { return elements_[i]; }
  KVSPEC_EXEC constexpr T& front() { return elements_[0]; }
  KVSPEC_EXEC constexpr const T& front() const { return elements_[0]; }
  KVSPEC_EXEC constexpr T& back() { return elements_[size_ - 1]; }
  KVSPEC_EXEC constexpr const T& back() const { return elements_[size_ - 1]; }

  KVSPEC_EXEC constexpr void push_back(Argument x) {
    if (size_ == Capacity) {
      overflowed_ = true;
      return;
    }
    elements_[size_++] = x;
  }
  KVSPEC_EXEC constexpr void pop_back() { elements_[--size_] = T{}; }
  KVSPEC_EXEC constexpr void clear() { resize(0, T{}); }
  KVSPEC_EXEC constexpr void resize(std::size_t count) { resize(count, T{}); }
  KVSPEC_EXEC constexpr void resize(std::size_t count, Argument value) {
    while (size_ > count) pop_back();
    while (size_ < count && !overflowed_) push_back(value);
  }
  KVSPEC_EXEC constexpr void assign(std::size_t count, Argument value) {
    clear();
    resize(count, value);
  }
  template <class It>
    requires(!std::is_integral_v<It>)
  KVSPEC_EXEC constexpr void assign(It first, It last) {
    clear();
    for (; first != last; ++first) push_back(*first);
  }
  // Inserts one element or a range before `at`.
  KVSPEC_EXEC constexpr T* insert(const T* at, const T& x) {
    const std::size_t index = static_cast<std::size_t>(at - elements_);
    push_back(x);
    if (overflowed_) return elements_ + index;
    for (std::size_t i = size_ - 1; i > index; --i) elements_[i] = elements_[i - 1];
    elements_[index] = x;
    return elements_ + index;
  }
  template <class It>
    requires(!std::is_integral_v<It>)
  KVSPEC_EXEC constexpr T* insert(const T* at, It first, It last) {
    const std::size_t index = static_cast<std::size_t>(at - elements_);
    std::size_t next = index;
    for (; first != last; ++first) insert(elements_ + next++, *first);
    return elements_ + index;
  }
  KVSPEC_EXEC constexpr T* erase(const T* at) { return erase(at, at + 1); }
  KVSPEC_EXEC constexpr T* erase(const T* first, const T* last) {
    const std::size_t from = static_cast<std::size_t>(first - elements_);
    const std::size_t count = static_cast<std::size_t>(last - first);
    for (std::size_t i = from; i + count < size_; ++i) elements_[i] = elements_[i + count];
    for (std::size_t i = 0; i < count; ++i) pop_back();
    return elements_ + from;
  }

  KVSPEC_EXEC constexpr bool operator==(const InplaceVector& other) const {
    if (size_ != other.size_) return false;
    for (std::size_t i = 0; i < size_; ++i) {
      if (!(elements_[i] == other.elements_[i])) return false;
    }
    return true;
  }

 private:
  T elements_[Capacity == 0 ? 1 : Capacity]{};
  std::size_t size_ = 0;
  bool overflowed_ = false;
};

// A short UTF-8 text inside the value.
template <std::size_t Capacity>
class InplaceText {
 public:
  constexpr InplaceText() = default;
  KVSPEC_EXEC constexpr InplaceText(const char* text) {
    for (; *text != '\0'; ++text) bytes_.push_back(*text);
  }
  KVSPEC_EXEC constexpr InplaceText(std::string_view text) : bytes_(text.begin(), text.end()) {}

  KVSPEC_EXEC constexpr std::size_t size() const { return bytes_.size(); }
  KVSPEC_EXEC constexpr bool empty() const { return bytes_.empty(); }
  KVSPEC_EXEC constexpr const char* data() const { return bytes_.data(); }
  KVSPEC_EXEC constexpr char operator[](std::size_t i) const { return bytes_[i]; }
  KVSPEC_EXEC constexpr operator std::string_view() const { return {bytes_.data(), bytes_.size()}; }
  bool operator==(const InplaceText&) const = default;

 private:
  InplaceVector<char, Capacity> bytes_;
};

// The bytes of a hash, up to one digest without a heap block. They are compared as memory: the invariants compare all
// of an index.
struct GrowingHash : boost::container::small_vector<std::uint8_t, 32> {
  using small_vector::small_vector;
  bool operator==(const GrowingHash& other) const {
    return size() == other.size() && std::equal(data(), data() + size(), other.data());
  }
};

struct Growing {
  template <class T, Bound>
  using list = std::vector<T>;
  using text = std::string;
  using hash = GrowingHash;
};

// Capacities for single values and small states, as in the unit tests of hashing. The theorems do not use them: each
// names its own, as small as its test allows (tests/seed/cases.hpp).
struct SmallLimits {
  static constexpr std::size_t of(Bound bound) {
    switch (bound) {
      case Bound::blocks:
        return 16;
      case Bound::tokens:
        return 176;
      case Bound::hashes:
        return 12;
      case Bound::requests:
        return 4;
      case Bound::groups:
        return 1;
      case Bound::events:
        return 24;
      case Bound::items:
        return 4;
      case Bound::keys:
        return 4;
      case Bound::duplicates:
        return 4;
      case Bound::floats:
        return 16;
    }
    return 0;
  }
  static constexpr std::size_t text = 24;  // bytes
  static constexpr std::size_t hash = 32;  // bytes
};

template <class Limits = SmallLimits>
struct Fixed {
  template <class T, Bound bound>
  using list = InplaceVector<T, Limits::of(bound)>;
  using text = InplaceText<Limits::text>;
  using hash = InplaceVector<std::uint8_t, Limits::hash>;
};

}  // namespace kvspec
