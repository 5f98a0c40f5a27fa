// Errors are values: every operation of the specification returns either its observation or one Error, and an
// Error never comes with a changed state. C++20 has no std::expected; this is the part of it the project needs.
#pragma once

#include <cstdint>
#include <utility>

#include "spec/clauses.hpp"
#include "spec/execution.hpp"

namespace kvspec {

// Why an input was refused: the clause it breaks and the number that breaks it (a block id, a count, an index;
// the clause's sentence says which, and 0 where no single number is at fault).
struct Error {
  Clause clause{};
  std::int64_t offending = 0;

  bool operator==(const Error&) const = default;
};

// An observation that says nothing beside "done".
struct Done {
  bool operator==(const Done&) const = default;
};

// Either a T or an Error. T is default-constructible, so that a Result is two plain members and usable on a device.
template <class T>
class [[nodiscard]] Result {
 public:
  // A T that only a host can move makes a Result that only a host can.
  KVSPEC_CALLS_HOST KVSPEC_EXEC constexpr Result(T value) : value_(std::move(value)), ok_(true) {}
  KVSPEC_EXEC constexpr Result(Error error) : error_(error) {}

  KVSPEC_EXEC constexpr bool ok() const { return ok_; }
  KVSPEC_EXEC constexpr explicit operator bool() const { return ok_; }

  // Precondition: ok().
  KVSPEC_EXEC constexpr const T& value() const { return value_; }
  KVSPEC_EXEC constexpr T& value() { return value_; }
  // Precondition: !ok().
  KVSPEC_EXEC constexpr const Error& error() const { return error_; }

  bool operator==(const Result&) const = default;

 private:
  T value_{};
  Error error_{};
  bool ok_ = false;
};

}  // namespace kvspec
