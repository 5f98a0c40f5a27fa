// The switch of tests/mutants/hunter/change.hpp, for the unit tests of the implementation.
#include <cstdlib>

extern int kvspec_change;

namespace {

int change_of_environment() {
  const char* const number = std::getenv("KVSPEC_CHANGE");
  return number == nullptr ? 0 : std::atoi(number);
}

}  // namespace

int kvspec_change = change_of_environment();
