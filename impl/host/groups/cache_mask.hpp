// Which blocks of a sliding-window group are worth caching: those that some look-up can need. [CACHE-08, CACHE-09]
//
// A hit ends at a multiple of the scheduler block size and reads the `run` blocks before it, so of each segment of
// that length only the last `run` blocks are cached:
//
//     | . . . . . . x x | . . . . . . x x |         segment of 8 blocks, run 2
//     | . . . . . . x x | x . . . . . x x | x       the same in an EAGLE group, which drops a block: run 3, shift 1
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvspec::host {

struct CacheMask {
  bool keeps_all = true;              // then nothing below is read
  bool keeps_replay = false;          // also the run before the replay boundary, with a retention interval
  std::int64_t run = 0;               // blocks that a hit needs, the dropped one included
  std::int64_t shift = 0;             // blocks, 1 in an EAGLE group
  std::int64_t segment = 0;           // blocks; 0: no segments
  std::int64_t scheduler_blocks = 1;  // blocks in a scheduler block
  std::int64_t scheduler_tokens = 1;  // tokens in one

  // Where the run ends from which the same prompt would resume: a place in the block table.
  std::int64_t replay_end(std::size_t num_prompt_tokens) const {
    if (!keeps_replay) return 0;
    return (static_cast<std::int64_t>(num_prompt_tokens) - 1) / scheduler_tokens * scheduler_blocks + shift;
  }
  // Whether the block at a place is cached, in the table of a request with this replay_end.
  bool keeps(std::size_t place, std::int64_t replay_end) const {
    const std::int64_t i = static_cast<std::int64_t>(place);
    if (keeps_replay && replay_end - run <= i && i < replay_end) return true;
    return segment != 0 && i >= shift && (i - shift) % segment >= segment - run;
  }
};

}  // namespace kvspec::host
