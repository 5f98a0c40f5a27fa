// The one file that talks to the CUDA runtime beside the launches.
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <new>

#include "impl/cuda/device.hpp"

#if defined(__CUDACC__)
#include <cuda_runtime.h>
#endif

namespace kvspec::cuda {
namespace {

// Numbers of the CUDA runtime that have a clause of their own; a build without CUDA has them too, for error_of.
constexpr int no_memory = 2;
constexpr int old_driver = 35;
constexpr int stub_library = 34;
constexpr int no_device = 100;
constexpr int no_kernel_image = 209;

constexpr std::size_t most_bytes = std::size_t{1} << 46;  // more than any machine has

#if defined(__CUDACC__)
static_assert(no_memory == cudaErrorMemoryAllocation && old_driver == cudaErrorInsufficientDriver);
static_assert(stub_library == cudaErrorStubLibrary && no_device == cudaErrorNoDevice);
static_assert(no_kernel_image == cudaErrorNoKernelImageForDevice);

#if defined(KVSPEC_CUDA_CAPABILITY)
constexpr int least_capability = KVSPEC_CUDA_CAPABILITY;
#else
constexpr int least_capability = 0;  // compiled for whatever device is there
#endif

cudaStream_t stream_of(void* handle) { return static_cast<cudaStream_t>(handle); }
cudaEvent_t event_of(void* handle) { return static_cast<cudaEvent_t>(handle); }

void check(Stream& stream, cudaError_t code, std::int64_t bytes = 0) {
  if (code == cudaSuccess) return;
  (void)cudaGetLastError();  // or the next launch would find it again
  stream.fail(error_of(static_cast<int>(code), bytes));
}
#endif

double now_in_milliseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

}  // namespace

// [DEVICE-02, DEVICE-03, DEVICE-04, DEVICE-05]
Error error_of(int code, std::int64_t bytes) {
  switch (code) {
    case no_memory:
      return {Clause::device_04, bytes};
    case no_device:
    case old_driver:
    case stub_library:
      return {Clause::device_02, code};
    case no_kernel_image:
      return {Clause::device_03, 0};
    default:
      return {Clause::device_05, code};
  }
}

#if defined(__CUDACC__)

bool built_with_cuda() { return true; }

std::string describe(Place place) {
  if (place == Place::host) return "host";
  cudaDeviceProp properties{};
  if (cudaGetDeviceProperties(&properties, 0) != cudaSuccess) {
    (void)cudaGetLastError();
    return "no device";
  }
  return std::string(properties.name) + ", " + std::to_string(properties.multiProcessorCount) + " multiprocessors, " +
         std::to_string(properties.totalGlobalMem >> 20) + " MiB";
}

Result<Stream> Stream::open(Place place) {
  Stream stream;
  if (place == Place::host) return std::move(stream);
  int count = 0;
  const cudaError_t counted = cudaGetDeviceCount(&count);
  if (counted != cudaSuccess || count == 0) {
    (void)cudaGetLastError();
    return error_of(counted == cudaSuccess ? no_device : static_cast<int>(counted));
  }
  int major = 0;
  int minor = 0;
  check(stream, cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0));
  check(stream, cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0));
  if (!stream.ok()) return *stream.failure_;
  if (10 * major + minor < least_capability) return Error{Clause::device_03, 10 * major + minor};
  const auto attribute = [&](cudaDeviceAttr which) {
    int value = 0;
    check(stream, cudaDeviceGetAttribute(&value, which, 0));
    return static_cast<std::uint32_t>(value);
  };
  stream.capacity_ = {.multiprocessors = attribute(cudaDevAttrMultiProcessorCount),
                      .shared_bytes = attribute(cudaDevAttrMaxSharedMemoryPerMultiprocessor),
                      .shared_bytes_of_a_block = attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin)};
  cudaStream_t handle = nullptr;
  check(stream, cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking));
  if (!stream.ok()) return *stream.failure_;
  stream.place_ = Place::device;
  stream.handle_ = handle;
  return std::move(stream);
}

Stream::~Stream() {
  if (handle_ != nullptr) (void)cudaStreamDestroy(stream_of(handle_));
}

