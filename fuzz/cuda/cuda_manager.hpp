// The CUDA-backed implementation as one manager: the host's coordinator with the device's parts in their places.
//
//   hashes   a request's digests are those of the batched hashing, unless the hash function is a library's
//   look-up  a hit is that of the device's prefix index, which follows the host's
//   state    the keys of blocks that a look-up can find, and their number, are read from the device's index, for a view
//            and for a dump
//   pages    what every block holds lies in the page store, and is compared with the content oracle (fuzz/watch/)
//
// Where a part errs, an answer or the view differs from the model's. Where pages and oracle say different things of
// something that is read, the command is refused with I9 and that block; a failure of the device is its own clause.
// [I9, DEVICE-01 .. DEVICE-05] The coordinator goes on with its own state, whatever the parts say.
//
// Parts of a configuration that would take more than most_bytes are left out: a page store for blocks of a million
// tokens shows nothing that one for blocks of four does not.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "fuzz/cuda/parts_use.hpp"
#include "impl/cuda/device.hpp"
#include "impl/cuda/pages/kernels.hpp"
#include "impl/host/manager.hpp"

namespace kvspec::fuzz {

class CudaManager : public host::Manager {
 public:
  static constexpr std::size_t most_bytes = std::size_t{64} << 20;  // of pages, or of an index

  // Of no use but to be assigned to.
  CudaManager();
  CudaManager(CudaManager&&) noexcept;
  CudaManager& operator=(CudaManager&&) noexcept;
  ~CudaManager();

  // The clause the configuration breaks, or why the place cannot be used.
  static Result<CudaManager> create(const Config<Growing>& config, cuda::Place place);

  template <class C>
  Answer<C> step(const C& command);
  View<Growing> view() const;

  // What the last command found wrong with the pages that it reads. Under the sound semantics, nothing.
  const std::vector<cuda::PageFault>& page_faults() const;

  // What its parts have done so far.
  PartsUse use() const;
  // Where they work. A failure that is entered there is answered from then on.
  cuda::Stream& stream();

 private:
  class Parts;

  explicit CudaManager(host::Manager manager);
  std::vector<host::Hash256> hash_again(const RequestId<Growing>& req, std::size_t first, bool is_appended);
  void revise(const AddRequest<Growing>& command, AddRequest<Growing>::Observation& answer);
  void revise(const AppendTokens<Growing>& command, AppendTokens<Growing>::Observation& answer);
  void revise(const GetComputedBlocks<Growing>& command, GetComputedBlocks<Growing>::Observation& answer);
  void revise(const DumpState<Growing>&, DumpState<Growing>::Observation& answer) { show_index(answer); }
  template <class C>
  void revise(const C&, typename C::Observation&) {}
  // Puts what the device's index holds in the place of what the host's does, unless the device has failed.
  void show_index(StateDump<Growing>& state) const;

  std::unique_ptr<Parts> parts_;
};

// At a place that is part of the type, as fuzz/lockstep.hpp wants it.
template <cuda::Place place>
class CudaManagerAt : public CudaManager {
 public:
  CudaManagerAt() = default;
  static Result<CudaManagerAt> create(const Config<Growing>& config) {
    Result<CudaManager> made = CudaManager::create(config, place);
    if (!made) return made.error();
    return CudaManagerAt(std::move(made.value()));
  }

 private:
  explicit CudaManagerAt(CudaManager manager) : CudaManager(std::move(manager)) {}
};

}  // namespace kvspec::fuzz
