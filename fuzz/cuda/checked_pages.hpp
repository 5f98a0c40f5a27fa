// The page store under the content oracle: everything that the oracle reckons with is done to pages, and every reading
// that it judges is verified in the data. The two must say the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "fuzz/watch/page_observer.hpp"
#include "impl/cuda/device.hpp"
#include "impl/cuda/pages/page_store.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

class CheckedPages final : public PageObserver {
 public:
  CheckedPages(cuda::Stream& stream, const Config<Growing>& config);
  // What it makes of a configuration: entries of every group have data behind their context, which is checked too.
  static cuda::PageLayout layout_of(const Config<Growing>& config);

  void taken(BlockId b) override;
  void vouched(BlockId b) override;
  void written(const Part& part) override;
  void read(const Part& part, bool holds) override;

  // Does what has been told since the last time and waits for it. The block of the first reading of which pages and
  // oracle say different things, if there is one.
  std::optional<BlockId> differing_block();
  // What the pages showed in that time, right or wrong.
  const std::vector<cuda::PageFault>& faults() const { return faults_; }
  // Readings so far, and calls in which the pages were written.
  std::uint64_t num_readings() const { return num_readings_; }
  std::uint64_t num_writes() const { return num_writes_; }

 private:
  enum class Phase : std::uint8_t { nothing, taking, writing, reading };

  struct Reading {
    std::uint32_t verification = 0;
    std::uint32_t range = 0;
    BlockId block = 0;
    bool holds = false;
  };

  void enter(Phase phase);
  void flush();
  // The range of a part, with `count` positions; its identities follow.
  void add_range(const Part& part, std::int64_t first, std::int64_t count);
  std::uint32_t row_of(const Part& part);

  cuda::PageStore pages_;
  std::unordered_map<std::string, std::uint32_t> numbers_;  // of requests

  // What has been told and not been done yet: calls of one kind.
  Phase phase_ = Phase::nothing;
  std::vector<BlockId> blocks_taken_;
  std::vector<BlockId> blocks_written_;
  std::vector<cuda::TokenRange> ranges_;
  std::vector<cuda::Identity> identities_;
  std::vector<cuda::TableRow> rows_;
  std::vector<BlockId> table_blocks_;
  std::vector<const std::vector<BlockId>*> tables_;  // of the rows

  std::vector<Reading> readings_;  // since the last comparison; those not yet verified are of the next verification
  std::vector<cuda::PageFault> faults_;
  std::uint64_t num_readings_ = 0;
  std::uint64_t num_writes_ = 0;
};

}  // namespace kvspec::fuzz
