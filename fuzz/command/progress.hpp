// The progress of a lockstep session, on standard error.
#pragma once

#include "fuzz/progress_line.hpp"
#include "fuzz/sketch.hpp"
#include "fuzz/traffic.hpp"

namespace kvspec::fuzz {

class Progress {
 public:
  // Since the session began.
  double seconds() const { return line_.seconds(); }
  // Shows where the session stands, if the last time is long enough ago.
  void show(const Traffic& traffic, const Sketch& sketch);
  // Makes room for something else that is printed.
  void interrupt() const { line_.clear(); }
  // Shows the final numbers.
  void finish(const Traffic& traffic, const Sketch& sketch) const;

 private:
  ProgressLine line_{};
};

}  // namespace kvspec::fuzz
