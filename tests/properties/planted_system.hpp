// A system that is the model with a bug put into it. Which bug is chosen at run time, so that lockstep is compiled for
// one system and not for each bug.
#pragma once

#include <string_view>
#include <utility>
#include <variant>

#include "tests/properties/planted_bugs.hpp"

namespace kvspec::planted {

template <class C>
class StepOf {
 public:
  virtual ~StepOf() = default;
  virtual Result<typename C::Observation> step(Model& model, const C& command) const = 0;
};

template <class Variant>
class StepsOf;
template <class... C>
class StepsOf<std::variant<C...>> : public StepOf<C>... {
 public:
  using StepOf<C>::step...;
  virtual Config<S> configure(const Config<S>& config) const = 0;
};

// What a bug does, for every command.
using AnyBug = StepsOf<Command<S>>;

template <class Bug, class... C>
class Overriding;
template <class Bug>
class Overriding<Bug> : public AnyBug {
 public:
  Config<S> configure(const Config<S>& config) const override { return Bug::configure(config); }
};
template <class Bug, class First, class... Rest>
class Overriding<Bug, First, Rest...> : public Overriding<Bug, Rest...> {
 public:
  using Overriding<Bug, Rest...>::step;
  Result<typename First::Observation> step(Model& model, const First& command) const override {
    return Bug{}.step(model, command);
  }
};

template <class Bug, class Variant>
struct BugOfCommands;
template <class Bug, class... C>
struct BugOfCommands<Bug, std::variant<C...>> {
  using type = Overriding<Bug, C...>;
};

struct PlantedBug {
  std::string_view name;
  std::string_view preset;
  bool shows_in_a_trace;
  const AnyBug* bug;
};

template <class Bug>
PlantedBug planted() {
  static const typename BugOfCommands<Bug, Command<S>>::type bug{};
  return {Bug::name, Bug::preset, Bug::shows_in_a_trace, &bug};
}

class Planted : public Model {
 public:
  Planted() = default;
  explicit Planted(Model model) : Model(std::move(model)) {}

  // The bug of every system that is created from now on, and of those that are there.
  static void plant(const PlantedBug& bug) { current() = bug.bug; }

  static Result<Planted> create(const Config<S>& config) {
    Result<Model> model = Model::create(current()->configure(config));
    if (!model) return model.error();
    return Planted(std::move(model.value()));
  }

  template <class C>
  Result<typename C::Observation> step(const C& command) {
    return current()->step(static_cast<Model&>(*this), command);
  }

 private:
  static const AnyBug*& current() {
    static const AnyBug* bug = nullptr;
    return bug;
  }
};

}  // namespace kvspec::planted
