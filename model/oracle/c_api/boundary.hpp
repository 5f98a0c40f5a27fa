// The border between C++ and C: nothing is thrown across it, and every way to fail becomes a status with an error that
// was filled without allocating.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "spec/clauses.hpp"
#include "spec/kvspec.h"
#include "spec/result.hpp"
#include "spec/trace/error.hpp"

namespace kvspec::c_api {

// Each fills the error, if there is one, and returns the status. The message is cut to what fits.
kvspec_status succeed(kvspec_error* error) noexcept;
kvspec_status fail(kvspec_error* error, kvspec_status status, std::string_view message) noexcept;
kvspec_status fail(kvspec_error* error, kvspec_status status, Clause clause, std::string_view message) noexcept;

kvspec_status invalid(kvspec_error* error, std::string_view message) noexcept;
kvspec_status unusable(kvspec_error* error) noexcept;
// An input that breaks a precondition.
kvspec_status reject(kvspec_error* error, Error broken);
// A text that cannot be read; `what` says which of the caller's.
kvspec_status bad_text(kvspec_error* error, std::string_view what, const TraceError& found);

struct FreeText {
  void operator()(char* text) const { std::free(text); }
};
using OwnedText = std::unique_ptr<char, FreeText>;

// A copy that C can free. Throws std::bad_alloc.
OwnedText own(std::string_view text);

// Runs `body`, which returns a status, and turns whatever it throws into one.
template <class Body>
kvspec_status guarded(kvspec_error* error, Body&& body) noexcept {
  try {
    return std::forward<Body>(body)();
  } catch (const std::bad_alloc&) {
    return fail(error, KVSPEC_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& thrown) {
    return fail(error, KVSPEC_INTERNAL, thrown.what());
  } catch (...) {
    return fail(error, KVSPEC_INTERNAL, "an exception of unknown type");
  }
}

// Nothing if the text is NULL or no clause has that id.
const ClauseEntry* find_clause(const char* id) noexcept;

}  // namespace kvspec::c_api
