// How a body becomes a kernel. For .cu files, which nvcc compiles, or the host's compiler where there is no nvcc.
//
//   struct Body {            // trivially copyable: pointers to memory of the stream's place, and numbers
//     KVSPEC_EXEC void operator()(std::uint64_t i) const;
//   };
//   launch(stream, n, Body{...});      // the body for every i < n, in any order, also at the same time
//
// Bodies are plain functions of an index, so that the host runs them too, one after another. What threads may do to
// the same memory is in atomics.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "impl/cuda/device.hpp"
#include "spec/execution.hpp"

#if defined(__CUDACC__)
#include <cuda_runtime.h>
#endif

// Loops over registers must be unrolled on a device, and large bodies that are to be there once must not; elsewhere the
// compiler knows best.
#if defined(__CUDACC__)
#define KVSPEC_UNROLL _Pragma("unroll")
#define KVSPEC_NO_UNROLL _Pragma("unroll 1")
#else
#define KVSPEC_UNROLL
#define KVSPEC_NO_UNROLL
#endif

namespace kvspec::cuda {

inline constexpr std::uint32_t usual_threads = 256;  // per block

#if defined(__CUDACC__)
namespace detail {

inline cudaStream_t stream_of(const Stream& stream) { return static_cast<cudaStream_t>(stream.handle()); }

inline void note_launch(Stream& stream) {
  const cudaError_t code = cudaGetLastError();
  if (code != cudaSuccess) stream.fail(error_of(static_cast<int>(code)));
}

template <std::uint32_t threads, std::uint32_t blocks_at_once, class Body>
__global__ void __launch_bounds__(threads, blocks_at_once) run(std::uint64_t n, const Body body) {
  const std::uint64_t i = std::uint64_t{blockIdx.x} * threads + threadIdx.x;
  if (i < n) body(i);
}

template <std::uint32_t threads, std::uint32_t blocks_at_once, class Body>
__global__ void __launch_bounds__(threads, blocks_at_once)
    run_with_scratch(std::uint64_t n, std::uint32_t stride, const Body body) {
  extern __shared__ std::uint32_t words[];
  const std::uint64_t i = std::uint64_t{blockIdx.x} * threads + threadIdx.x;
  if (i < n) body(i, words + threadIdx.x * stride);
}

}  // namespace detail
#endif

// The body for every i < n; n <= 2^31 * threads. `blocks_at_once`: blocks that should be resident together on a
// multiprocessor, which bounds the registers of a thread; 0 leaves it to the compiler.
template <std::uint32_t threads = usual_threads, std::uint32_t blocks_at_once = 0, class Body>
void launch(Stream& stream, std::uint64_t n, const Body& body) {
  static_assert(std::is_trivially_copyable_v<Body>);
  if (n == 0 || !stream.ok()) return;
#if defined(__CUDACC__)
  if (stream.on_device()) {
    const unsigned blocks = static_cast<unsigned>((n + threads - 1) / threads);
    detail::run<threads, blocks_at_once><<<blocks, threads, 0, detail::stream_of(stream)>>>(n, body);
    return detail::note_launch(stream);
  }
#endif
  for (std::uint64_t i = 0; i < n; ++i) body(i);
}

// The shared memory that a block of threads takes for so many words of scratch memory each. They lie an odd number of
// words apart, so that threads at the same place do not wait for each other.
constexpr std::uint64_t scratch_bytes(std::uint32_t num_words, std::uint32_t threads) {
  return sizeof(std::uint32_t) * std::uint64_t{num_words | 1} * threads;
}

// The same as launch() for bodies that want scratch memory: body(i, scratch), with `num_words` words. How much a kernel
// may ask for is set before it is launched; only one host thread at a time may do that for a body.
template <std::uint32_t threads, std::uint32_t blocks_at_once, class Body>
void launch_with_scratch(Stream& stream, std::uint64_t n, std::uint32_t num_words, const Body& body) {
  static_assert(std::is_trivially_copyable_v<Body>);
  if (n == 0 || !stream.ok()) return;
#if defined(__CUDACC__)
  if (stream.on_device()) {
    const unsigned bytes = static_cast<unsigned>(scratch_bytes(num_words, threads));
    const auto kernel = detail::run_with_scratch<threads, blocks_at_once, Body>;
    const cudaError_t code =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
    if (code != cudaSuccess) {
      (void)cudaGetLastError();  // or the next launch would find it again
      return stream.fail(error_of(static_cast<int>(code), bytes));
    }
    const unsigned blocks = static_cast<unsigned>((n + threads - 1) / threads);
    kernel<<<blocks, threads, bytes, detail::stream_of(stream)>>>(n, num_words | 1, body);
    return detail::note_launch(stream);
  }
#endif
  std::vector<std::uint32_t> words(num_words);
  for (std::uint64_t i = 0; i < n; ++i) body(i, words.data());
}

}  // namespace kvspec::cuda