Result<Done> Stream::finish() {
  if (on_device()) check(*this, cudaStreamSynchronize(stream_of(handle_)));
  if (failure_) return *failure_;
  return Done{};
}

#else

bool built_with_cuda() { return false; }

std::string describe(Place place) { return place == Place::host ? "host" : "no CUDA in this build"; }

Result<Stream> Stream::open(Place place) {
  if (place == Place::device) return Error{Clause::device_01, 0};
  return Stream();
}

Stream::~Stream() = default;

Result<Done> Stream::finish() {
  if (failure_) return *failure_;
  return Done{};
}

#endif

void Stream::copy_in(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0 || failure_) return;
#if defined(__CUDACC__)
  if (on_device()) {
    // From memory that is not pinned this returns once the bytes are taken.
    return check(*this, cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_of(handle_)));
  }
#endif
  std::memcpy(to, from, bytes);
}

void Stream::copy_out(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0 || failure_) return;
#if defined(__CUDACC__)
  if (on_device()) {
    check(*this, cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_of(handle_)));
    (void)finish();
    return;
  }
#endif
  std::memcpy(to, from, bytes);
}

void Stream::copy(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0 || failure_) return;
#if defined(__CUDACC__)
  if (on_device()) {
    return check(*this, cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_of(handle_)));
  }
#endif
  std::memmove(to, from, bytes);
}

void Stream::fill(void* to, std::uint8_t byte, std::size_t bytes) {
  if (bytes == 0 || failure_) return;
#if defined(__CUDACC__)
  if (on_device()) return check(*this, cudaMemsetAsync(to, byte, bytes, stream_of(handle_)));
#endif
  std::memset(to, byte, bytes);
}

namespace detail {

void* allocate(Stream& stream, std::size_t bytes) {
  if (!stream.ok()) return nullptr;
  void* memory = nullptr;
  if (bytes > most_bytes) {
    stream.fail({Clause::device_04, static_cast<std::int64_t>(bytes >> 1)});
    return nullptr;
  }
#if defined(__CUDACC__)
  if (stream.on_device()) {
    check(stream, cudaMalloc(&memory, bytes), static_cast<std::int64_t>(bytes));
    return stream.ok() ? memory : nullptr;
  }
#endif
  memory = ::operator new(bytes, std::align_val_t(256), std::nothrow);  // as cudaMalloc aligns
  if (memory == nullptr) stream.fail({Clause::device_04, static_cast<std::int64_t>(bytes)});
  return memory;
}

void release([[maybe_unused]] Place place, void* memory) {
  if (memory == nullptr) return;
#if defined(__CUDACC__)
  if (place == Place::device) {
    (void)cudaFree(memory);  // a failure here is one of an earlier kernel, which finish() tells
    return;
  }
#endif
  ::operator delete(memory, std::align_val_t(256));
}

}  // namespace detail

Stopwatch::Stopwatch(Stream& stream) : stream_(stream) {
#if defined(__CUDACC__)
  if (!stream.on_device()) return;
  cudaEvent_t begin = nullptr;
  cudaEvent_t end = nullptr;
  check(stream, cudaEventCreate(&begin));
  check(stream, cudaEventCreate(&end));
  begin_ = begin;
  end_ = end;
#endif
}

Stopwatch::~Stopwatch() {
#if defined(__CUDACC__)
  if (begin_ != nullptr) (void)cudaEventDestroy(event_of(begin_));
  if (end_ != nullptr) (void)cudaEventDestroy(event_of(end_));
#endif
}

void Stopwatch::start() {
#if defined(__CUDACC__)
  if (stream_.on_device()) return check(stream_, cudaEventRecord(event_of(begin_), stream_of(stream_.handle())));
#endif
  began_ = now_in_milliseconds();
}

double Stopwatch::stop() {
#if defined(__CUDACC__)
  if (stream_.on_device()) {
    float milliseconds = 0;
    check(stream_, cudaEventRecord(event_of(end_), stream_of(stream_.handle())));
    check(stream_, cudaEventSynchronize(event_of(end_)));
    check(stream_, cudaEventElapsedTime(&milliseconds, event_of(begin_), event_of(end_)));
    return milliseconds;
  }
#endif
  return now_in_milliseconds() - began_;
}

}  // namespace kvspec::cuda
