// The progress line of a lockstep session, on standard error: one line that moves on a terminal, a line every few
// seconds elsewhere.
#pragma once

#include <chrono>

#include "fuzz/sketch.hpp"
#include "fuzz/traffic.hpp"

namespace kvspec::fuzz {

class Progress {
 public:
  Progress();

  // Since the session began.
  double seconds() const;
  // Shows where the session stands, if the last time is long enough ago.
  void show(const Traffic& traffic, const Sketch& sketch);
  // Ends the line, so that something else can be printed.
  void interrupt() const;
  // Shows the final numbers.
  void finish(const Traffic& traffic, const Sketch& sketch);

 private:
  void print(const Traffic& traffic, const Sketch& sketch, const char* end) const;

  std::chrono::steady_clock::time_point start_;
  bool terminal_;
  double next_ = 0;
};

}  // namespace kvspec::fuzz
