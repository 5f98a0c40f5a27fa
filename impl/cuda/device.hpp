// The device layer: where work is done, memory there, and the order of what is done.
//
// Everything of impl/cuda/ runs in one of two places. On the device, a CUDA kernel runs a body once per thread; on the
// host, a loop runs the same body once per turn. The caller chooses when it opens a Stream, and nothing behind that
// asks again. A build without nvcc has only the host; asking for the device is then DEVICE-01.
//
// Work is asked of a Stream and done in the order in which it was asked. Calls that ask return nothing: the first
// failure of a stream stays with it, later work is left out, and finish(), which waits, returns it. [DEVICE-01 ..
// DEVICE-05] So a chain of kernels reads straight down and no failure is lost.
//
// This header includes no CUDA header, so that everybody can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "spec/result.hpp"

namespace kvspec::cuda {

enum class Place : std::uint8_t { host, device };

// Whether this build has CUDA, so that Place::device can be opened if the machine has a device.
bool built_with_cuda();
// The name of the device, its multiprocessors and memory in words; "host" and "no device" are names too.
std::string describe(Place place);

// What a code of the CUDA runtime means here; `bytes` is what was asked for, if memory was. Precondition: code != 0.
Error error_of(int code, std::int64_t bytes = 0);

class Stream {
 public:
  // A stream of its own, or DEVICE-01, DEVICE-02, DEVICE-03.
  static Result<Stream> open(Place place);
  Stream() = default;  // on the host
  Stream(Stream&& other) noexcept { *this = std::move(other); }
  Stream& operator=(Stream&& other) noexcept {
    std::swap(place_, other.place_);
    std::swap(handle_, other.handle_);
    std::swap(capacity_, other.capacity_);
    std::swap(failure_, other.failure_);
    return *this;
  }
  ~Stream();

  Place place() const { return place_; }
  bool on_device() const { return place_ == Place::device; }
  // What the device has, once the stream is one of it.
  struct Capacity {
    std::uint32_t multiprocessors = 1;          // which share a kernel's blocks
    std::uint32_t shared_bytes = 0;             // of one of them
    std::uint32_t shared_bytes_of_a_block = 0;  // at most
  };
  const Capacity& capacity() const { return capacity_; }

  // Waits until everything asked for is done; the first failure since the stream was opened, if there is one.
  Result<Done> finish();
  // Whether nothing has failed as far as is known without waiting.
  bool ok() const { return !failure_; }
  void fail(Error error) {
    if (!failure_) failure_ = error;
  }

  // Between the host's memory and this stream's place. copy_out waits, so that what it wrote can be read; copy_in may
  // be followed at once by a change of `from`.
  void copy_in(void* to, const void* from, std::size_t bytes);
  void copy_out(void* to, const void* from, std::size_t bytes);
  // Within this stream's place; `fill` writes the byte everywhere.
  void copy(void* to, const void* from, std::size_t bytes);
  void fill(void* to, std::uint8_t byte, std::size_t bytes);

  // For launch.hpp: the cudaStream_t.
  void* handle() const { return handle_; }

 private:
  Place place_ = Place::host;
  void* handle_ = nullptr;
  Capacity capacity_{};
  std::optional<Error> failure_{};
};

namespace detail {
// Null if there is not so much memory; then the stream has failed. [DEVICE-04]
void* allocate(Stream& stream, std::size_t bytes);
void release(Place place, void* memory);
}  // namespace detail

// Memory for values of T at the place of a stream, of which it is owner. Without a value it has no memory.
template <class T>
class Buffer {
 public:
  static_assert(std::is_trivially_copyable_v<T>);

  Buffer() = default;
  // `count` values, not initialised. Empty, and the stream has failed, if there is not so much memory.
  Buffer(Stream& stream, std::size_t count) : place_(stream.place()) {
    if (count == 0) return;
    const std::size_t most = ~std::size_t{0} / sizeof(T);
    data_ = static_cast<T*>(detail::allocate(stream, count > most ? ~std::size_t{0} : count * sizeof(T)));
    size_ = data_ == nullptr ? 0 : count;
  }
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(place_, other.place_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer() { detail::release(place_, data_); }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }

  // Room for at least `count` values. What it held is lost if that takes other memory, which the stream is waited for.
  void reserve(Stream& stream, std::size_t count) {
    if (count <= size_ || !stream.ok()) return;
    (void)stream.finish();
    *this = Buffer(stream, count + count / 2);
  }
  // Grows if needed and takes the values.
  void assign(Stream& stream, std::span<const T> values) {
    reserve(stream, values.size());
    if (stream.ok()) stream.copy_in(data_, values.data(), values.size_bytes());
  }
  // The first `count` values; waits. Zeroes if the stream has failed.
  std::vector<T> read(Stream& stream, std::size_t count) const {
    std::vector<T> values(count);
    if (stream.ok()) stream.copy_out(values.data(), data_, count * sizeof(T));
    return values;
  }

 private:
  Place place_ = Place::host;
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

// The time that work takes, as the place itself sees it: events on a device, a clock on the host.
class Stopwatch {
 public:
  explicit Stopwatch(Stream& stream);
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch();

  void start();
  // Milliseconds since start() until everything that was asked for in between was done; waits.
  double stop();

 private:
  Stream& stream_;
  void* begin_ = nullptr;
  void* end_ = nullptr;
  double began_ = 0;
};

}  // namespace kvspec::cuda
