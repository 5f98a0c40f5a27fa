#include "fuzz/check/remote.hpp"

#include <fmt/format.h>

#include <chrono>

#include "spec/trace/text.hpp"
#include "spec/version.hpp"

namespace kvspec::fuzz {

namespace {

constexpr std::size_t most_shown = 300;  // bytes of what an engine said last

}  // namespace

std::optional<Fault> Remote::ready() {
  if (process_) return {};
  std::string why;
  ++starts_;
  process_ = EngineProcess::start(command_, why);
  if (!process_) return Fault{Clause::engine_06, "the command cannot be started: " + why};
  const std::string request = hello_request(std::string("kvspec ") + version_string) + "\n";
  std::optional<Decoded<EngineHello>> hello;
  const Exchange outcome = process_->exchange(request, 1, EngineProcess::Duration(limits_.start),
                                              [&](std::string_view line) { hello.emplace(hello_from_answer(line)); });
  std::optional<Fault> fault;
  if (outcome != Exchange::complete) {
    fault = fault_of(outcome, limits_.start);
  } else if (!*hello) {
    fault = Fault{hello->error().clause, hello->error().what};
  } else {
    hello_ = std::move(hello->value());
  }
  if (fault) lose();
  return fault;
}

std::optional<Fault> Remote::exchange(std::string_view requests, std::size_t count,
                                      const std::function<void(std::string_view)>& take, std::size_t& answered) {
  answered = 0;
  const auto began = std::chrono::steady_clock::now();
  const Exchange outcome =
      process_->exchange(requests, count, EngineProcess::Duration(limits_.answer), [&](std::string_view line) {
        ++answered;
        take(line);
      });
  if (outcome == Exchange::complete) {
    const EngineProcess::Duration took = std::chrono::steady_clock::now() - began;
    slowest_ = std::max(slowest_, took.count());
    return {};
  }
  // A late answer was taken, but it is the one at fault.
  if (outcome == Exchange::late && answered > 0) --answered;
  const Fault fault = fault_of(outcome, limits_.answer);
  lose();
  return fault;
}

Fault Remote::fault_of(Exchange outcome, double limit) {
  switch (outcome) {
    case Exchange::late:
      return {Clause::engine_04, fmt::format("the answer came after more than {} s", limit)};
    case Exchange::silent:
      return {Clause::engine_05, fmt::format("no answer in {} s", 2 * limit)};
    case Exchange::too_long:
      return {Clause::engine_03, fmt::format("a line does not end within {} MiB", longest_answer >> 20)};
    default:
      break;
  }
  const std::optional<std::string> end = process_->how_it_ended();
  const std::string words = printable(process_->last_words(), most_shown);
  std::string what = outcome == Exchange::truncated ? "the output ends within a line" : "the output ends";
  what += end ? ", the process ended with " + *end : ", the process runs on";
  if (!words.empty()) what += "; it said: " + words;
  return {outcome == Exchange::truncated ? Clause::engine_03 : Clause::engine_06, what};
}

}  // namespace kvspec::fuzz
