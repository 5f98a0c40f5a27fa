// For the precompiled header alone (KVSPEC_PCH): the vocabulary, with the members of its structs and the copying,
// moving and comparing of its variants instantiated. Nearly every file needs them, and would else do it again.
#pragma once

#include <utility>

#include "spec/reflect.hpp"
#include "spec/system.hpp"

namespace kvspec::precompiled {

template <class T>
bool as_a_value(T a, T b) {
  a = b;
  b = std::move(a);
  return a == b;
}

inline bool vocabulary() {
  using S = Growing;
  for_each_alternative<Command<S>>([]<class C>() { (void)sizeof(MembersOf<C>); });
  (void)sizeof(MembersOf<Config<S>>);
  (void)sizeof(MembersOf<View<S>>);
  (void)sizeof(MembersOf<StateDump<S>>);
  return as_a_value(Config<S>{}, {}) && as_a_value(Command<S>{}, {}) && as_a_value(Observation<S>{}, {}) &&
         as_a_value(View<S>{}, {});
}

}  // namespace kvspec::precompiled
