// An engine behind the protocol (docs/engine-protocol.md): its process, started again whenever it was lost, and its
// hello.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/check/process.hpp"
#include "spec/clauses.hpp"
#include "spec/trace/protocol.hpp"

namespace kvspec::fuzz {

// What an engine did instead of answering. [ENGINE-*]
struct Fault {
  Clause clause{};
  std::string what{};
};

struct TimeLimits {
  double answer = 5;  // seconds for an answer
  double start = 60;  // seconds from the start of the process to its hello
};

class Remote {
 public:
  Remote(std::vector<std::string> command, const TimeLimits& limits) : command_(std::move(command)), limits_(limits) {}

  // Starts the engine if it does not run. Nothing, or why there is no engine.
  std::optional<Fault> ready();
  // Of the last start. Precondition: ready() gave nothing once.
  const EngineHello& hello() const { return hello_; }
  std::uint64_t starts() const { return starts_; }

  // Precondition: ready() gave nothing. As EngineProcess::exchange; after a fault the engine is lost, and
  // `answered` lines have been taken.
  std::optional<Fault> exchange(std::string_view requests, std::size_t count,
                                const std::function<void(std::string_view)>& take, std::size_t& answered);

  // Stops the engine: the next ready() starts it anew.
  void lose() { process_.reset(); }

  // Seconds for an answer from now on.
  void set_answer_limit(double seconds) { limits_.answer = seconds; }
  double answer_limit() const { return limits_.answer; }
  // The longest that an answer which came in time took, roughly: per exchange.
  double slowest() const { return slowest_; }

 private:
  Fault fault_of(Exchange outcome, double limit);

  std::vector<std::string> command_;
  TimeLimits limits_;
  std::unique_ptr<EngineProcess> process_{};
  EngineHello hello_{};
  std::uint64_t starts_ = 0;
  double slowest_ = 0;
};

}  // namespace kvspec::fuzz
