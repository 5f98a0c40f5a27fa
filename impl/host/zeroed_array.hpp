// An array of zeroes whose memory the operating system hands over page by page, when it is first touched. A pool of
// a million blocks is therefore constructed in microseconds: every array of the implementation is laid out so that all
// bits zero is its initial state.
//
//   small (< 64 KiB)   calloc, where sanitizers see the bounds
//   large              an anonymous mapping of its own, never recycled heap memory that would have to be cleared; from
//                      2 MiB on it asks for huge pages, since random access to many small ones is a TLB miss each
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

namespace kvspec::host {

// Zeroed memory of at least `bytes` bytes aligned to 64, or null for 0 bytes. Throws std::bad_alloc.
void* acquire_zeroed(std::size_t bytes);
// What acquire_zeroed(bytes) returned goes back.
void release_zeroed(void* memory, std::size_t bytes) noexcept;
// All zero again, the cheaper way of writing and of handing pages back.
void clear_zeroed(void* memory, std::size_t bytes) noexcept;

template <class T>
class ZeroedArray {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 64);

 public:
  ZeroedArray() = default;
  explicit ZeroedArray(std::size_t size) : data_(static_cast<T*>(acquire_zeroed(size * sizeof(T)))), size_(size) {}
  ZeroedArray(ZeroedArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  ZeroedArray& operator=(ZeroedArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~ZeroedArray() { release_zeroed(data_, size_ * sizeof(T)); }

  std::size_t size() const { return size_; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  std::span<const T> view() const { return {data_, size_}; }

  void clear() { clear_zeroed(data_, size_ * sizeof(T)); }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

// Brings the line of `address` near, to be read or to be written. Never faults.
inline void prefetch(const void* address) { __builtin_prefetch(address, 0, 3); }
inline void prefetch_to_write(const void* address) { __builtin_prefetch(address, 1, 3); }

}  // namespace kvspec::host
