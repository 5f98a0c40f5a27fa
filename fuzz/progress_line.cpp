#include "fuzz/progress_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace kvspec::fuzz {

namespace {

constexpr double seconds_between_on_terminal = 0.2;
constexpr double seconds_between_in_log = 5;
constexpr std::string_view start_of_empty_line = "\r\x1b[K";

}  // namespace

ProgressLine::ProgressLine() : terminal_(isatty(fileno(stderr)) != 0) { begin(); }

void ProgressLine::begin() {
  start_ = std::chrono::steady_clock::now();
  next_ = terminal_ ? seconds_between_on_terminal : seconds_between_in_log;
}

double ProgressLine::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

bool ProgressLine::is_due() const { return seconds() >= next_; }

void ProgressLine::show(std::string_view text) {
  next_ = seconds() + (terminal_ ? seconds_between_on_terminal : seconds_between_in_log);
  print(text, terminal_ ? "" : "\n");
}

void ProgressLine::clear() const {
  if (terminal_) fmt::print(stderr, "{}", start_of_empty_line);
}

void ProgressLine::finish(std::string_view text) const { print(text, "\n"); }

void ProgressLine::print(std::string_view text, std::string_view end) const {
  clear();
  fmt::print(stderr, "{}{}", text, end);
  std::fflush(stderr);
}

}  // namespace kvspec::fuzz
