// How a protocol-5 pickle is cut into frames. [HASH-05]
//
//   80 05 | 95 <length> <opcodes ...> | 95 <length> <opcodes ...> | ...        <length>: u64, little-endian
//
// A frame opens with the first byte written while none is open. It is closed at the beginning of an object once it
// has reached 64 KiB, before a text of 64 KiB or more (which stands between two frames), and at the end of the pickle.
// A frame shorter than 4 bytes is written without its nine-byte header.
//
// The header comes before the bytes whose number it holds. Instead of keeping a frame in memory until its length is
// known, which needs a buffer that no device thread has, a pickle is written by running the writer more than once:
// whenever a frame opens, one run over the value only counts, and tells the length of that frame. A block whose
// encoding fits one frame, as nearly all do, is run over twice.
#pragma once

#include <cstddef>
#include <cstdint>

#include "spec/execution.hpp"

namespace kvspec::model {

inline constexpr std::uint64_t pickle_frame_target = 64 * 1024;  // bytes
inline constexpr std::uint64_t pickle_frame_minimum = 4;         // bytes; shorter frames have no header

// The bytes of a pickle on their way to an Output, which has
//   frame_opens(index)            before the first byte of the index-th frame
//   frame_closes(index, length)   after its last byte
//   update(byte)
template <class Output>
class PickleFraming {
 public:
  KVSPEC_EXEC constexpr explicit PickleFraming(Output& output) : output_(output) {}

  KVSPEC_EXEC constexpr void update(std::uint8_t byte) {
    if (!open_) {
      open_ = true;
      length_ = 0;
      output_.frame_opens(index_);
    }
    ++length_;
    output_.update(byte);
  }
  // A byte that belongs to no frame.
  KVSPEC_EXEC constexpr void update_unframed(std::uint8_t byte) { output_.update(byte); }

  KVSPEC_EXEC constexpr void object_begins() {
    if (open_ && length_ >= pickle_frame_target) close();
  }
  KVSPEC_EXEC constexpr void close() {
    if (!open_) return;
    output_.frame_closes(index_, length_);
    open_ = false;
    ++index_;
  }

 private:
  Output& output_;
  std::uint64_t index_ = 0;   // of the open frame, or of the next
  std::uint64_t length_ = 0;  // of the open frame, in bytes
  bool open_ = false;
};

// The output that only counts: the length of one frame.
class PickleFrameMeter {
 public:
  KVSPEC_EXEC constexpr explicit PickleFrameMeter(std::uint64_t wanted) : wanted_(wanted) {}

  KVSPEC_EXEC constexpr void update(std::uint8_t) {}
  KVSPEC_EXEC constexpr void frame_opens(std::uint64_t) {}
  KVSPEC_EXEC constexpr void frame_closes(std::uint64_t index, std::uint64_t length) {
    if (index == wanted_) length_ = length;
  }
  KVSPEC_EXEC constexpr std::uint64_t length() const { return length_; }

 private:
  std::uint64_t wanted_;
  std::uint64_t length_ = 0;
};

}  // namespace kvspec::model
