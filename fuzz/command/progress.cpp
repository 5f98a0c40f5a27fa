#include "fuzz/command/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace kvspec::fuzz {

namespace {

constexpr double seconds_between_on_terminal = 0.2;
constexpr double seconds_between_in_log = 5;

}  // namespace

Progress::Progress() : start_(std::chrono::steady_clock::now()), terminal_(isatty(fileno(stderr)) != 0) {
  next_ = terminal_ ? seconds_between_on_terminal : seconds_between_in_log;
}

double Progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Progress::show(const Traffic& traffic, const Sketch& sketch) {
  const double now = seconds();
  if (now < next_) return;
  next_ = now + (terminal_ ? seconds_between_on_terminal : seconds_between_in_log);
  print(traffic, sketch, terminal_ ? "" : "\n");
}

void Progress::interrupt() const {
  if (terminal_) fmt::print(stderr, "\n");
}

void Progress::finish(const Traffic& traffic, const Sketch& sketch) { print(traffic, sketch, "\n"); }

void Progress::print(const Traffic& traffic, const Sketch& sketch, const char* end) const {
  const double elapsed = seconds();
  fmt::print(
      stderr,
      "{}{:.0f} s: {} operations, {:.0f} operations/s, {} hits, {} in several groups, {} evictions, {} refusals, {} "
      "errors, {} states{}",
      terminal_ ? "\r\x1b[K" : "", elapsed, traffic.operations,
      static_cast<double>(traffic.operations) / (elapsed > 0 ? elapsed : 1), traffic.hits, traffic.hybrid_hits,
      traffic.evictions, traffic.refusals, traffic.errors, sketch.distinct(), end);
  std::fflush(stderr);
}

}  // namespace kvspec::fuzz
