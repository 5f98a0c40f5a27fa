// The cases of the seed on the loaded subject, without GoogleTest.
#pragma once

#include <span>
#include <string>

#include "spec/config.hpp"
#include "tests/seed/verdict.hpp"

namespace kvspec::mutants {

struct SeedCase {
  std::string name;  // with its instance
  std::string base;  // without
  Semantics semantics = Semantics::recorded;
  bool must_fail = false;  // it states a defect that is corrected under these semantics
  seed::Verdict (*run)() = nullptr;
};

std::span<const SeedCase> seed_cases();

}  // namespace kvspec::mutants
