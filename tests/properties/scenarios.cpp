#include "tests/properties/scenarios.hpp"

#include <ostream>
#include <utility>
#include <variant>

#include "fuzz/scheduler.hpp"

namespace kvspec::properties {

void showValue(const DrawnScenario& drawn, std::ostream& out) {
  out << "--config " << drawn.preset->name << " --seed " << drawn.seed;
}

rc::Gen<DrawnScenario> any_scenario() {
  return rc::gen::map(rc::gen::noShrink(rc::gen::resize(
                          rc::kNominalSize, rc::gen::pair(rc::gen::inRange<std::size_t>(0, fuzz::presets().size()),
                                                          rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << 32)))),
                      [](const std::pair<std::size_t, std::uint64_t>& drawn) {
                        return DrawnScenario{&fuzz::presets()[drawn.first], drawn.second};
                      });
}

namespace {

// Tells the scheduler what a command returned, in the command's own type.
void observe(fuzz::Scheduler& scheduler, const Command<S>& command, const Result<Observation<S>>& result) {
  std::visit(
      [&]<class C>(const C& c) {
        using Seen = Result<typename C::Observation>;
        scheduler.observe(c, result ? Seen(std::get<typename C::Observation>(result.value())) : Seen(result.error()));
      },
      command);
}

}  // namespace

void drive(const oracle::MakeEngine& make, const fuzz::Scenario& scenario, int operations, const Check& check) {
  const auto created = make(scenario.config);
  if (!created) return;
  oracle::Engine& system = *created.value();
  fuzz::Scheduler scheduler(scenario);
  for (int i = 0; i < operations; ++i) {
    const View<S> before = system.view();
    const Command<S>& command = scheduler.next();
    const Result<Observation<S>> result = system.step(command);
    observe(scheduler, command, result);
    check(before, command, result, system);
  }
}

}  // namespace kvspec::properties
