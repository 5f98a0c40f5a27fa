#include "fuzz/cuda/cuda_manager.hpp"
#include "fuzz/host_engine.hpp"
#include "spec/trace/print.hpp"

namespace kvspec::fuzz {

oracle::MakeEngine cuda_engine(cuda::Place place) {
  if (place == cuda::Place::device) return oracle::engine_of<CudaManagerAt<cuda::Place::device>>();
  return oracle::engine_of<CudaManagerAt<cuda::Place::host>>();
}

std::string absence_of(cuda::Place place) {
  const Result<cuda::Stream> opened = cuda::Stream::open(place);
  if (opened) return "";
  if (!cuda::built_with_cuda()) return "no CUDA in this build";
  return to_text(opened.error());
}

}  // namespace kvspec::fuzz
