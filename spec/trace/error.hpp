// What is wrong with a trace. Errors are values here too: no function of spec/trace throws on any input.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "spec/clauses.hpp"

namespace kvspec {

// `what` names the member and the reason ("allocate_slots.in.num_new_tokens: -1 is not within 0 .. 4294967295"). It is
// one line of valid UTF-8 without control characters, at most max_error_bytes long.
struct TraceError {
  Clause clause{};
  std::string what;

  bool operator==(const TraceError&) const = default;
};
inline constexpr std::size_t max_error_bytes = 400;

// Makes any text fit for TraceError::what.
TraceError trace_error(Clause clause, std::string_view what);

// An error with its place; lines count from 1, and 0 means the file as a whole.
struct TraceProblem {
  std::string file;
  std::size_t line = 0;
  TraceError error;

  bool operator==(const TraceProblem&) const = default;
};

// "file:line: what is wrong [TRACE-04]", on one line whatever the file is called.
std::string to_text(const TraceProblem& problem);

// A value or what is wrong with its text. As Result, with errors that carry words.
template <class T, class E = TraceError>
class [[nodiscard]] Decoded {
 public:
  Decoded(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Decoded(E error) : content_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Precondition: ok().
  T& value() { return *std::get_if<0>(&content_); }
  const T& value() const { return *std::get_if<0>(&content_); }
  // Precondition: !ok().
  const E& error() const { return *std::get_if<1>(&content_); }

 private:
  std::variant<T, E> content_;
};

}  // namespace kvspec
