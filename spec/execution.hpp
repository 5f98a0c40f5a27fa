// Where a function may run. This is the only file that knows about CUDA's execution-space keywords: the
// specification and the model carry KVSPEC_EXEC on every function a device may call, so that the same source is
// evaluated by the compiler, run on the host and run on a device.
#pragma once

#if defined(__CUDACC__)
#define KVSPEC_EXEC __host__ __device__
#else
#define KVSPEC_EXEC
#endif

// Whether the code at hand is compiled for a device.
#if defined(__CUDA_ARCH__)
#define KVSPEC_ON_DEVICE 1
#else
#define KVSPEC_ON_DEVICE 0
#endif

// Stands before a KVSPEC_EXEC function that calls what only a host can: where KVSPEC_ON_DEVICE is 0, or for some of the
// types it is a template over.
#if defined(__CUDACC__)
#define KVSPEC_CALLS_HOST _Pragma("nv_exec_check_disable")
#else
#define KVSPEC_CALLS_HOST
#endif

// Stands before a KVSPEC_EXEC function that is compiled once for a device and called, not copied into its callers: code
// that many threads run has to fit into the instruction cache, and into what its compiler can swallow.
#if defined(__CUDACC__)
#define KVSPEC_APART __noinline__
#else
#define KVSPEC_APART
#endif
