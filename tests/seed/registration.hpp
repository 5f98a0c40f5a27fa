// Cases as GoogleTests. Registered at run time, because their names come from the list of cases.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/seed/recorded_only.hpp"
#include "tests/seed/verdict.hpp"

namespace kvspec::seed {

using CaseFunction = Verdict (*)();

// Whether the case must pass; one that states a defect must fail where the defect is corrected.
enum class Expected { holds, fails };

class SeedTest : public testing::Test {
 public:
  SeedTest(CaseFunction run, Expected expected) : run_(run), expected_(expected) {}
  void TestBody() override {
    const Verdict verdict = run_();
    if (expected_ == Expected::fails) {
      EXPECT_FALSE(verdict.passed()) << "the case holds and does not belong in recorded_only";
    } else if (!verdict.passed()) {
      ADD_FAILURE_AT(verdict.file, verdict.line) << verdict.expression;
    }
  }

 private:
  CaseFunction run_;
  Expected expected_;
};

// Registers Seed.CASE/PARAMETERS/WORLD, without PARAMETERS if the case has only one instance.
inline void register_case(const std::string& name, const std::string& parameters, const char* world, CaseFunction run,
                          Expected expected = Expected::holds) {
  const std::string instance = name + (parameters.empty() ? "" : "/" + parameters) + "/" + world;
  testing::RegisterTest("Seed", instance.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                        [run, expected]() -> SeedTest* { return new SeedTest(run, expected); });
}

// The same for a world of the sound semantics.
inline void register_sound_case(const std::string& name, const std::string& parameters, const char* world,
                                CaseFunction run) {
  register_case(name, parameters, world, run, deviation_of(name).empty() ? Expected::holds : Expected::fails);
}

void register_model_cases();  // model_cases.cpp
void register_fixed_cases();  // fixed_cases.cpp
void register_host_cases();   // host_cases.cpp

}  // namespace kvspec::seed
