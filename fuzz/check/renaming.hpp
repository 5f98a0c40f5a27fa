// The renaming between the blocks of the model and those of an engine, where ids may differ. [MODE-01, MODE-02]
//
// It is learned from the answers. What an engine answered is put into the model's names before it is compared, so that
// the comparison itself knows nothing of modes: a block that has no business where it stands keeps a name that differs.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <unordered_map>
#include <vector>

#include "fuzz/check/tolerance.hpp"
#include "spec/commands.hpp"
#include "spec/storage.hpp"
#include "spec/system.hpp"

namespace kvspec::fuzz {

class Renaming {
 public:
  // What a block of the engine that belongs to none of the model's is called.
  static constexpr BlockId unnamed = std::numeric_limits<BlockId>::max();

  explicit Renaming(const Tolerance& tolerance) : tolerance_(tolerance) {}

  // The command without the blocks that the engine has no name for.
  Command<Growing> without_unnamed(const Command<Growing>& command) const;
  // The command with the engine's names. Precondition: all its blocks have one.
  Command<Growing> for_engine(const Command<Growing>& command) const;

  // The engine's answer in the model's names, learning new ones from where the two stand in the same place. `equals`:
  // by block of the model, whether it was free and held nothing before the command; empty where that is not needed. A
  // block that the answer has given out is none of them any more: no other place of it may have the same block.
  Observation<Growing> for_model(const Observation<Growing>& expected, Observation<Growing> actual,
                                 std::vector<bool> equals);

  // What of the model's answer is compared with that.
  Observation<Growing> compared(Observation<Growing> expected) const;

 private:
  BlockId name(BlockId ours, BlockId theirs, std::vector<bool>* equals);
  BlockId known(BlockId theirs) const;
  void match(const BlockList<Growing>& ours, BlockList<Growing>& theirs, std::vector<bool>* equals = nullptr);
  void match(const BlockTables<Growing>& ours, BlockTables<Growing>& theirs, std::vector<bool>* equals = nullptr);
  void rename(const StateDump<Growing>& ours, StateDump<Growing>& theirs);
  void bind(BlockId ours, BlockId theirs);

  Tolerance tolerance_;
  std::unordered_map<BlockId, BlockId> engine_of_{};  // by block of the model
  std::unordered_map<BlockId, BlockId> model_of_{};   // by block of the engine
};

}  // namespace kvspec::fuzz
