// Where a function may run. This is the only file that knows about CUDA's execution-space keywords: the
// specification and the model carry KVSPEC_EXEC on every function a device may call, so that the same source is
// evaluated by the compiler, run on the host and run on a device.
#pragma once

#if defined(__CUDACC__)
#define KVSPEC_EXEC __host__ __device__
#else
#define KVSPEC_EXEC
#endif
