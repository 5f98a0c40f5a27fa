// Cases as GoogleTests. Registered at run time, because their names come from the list of cases.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/seed/verdict.hpp"

namespace kvspec::seed {

using CaseFunction = Verdict (*)();

class SeedTest : public testing::Test {
 public:
  explicit SeedTest(CaseFunction run) : run_(run) {}
  void TestBody() override {
    const Verdict verdict = run_();
    if (!verdict.passed()) ADD_FAILURE_AT(verdict.file, verdict.line) << verdict.expression;
  }

 private:
  CaseFunction run_;
};

// Registers Seed.CASE/PARAMETERS/WORLD, without PARAMETERS if the case has only one instance.
inline void register_case(const std::string& name, const std::string& parameters, const char* world, CaseFunction run) {
  const std::string instance = name + (parameters.empty() ? "" : "/" + parameters) + "/" + world;
  testing::RegisterTest("Seed", instance.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                        [run]() -> SeedTest* { return new SeedTest(run); });
}

void register_model_cases();  // model_cases.cpp
void register_host_cases();   // host_cases.cpp

}  // namespace kvspec::seed
