#include "fuzz/command/progress.hpp"

#include <fmt/format.h>

#include <string>

namespace kvspec::fuzz {

namespace {

std::string text_of(double seconds, const Traffic& traffic, const Sketch& sketch) {
  return fmt::format(
      "{:.0f} s: {} operations, {:.0f} operations/s, {} hits, {} in several groups, {} evictions, {} refusals, {} "
      "errors, {} states",
      seconds, traffic.operations, static_cast<double>(traffic.operations) / (seconds > 0 ? seconds : 1), traffic.hits,
      traffic.hybrid_hits, traffic.evictions, traffic.refusals, traffic.errors, sketch.distinct());
}

}  // namespace

void Progress::show(const Traffic& traffic, const Sketch& sketch) {
  if (line_.is_due()) line_.show(text_of(seconds(), traffic, sketch));
}

void Progress::finish(const Traffic& traffic, const Sketch& sketch) const {
  line_.finish(text_of(seconds(), traffic, sketch));
}

}  // namespace kvspec::fuzz
