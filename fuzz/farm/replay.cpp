#include "fuzz/farm/replay.hpp"

#include "fuzz/counterexample.hpp"
#include "fuzz/farm/systems.hpp"
#include "fuzz/model_host.hpp"

namespace kvspec::fuzz::farm {

namespace {

// As lockstep makes systems: without a word about bugs.
class SmallWithBug : public Small<Growing> {
 public:
  SmallWithBug() = default;
  explicit SmallWithBug(const Small<Growing>& system) : Small<Growing>(system) {}

  static Result<SmallWithBug> create(const Config<Growing>& config) {
    Result<Small<Growing>> system = Small<Growing>::create(config);
    if (!system) return system.error();
    system.value().plant(bug);
    return SmallWithBug(system.value());
  }

  inline static thread_local Bug bug = Bug::none;
};

ClauseSet all_invariants_but(std::optional<Clause> wanted) {
  ClauseSet clauses;
  for (const ClauseEntry& entry : clause_registry) {
    if (entry.kind == ClauseKind::invariant && entry.clause != wanted) clauses.add(entry.clause);
  }
  return clauses;
}

template <class SomeLane>
Repeated repeat_on(const Rules& rules, Semantics semantics, std::uint64_t run) {
  Repeated repeated;
  repeated.config = draw_setting<Growing>(rules.seed, setting_of(run), semantics).config;
  const std::optional<FarmStart> start = make_start(draw_setting<Storage>(rules.seed, setting_of(run), semantics));
  if (!start) {
    repeated.difference = Difference{};
    return repeated;
  }
  SomeLane lane(rules, *start, run);
  lane.run([&](const Action& action) {
    with_command<Growing>(action, [&](const auto& command) { repeated.commands.emplace_back(command); });
  });
  repeated.difference = lane.difference();
  return repeated;
}

}  // namespace

Repeated repeat(const Rules& rules, Semantics semantics, std::uint64_t run, cuda::Place place) {
  return place == cuda::Place::device ? repeat_on<FarmLane>(rules, semantics, run)
                                      : repeat_on<ThoroughLane>(rules, semantics, run);
}

std::string to_text(const Find& find) {
  std::string text(fuzz::to_text(find.kind));
  if (find.invariant) text.append(" ").append(describe(*find.invariant).id);
  return text;
}

Oracle oracle_of(const Find& find, Bug bug) {
  const ClauseSet tolerated = all_invariants_but(find.invariant);
  const std::uint32_t period = period_to_replay(find.kind);
  return [=](const Config<Growing>& config, const Commands& commands) {
    SmallWithBug::bug = bug;
    return run_commands<Model<Growing>, SmallWithBug>(config, commands,
                                                      {.view_period = period, .tolerated = tolerated});
  };
}

std::optional<Failure> shrink_if_shown(const Repeated& repeated, const Oracle& oracle, std::size_t most_replays) {
  if (!oracle(repeated.config, repeated.commands)) return std::nullopt;
  return shrink(repeated.config, repeated.commands, oracle, most_replays);
}

}  // namespace kvspec::fuzz::farm
