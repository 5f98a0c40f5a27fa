// Every case on the host implementation.

#include "tests/seed/cases.hpp"
#include "tests/seed/host_world.hpp"
#include "tests/seed/registration.hpp"

namespace kvspec::seed {

void register_host_cases() {
#define KVSPEC_REGISTER_SEED_CASE(name, parameters, limits, ...) \
  register_case(#name, parameters, "host", [] { return name<HostWorld>(__VA_ARGS__); });
  KVSPEC_SEED_CASES(KVSPEC_REGISTER_SEED_CASE)
#undef KVSPEC_REGISTER_SEED_CASE
}

}  // namespace kvspec::seed
