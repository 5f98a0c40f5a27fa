// What a seed case answers. A case is one constexpr function that stops at the first expression that does not hold, so
// that the same text is a GoogleTest at run time and a theorem under static_assert.
#pragma once

#include <string_view>

namespace kvspec::seed {

struct Verdict {
  const char* file = "";          // of the expression that failed
  int line = 0;                   // 0: none did
  std::string_view expression{};  // its text, or the clause that an unexpected error names

  constexpr bool passed() const { return line == 0; }
};

}  // namespace kvspec::seed

// Inside a case: leaves it with a failing verdict unless the expression holds.
#define SEED_CHECK(...)                                                                   \
  do {                                                                                    \
    if (!(__VA_ARGS__)) return ::kvspec::seed::Verdict{__FILE__, __LINE__, #__VA_ARGS__}; \
  } while (false)

// The end of a case: passed, unless the manager refused a command or broke an invariant on the way.
#define SEED_VERDICT(manager) (manager).verdict(__FILE__, __LINE__)
