// A host implementation that comes out of a shared object: everything that lockstep and the seed's cases ask of a
// system, behind virtual functions. So the hunter is compiled once, and a mutant costs a few object files and a link.
//
// Both sides of the boundary are built by one compiler from one spec/; nothing else makes it safe.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/dump.hpp"
#include "spec/result.hpp"
#include "spec/storage.hpp"
#include "spec/system.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::mutants {

using Bytes = boost::container::small_vector<std::uint8_t, 64>;
// What a seed's case compares a table with.
using Table = std::span<const BlockId>;

// The arguments of the functions are those of spec/invariants.hpp.
class Subject {
 public:
  using BlockWalk = std::function<void(BlockId)>;
  using IndexWalk = std::function<void(const Bytes&, GroupId, BlockId, bool)>;
  using TableWalk = std::function<void(std::string_view, const Table&, std::optional<Count>, Count)>;
  using RequestWalk = std::function<void(std::string_view, Count, Count)>;

  virtual ~Subject() = default;
  virtual Result<Observation<Growing>> step(const Command<Growing>& command) = 0;
  virtual View<Growing> view() const = 0;

  virtual Count num_blocks() const = 0;
  virtual Count num_free() const = 0;
  virtual void walk_free(const BlockWalk& f) const = 0;
  virtual void walk_free_backwards(const BlockWalk& f) const = 0;
  virtual Count ref_cnt(BlockId b) const = 0;
  virtual Count held(BlockId b) const = 0;
  virtual bool has_hash(BlockId b) const = 0;
  virtual Bytes hash(BlockId b) const = 0;
  virtual GroupId group(BlockId b) const = 0;
  virtual Count num_keys() const = 0;
  virtual void walk_index(const IndexWalk& f) const = 0;
  virtual Count num_groups() const = 0;
  virtual const GroupSpec& spec(GroupId g) const = 0;
  virtual std::int64_t block_size(GroupId g) const = 0;
  virtual std::int64_t max_model_len() const = 0;
  virtual std::int64_t hash_block_size() const = 0;
  virtual bool caching() const = 0;
  virtual void walk_tables(GroupId g, const TableWalk& f) const = 0;
  virtual void walk_requests(const RequestWalk& f) const = 0;
};

// The index alone, as the seed's cases about it want it (tests/seed/worlds.hpp).
class SubjectIndex {
 public:
  virtual ~SubjectIndex() = default;
  virtual void insert(const BlockKey<Growing>& key, BlockId b) = 0;
  virtual bool pop(const BlockKey<Growing>& key, BlockId b) = 0;
  virtual std::optional<BlockId> first(const BlockKey<Growing>& key) const = 0;
};

// What the shared object exports.
struct SubjectLibrary {
  Result<std::unique_ptr<Subject>> (*create)(const Config<Growing>& config);
  std::unique_ptr<SubjectIndex> (*make_index)(std::size_t num_blocks);
  // Switches on one of the changes that were compiled in, 0: none. Null where there are none.
  void (*activate)(int change);
};

}  // namespace kvspec::mutants

extern "C" const kvspec::mutants::SubjectLibrary* kvspec_subject_library();
